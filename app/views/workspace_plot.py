"""Where a policy works, drawn: attempts over their starts in the colour of how far they ended, the training's hull."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Role, scaled, unit
from core.attempts.outcome import Outcome
from core.attempts.workspace import FARTHEST, UNITS, WorkspaceMap, colour_of
from core.geometry import Array
from core.messages import TargetError

_STEPS = 48


@cache
def _brush(colour: tuple[int, int, int]) -> QBrush:
    """The same brush for the same colour: marks that look the same are drawn once."""
    return pg.mkBrush(*colour)


class WorkspacePlot(pg.PlotWidget):
    """Draws one picture, and starts that are wanted next; a click on an attempt chooses it."""

    attemptChosen = Signal(str)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self._picture: WorkspaceMap | None = None
        self._wanted: Array = np.zeros((0, 3))
        self._chosen: frozenset[str] = frozenset()
        item = self.getPlotItem()
        item.hideButtons()
        item.setMouseEnabled(x=False, y=False)
        self.setFrameShape(self.Shape.NoFrame)
        self.hull = pg.PlotCurveItem()
        self.training = pg.ScatterPlotItem(symbol="x", size=6)
        self.tried = pg.ScatterPlotItem(hoverable=True, tip=None)
        self.wanted = pg.ScatterPlotItem(symbol="+", size=15)
        for part in (self.training, self.hull, self.tried, self.wanted):
            item.addItem(part)
        self.tried.sigClicked.connect(self._clicked)
        self.setMinimumSize(unit() * 50, unit() * 42)
        self._dress()

    def show_picture(self, picture: WorkspaceMap | None, wanted: Array, chosen: Sequence[str] = ()) -> None:
        """``wanted: (N, 3)`` as ``collect_next`` has them; ``chosen`` attempts stand out."""
        self._picture, self._wanted, self._chosen = picture, wanted, frozenset(chosen)
        self._draw()

    def _draw(self) -> None:
        picture, palette = self._picture, self.palette()
        for scatter in (self.training, self.tried, self.wanted):
            scatter.clear()
        self.hull.setData([], [])
        if picture is None:
            return
        muted, ink, accent = (palette.color(role) for role in (Role.PlaceholderText, Role.Text, Role.Accent))
        self.training.setData(pos=picture.shown(picture.training), pen=None, brush=pg.mkBrush(muted))
        if len(picture.hull):
            closed = np.concatenate([picture.hull, picture.hull[:1]])
            self.hull.setData(closed[:, 0], closed[:, 1], pen=pg.mkPen(muted, width=1.4, style=Qt.PenStyle.DashLine))
        outline = QColor(ink)
        outline.setAlphaF(0.75)
        thin, thick = pg.mkPen(outline, width=0.9), pg.mkPen(accent, width=2.6)
        places = picture.shown(picture.tried_starts)
        self.tried.setData(
            pos=places,
            symbol=["o" if each.outcome is Outcome.SUCCESS else "s" for each in picture.tried],
            size=[13 if each.id in self._chosen else 10 for each in picture.tried],
            brush=[_brush(colour_of(each.error)) for each in picture.tried],
            pen=[thick if each.id in self._chosen else thin for each in picture.tried],
            data=[each.id for each in picture.tried],
        )
        self.wanted.setData(pos=picture.shown(self._wanted), pen=pg.mkPen(accent, width=2.4), brush=pg.mkBrush(accent))
        self._frame(picture, places)

    def _frame(self, picture: WorkspaceMap, places: Array) -> None:
        """The task's range and all that lies beyond it."""
        every = np.concatenate([np.array(picture.limits).T, places, picture.shown(picture.training)])
        (left, low), (right, high) = every.min(axis=0), every.max(axis=0)
        item = self.getPlotItem()
        item.setXRange(left, right, padding=0.06)
        item.setYRange(low, high, padding=0.06)
        for side, coordinate in zip(("bottom", "left"), picture.plane, strict=True):
            item.getAxis(side).setLabel(f"{coordinate}, {UNITS[coordinate]}")

    def _clicked(self, _: object, points: Sequence[pg.SpotItem]) -> None:
        if len(points):
            self.attemptChosen.emit(points[0].data())

    def _dress(self) -> None:
        palette = self.palette()
        self.setBackground(palette.color(Role.Base))
        item = self.getPlotItem()
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(palette.color(Role.Mid)))
            axis.setTextPen(pg.mkPen(palette.color(Role.PlaceholderText)))
            axis.setTickFont(scaled(self.font(), 0.86))
            axis.label.setFont(scaled(self.font(), 0.9))
            axis.enableAutoSIPrefix(False)
        item.showGrid(x=True, y=True, alpha=0.10)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "wanted"):
            self._dress()
            self._draw()


class DistanceScale(QWidget):
    """From far to the target in the colours of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(scaled(self.font(), 0.86))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Signed distance to the target: min(0, 1.2 - (distance / 1 cm + angle / 5 degrees)), cut off at -2."
        )

    def sizeHint(self) -> QSize:
        return QSize(unit() * 84, unit() * 5)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, u = QPainter(self), unit()
        middle, side = self.height() / 2, 22 * u
        width = (self.width() - 2 * side) / _STEPS
        for step in range(_STEPS):
            signed = FARTHEST * (1.0 - (step + 0.5) / _STEPS)
            colour = QColor(*colour_of(TargetError((1.2 - signed) * 0.01)))
            painter.fillRect(QRectF(side + step * width, middle - u, width + 0.6, 2 * u), colour)
        painter.setPen(self.palette().color(Role.PlaceholderText))
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            QRectF(0, 0, side - u, self.height()), int(Qt.AlignmentFlag.AlignRight | centre), f"{FARTHEST:g} and below"
        )
        painter.drawText(QRectF(self.width() - side + u, 0, side, self.height()), int(centre), "0, at the target")
