"""The last twenty seconds of joints, hand and gripper: newest values in rings, drawn at most eight times a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.theme import Role, scaled, series_colours, unit
from core.clock import NANOSECONDS
from core.messages import Step

SECONDS = 20.0
_CAPACITY = 1024
_DRAW_PERIOD_NS = NANOSECONDS // 8


@dataclass(frozen=True, slots=True)
class PlotSpec:
    """One plot: a title with its unit and the names of its lines; dashed lines are what was wanted."""

    title: str
    names: tuple[str, ...]
    dashed: tuple[bool, ...]
    colours: tuple[int, ...]
    limits: tuple[float, float] | None = None


PLOTS = (
    PlotSpec("Joints, rad", tuple(f"q{i}" for i in range(1, 8)), (False,) * 7, tuple(range(7))),
    PlotSpec("Hand, m", ("x", "y", "z", "", "", ""), (False,) * 3 + (True,) * 3, (0, 1, 2, 0, 1, 2)),
    PlotSpec("Gripper, mm", ("width", ""), (False, True), (0, 0), (0.0, 115.0)),
)


def values_of(step: Step) -> tuple[NDArray[np.float64], ...]:
    """One value for every line of ``PLOTS``; NaN where nothing is wanted."""
    wanted = step.wanted
    hand = step.state.X_WE[4:7]
    goal = wanted.X_WE[4:7] if wanted is not None else (np.nan,) * 3
    width = wanted.gripper_width_m * 1000 if wanted is not None else np.nan
    return (
        np.array(step.state.q),
        np.array([*hand, *goal]),
        np.array([step.state.gripper_width_m * 1000, width]),
    )


class Ring:
    """The newest values of some lines, with their times."""

    def __init__(self, lines: int) -> None:
        self._times = np.full(_CAPACITY, np.nan)
        self._values = np.full((_CAPACITY, lines), np.nan)
        self._next = 0
        self._count = 0

    def append(self, time_s: float, values: NDArray[np.float64]) -> None:
        self._times[self._next] = time_s
        self._values[self._next] = values
        self._next = (self._next + 1) % _CAPACITY
        self._count = min(self._count + 1, _CAPACITY)

    def interrupt(self) -> None:
        """Nothing joins what comes next to what was."""
        times, values = self.read()
        if len(times):
            self.append(float(times[-1]), np.full(values.shape[1], np.nan))

    def read(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times ``(N,)`` and values ``(N, lines)``, oldest first."""
        order = (np.arange(self._count) + self._next - self._count) % _CAPACITY
        return self._times[order], self._values[order]


