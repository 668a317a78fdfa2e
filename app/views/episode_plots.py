"""State and action of a whole episode, with a cursor that follows the player and can be dragged."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.theme import Role, unit
from app.views.traces import PLOTS, PlotPanel
from app.workers.decoder import Ticks

_POINTS = 1500


class _SeekPlot(PlotPanel):
    seeked = Signal(float)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._seek(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QEvent) -> None:
        event.ignore()

    def _seek(self, event: QMouseEvent) -> None:
        box = self.getPlotItem().getViewBox()
        self.seeked.emit(float(box.mapSceneToView(self.mapToScene(event.position().toPoint())).x()))


class EpisodePlots(QWidget):
    """Joints, hand and gripper; dashed lines are what was wanted."""

    seeked = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._plots = [_SeekPlot(spec, (0.0, 1.0)) for spec in PLOTS]
        self._cursors = [pg.InfiniteLine(pos=0.0, angle=90) for _ in PLOTS]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for plot, cursor in zip(self._plots, self._cursors, strict=True):
            plot.addItem(cursor, ignoreBounds=True)
            plot.seeked.connect(self.seeked.emit)
            layout.addWidget(plot, 1)
        self.setMinimumHeight(unit() * 22)
        self._recolour()

    def clear(self) -> None:
        for plot in self._plots:
            for curve in plot.curves:
                curve.setData([], [])

    def show_ticks(self, ticks: Ticks, duration_s: float) -> None:
        stride = max(1, len(ticks.times_s) // _POINTS)
        times = ticks.times_s[::stride]
        for plot, values in zip(self._plots, _values(ticks, stride), strict=True):
            plot.getPlotItem().setXRange(0.0, max(0.1, duration_s), padding=0.0)
            for index, curve in enumerate(plot.curves):
                curve.setData(times, values[:, index], connect="finite")
            finite = values[np.isfinite(values)]
            if plot.spec.limits is None and finite.size:
                plot.getPlotItem().setYRange(float(finite.min()), float(finite.max()), padding=0.1)

    def show_cursor(self, time_s: float) -> None:
        for cursor in self._cursors:
            cursor.setPos(time_s)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_cursors"):
            self._recolour()

    def _recolour(self) -> None:
        for cursor in self._cursors:
            cursor.setPen(pg.mkPen(self.palette().color(Role.WindowText), width=1))


def _values(ticks: Ticks, stride: int) -> list[NDArray[np.float64]]:
    """In the order of ``PLOTS``."""
    arrays = ticks.arrays
    hand = np.hstack([arrays["X_WE"][::stride, 4:7], arrays["wanted_X_WE"][::stride, 4:7]])
    gripper = np.stack([arrays["gripper_width_m"][::stride], arrays["wanted_gripper_width_m"][::stride]], axis=1)
    return [arrays["q"][::stride], hand, gripper * 1000.0]
