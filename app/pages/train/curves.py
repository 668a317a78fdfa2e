"""Curves of several runs: losses on a logarithmic scale, and how many rollouts succeed or points are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from app.theme import series_colours, unit
from app.views.traces import PlotPanel, PlotSpec
from app.widgets.basics import column, row, text

MOST = 7
"""As many curves as there are colours."""
_LONGEST = 32
_POINTS = 1000
_MANY_DECADES = 4.0
_NO_RUN, _NO_CURVE = "Choose runs in the table to see their curves.", "There is no curve: nothing has been reported."
_ABOVE_ALL = 103.0
"""A little more than all, so that a line there is seen whole."""
_FEW = 15
"""A curve of fewer points shows where they are."""


@dataclass(frozen=True, slots=True)
class History:
    """What one run reported, line by line."""

    run: str
    name: str
    metrics: Sequence[dict[str, Any]]

    def points(self, name: str, minutes: bool) -> NDArray[np.float64]:
        """Where and how much, ``(N, 2)``: by step or by minute, thinned to what a screen can show."""
        across = "elapsed_s" if minutes else "step"
        found = [(each.get(across), _value(each, name)) for each in self.metrics]
        known = [(float(x), float(y)) for x, y in found if x is not None and y is not None]
        points = np.array(known).reshape(-1, 2)[:: max(1, len(known) // _POINTS)]
        return points / [60.0, 1.0] if minutes else points


def _value(metrics: dict[str, Any], name: str) -> float | None:
    if name != "success":
        return metrics.get(name)
    pck = metrics.get("pck")
    share = metrics.get("success") if pck is None else pck["10"]
    return None if share is None else 100.0 * share


class _Plot(PlotPanel):
    """A plot whose lines come and go."""

    def __init__(self, title: str, limits: tuple[float, float] | None, logarithmic: bool) -> None:
        super().__init__(PlotSpec(title, (), (), (), limits), (0.0, 1.0))
        self._logarithmic = logarithmic

    def show_lines(self, lines: Sequence[tuple[NDArray[np.float64], QColor, bool]]) -> None:
        """Each with its colour; dashed ones tell of the training itself."""
        item = self.getPlotItem()
        for curve in self.curves:
            item.removeItem(curve)
        self.curves = []
        values = []
        for points, colour, dashed in lines:
            shown = points[points[:, 1] > 0] if self._logarithmic else points
            if not len(shown):
                continue
            y = np.log10(shown[:, 1]) if self._logarithmic else shown[:, 1]
            pen = pg.mkPen(colour, width=1.2 if dashed else 1.8)
            if dashed:
                pen.setDashPattern([3, 3])
            symbol = "o" if len(shown) < _FEW and not dashed else None
            curve = pg.PlotDataItem(shown[:, 0], y, pen=pen, symbol=symbol, symbolSize=5)
            curve.setSymbolBrush(colour)
            curve.setSymbolPen(colour)
            self.curves.append(curve)
            item.addItem(curve)
            values += [float(y.min()), float(y.max())]
        if self.spec.limits is None and values:
            low, high = min(values) - 0.1, max(values) + 0.1
            item.setYRange(low, high, padding=0.0)
            item.getAxis("left").setTicks([_ticks(low, high)])

    def repaint_colours(self) -> None:
        curves, self.curves = self.curves, []
        super().repaint_colours()
        self.curves = curves


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Places and words on a logarithmic axis: powers of ten, and 2 and 5 between them while there is room."""
    steps = (1, 2, 5) if high - low < _MANY_DECADES else (1,)
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    places = [(float(power + np.log10(step)), f"{step * 10.0**power:g}") for power in powers for step in steps]
    return [(place, words) for place, words in places if low <= place <= high]


class RunCurves(QWidget):
    """The curves of the chosen runs, with a legend of their names."""

    recoloured = Signal(object)
    """A colour for every run that is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._histories: tuple[History, ...] = ()
        self._minutes = False
        self.legend = text("")
        self.legend.setWordWrap(True)
        self.loss = _Plot("Loss", None, True)
        self.success = _Plot("Success, %", (0.0, _ABOVE_ALL), False)
        self.axis = text("", muted=True, small=True)
        plots = row(self.loss, self.success, gap=1)
        plots.setStretch(0, 3)
        plots.setStretch(1, 2)
        self._plots = QWidget()
        self._plots.setLayout(plots)
        self.nothing = text("", muted=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = column(self.legend, margins=(3, 2, 2, 1), gap=1)
        for widget in (self._plots, self.nothing):
            layout.addWidget(widget, 1)
        layout.addWidget(self.axis)
        self.setLayout(layout)
        self.setMinimumHeight(unit() * 40)
        self._draw()

    def show_histories(self, histories: tuple[History, ...]) -> None:
        """At most ``MOST`` of them."""
        self._histories = histories[:MOST]
        self._draw()

    def by_minute(self, minutes: bool) -> None:
        self._minutes = minutes
        self._draw()

    @property
    def colours(self) -> dict[str, QColor]:
        """Of every run that is drawn."""
        runs = [history.run for history in self._histories]
        return dict(zip(runs, series_colours(self.palette(), len(runs)), strict=True))

    def points(self, run: str, name: str) -> NDArray[np.float64]:
        """What is drawn of one run, ``(N, 2)``."""
        return next(each.points(name, self._minutes) for each in self._histories if each.run == run)

    def _draw(self) -> None:
        colours = self.colours
        losses, shares = [], []
        for each in self._histories:
            colour = colours[each.run]
            validation = each.points("validation_loss", self._minutes)
            losses += [(each.points("loss", self._minutes), colour, len(validation) > 0), (validation, colour, False)]
            shares.append((each.points("success", self._minutes), colour, False))
        self.loss.show_lines(losses)
        self.success.show_lines(shares)
        self.success.setVisible(any(len(points) for points, _, _ in shares))
        ends = [float(points[-1, 0]) for points, _, _ in (*losses, *shares) if len(points)]
        for plot in (self.loss, self.success):
            plot.getPlotItem().setXRange(0.0, max(1.02 * max(ends, default=1.0), 1e-3), padding=0.0)
        self._plots.setVisible(bool(ends))
        self.nothing.setVisible(not ends)
        self.nothing.setText(_NO_CURVE if self._histories else _NO_RUN)
        dashed = any(dash and len(points) for points, _, dash in losses)
        kinds = "; loss: solid validation, dashed training" if dashed else ""
        self.axis.setText(f"{'minutes' if self._minutes else 'steps'}{kinds}" if ends else "")
        self.legend.setText("&nbsp;&nbsp; ".join(self._named(each, colours[each.run]) for each in self._histories))
        self.legend.setVisible(bool(self._histories))
        self.recoloured.emit(colours)

    def _named(self, history: History, colour: QColor) -> str:
        name = history.name if len(history.name) <= _LONGEST else f"{history.name[: _LONGEST - 1]}…"
        return f'<span style="color:{colour.name()}">■</span>&nbsp;{escape(name).replace(" ", "&nbsp;")}'

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "axis"):
            self._draw()