class PlotPanel(pg.PlotWidget):
    """A plot in the palette's colours, without anything that invites to fiddle."""

    def __init__(self, spec: PlotSpec, x_range: tuple[float, float]) -> None:
        super().__init__(enableMenu=False)
        self.spec = spec
        self.curves: list[pg.PlotCurveItem] = []
        item = self.getPlotItem()
        item.hideButtons()
        item.setMouseEnabled(x=False, y=False)
        item.setXRange(*x_range, padding=0.0)
        item.setClipToView(True)
        self.setFrameShape(self.Shape.NoFrame)
        self._legend = item.titleLabel
        self._legend.item.setTextWidth(-1)
        item.layout.setRowFixedHeight(0, unit() * 5)
        item.layout.setContentsMargins(0, 0, unit() * 3, 0)
        self.use(spec)

    def use(self, spec: PlotSpec) -> None:
        """Other lines than before, still empty."""
        item, self.spec = self.getPlotItem(), spec
        for curve in self.curves:
            item.removeItem(curve)
        self.curves = [pg.PlotCurveItem() for _ in spec.names]
        for curve in self.curves:
            item.addItem(curve)
        if spec.limits is not None:
            item.setYRange(*spec.limits, padding=0.0)
        self.repaint_colours()

    def repaint_colours(self) -> None:
        palette = self.palette()
        self.setBackground(palette.color(Role.Base))
        colours = series_colours(palette, 7)
        for curve, dashed, colour in zip(self.curves, self.spec.dashed, self.spec.colours, strict=True):
            pen = pg.mkPen(QColor(colours[colour]), width=1.4 if not dashed else 1.0)
            if dashed:
                pen.setDashPattern([3, 3])
            curve.setPen(pen)
        muted, grid = palette.color(Role.PlaceholderText), palette.color(Role.Mid)
        for side in ("left", "bottom"):
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(grid))
            axis.setTextPen(pg.mkPen(muted))
            axis.setTickFont(scaled(self.font(), 0.8))
            axis.setStyle(tickLength=-4, maxTickLevel=0)
        self.getPlotItem().getAxis("left").setWidth(unit() * 11)
        self.getPlotItem().getAxis("bottom").setHeight(unit() * 5)
        self.getPlotItem().showGrid(y=True, alpha=0.12)
        named = [
            f'<span style="color:{colours[colour].name()}">{name}</span>'
            for name, colour in zip(self.spec.names, self.spec.colours, strict=True)
            if name
        ]
        title = f'<span style="color:{palette.color(Role.WindowText).name()}">{self.spec.title}</span>'
        dash = f'<span style="color:{muted.name()}">dashed: wanted</span>' if any(self.spec.dashed) else ""
        size = f"{scaled(self.font(), 0.86).pointSizeF():.1f}pt"
        self._legend.setText("&nbsp; ".join([title, "&nbsp;".join(named), dash]), size=size, justify="left")
        self._legend.setVisible(True)
        self._legend.setMaximumHeight(unit() * 5)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_legend"):
            self.repaint_colours()


class LivePlots(QWidget):
    """Plots side by side of the last twenty seconds."""

    def __init__(self, specs: Sequence[PlotSpec]) -> None:
        super().__init__()
        pg.setConfigOptions(antialias=False)
        self._plots = [PlotPanel(spec, (-SECONDS, 0.0)) for spec in specs]
        self._rings = [Ring(len(spec.names)) for spec in specs]
        self._drawn_ns = 0
        self._fresh = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for plot in self._plots:
            layout.addWidget(plot, 1)
        self.setMinimumHeight(unit() * 22)

    def show_lines(self, plot: int, spec: PlotSpec) -> None:
        """Other lines in one of the plots; all begin anew."""
        self._plots[plot].use(spec)
        self._rings = [Ring(len(each.spec.names)) for each in self._plots]

    def add(self, time_s: float, values: Sequence[NDArray[np.float64]]) -> None:
        """One value for every line of every plot; NaN where there is none."""
        for ring, each in zip(self._rings, values, strict=True):
            ring.append(time_s, each)
        self._fresh = True

    def interrupt(self) -> None:
        """Leave a gap before what comes next."""
        for ring in self._rings:
            ring.interrupt()

    def draw(self, now_ns: int) -> None:
        """Draw when something is new, at most at 8 Hz."""
        if not self._fresh or now_ns - self._drawn_ns < _DRAW_PERIOD_NS or not self.isVisible():
            return
        self._drawn_ns, self._fresh = now_ns, False
        for plot, ring in zip(self._plots, self._rings, strict=True):
            times, values = ring.read()
            ago = times - times[-1]
            recent = ago >= -SECONDS
            for index, curve in enumerate(plot.curves):
                curve.setData(ago[recent], values[recent, index], connect="finite")
            if plot.spec.limits is None:
                _frame(plot, values[recent])


class Traces(LivePlots):
    """Joint, hand and gripper plots of the live arm."""

    def __init__(self) -> None:
        super().__init__(PLOTS)

    def append(self, step: Step) -> None:
        self.add(step.state.stamp_ns / NANOSECONDS, values_of(step))


def _frame(plot: PlotPanel, values: NDArray[np.float64]) -> None:
    """Round limits that seldom change, so that nothing jumps."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return
    low, high = float(finite.min()), float(finite.max())
    span = max(high - low, 1e-3)
    step = 10.0 ** np.floor(np.log10(span))
    low, high = np.floor(low / step - 0.25) * step, np.ceil(high / step + 0.25) * step
    plot.getPlotItem().setYRange(low, high, padding=0.0)
