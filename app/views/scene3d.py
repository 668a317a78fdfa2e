"""The 3-D view: a picture from its own process, orbited, panned and zoomed here; dragging an object pushes it."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import Role, is_dark, unit, well_colour
from app.views.canvas import Caption, paint_caption, paint_message
from app.views.marks import paint_dots
from core.geometry import Array
from core.messages import Frame
from robot.station_messages import LIVE, OrbitView

_MAX = (1600, 1200)
_RADIANS_PER_PIXEL = 0.008
_ELEVATION = (-0.3, 1.5)
_DISTANCE_M = (0.25, 4.0)
_RESIZE_MS = 120
_HOME_ANGLES = (-0.9, 0.5)
_HOME_DISTANCE_M = 1.6
_HOME_TARGET_W = (0.45, 0.0, 0.22)
_HOME_ASPECT = 1.15


class Scene3DView(QWidget):
    """Left drag orbits, middle or right drag pans, the wheel zooms. With the push tool, or Alt held, it pushes."""

    viewChanged = Signal(object)
    filled = Signal()
    pushBegan = Signal(object, object)
    pushMoved = Signal(object, object)
    pushEnded = Signal()

    def __init__(
        self,
        source: str = LIVE,
        home_W: tuple[float, float, float] = _HOME_TARGET_W,
        home_distance_m: float = _HOME_DISTANCE_M,
    ) -> None:
        super().__init__()
        self._home_W, self._home_distance_m = home_W, home_distance_m
        self._azimuth, self._elevation = _HOME_ANGLES
        self._distance_m = home_distance_m
        self._target = np.array(home_W)
        self._at_home = True
        self._image: QImage | None = None
        self._source = source
        self._dragged_from: QPointF | None = None
        self._pushing = False
        self._cloud = True
        self._cameras: tuple[str, ...] = ()
        self._points: Array | None = None
        self.push_tool = False
        self.message = "Starting the rig"
        self.note = self._note_icon = ""
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_RESIZE_MS)
        self._settle.timeout.connect(self._announce)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName("3-D view")
        self.setToolTip("Drag to orbit, right drag to pan, wheel to zoom, Alt and drag to push an object.")

    # What is shown --------------------------------------------------------------------------------------------------
    def show_picture(self, frame: Frame) -> None:
        height, width = frame.rgb.shape[:2]
        image = QImage(frame.rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        self._image = image.convertToFormat(QImage.Format.Format_RGB32)
        self.message = ""
        self.update()

    def show_message(self, message: str) -> None:
        if message != self.message:
            self.message = message
            self.update()

    def show_note(self, note: str, icon_name: str = "disturbed") -> None:
        if note != self.note:
            self.note, self._note_icon = note, icon_name
            self.update()

    def show_points(self, p_W: Array | None) -> None:
        """Points ``(N, 3)`` in the world (m), drawn over the picture; None for none."""
        if p_W is not self._points:
            self._points = p_W
            self.update()

    def show_cloud(self, shown: bool, cameras: tuple[str, ...] = ()) -> None:
        self._cloud, self._cameras = shown, cameras
        self._announce()

    def view(self) -> OrbitView:
        """The view that is wanted now, in the pixels of this widget."""
        width, height = min(self.width(), _MAX[0]), min(self.height(), _MAX[1])
        return OrbitView(
            self._azimuth,
            self._elevation,
            self._distance_m,
            tuple(float(value) for value in self._target),
            max(16, width),
            max(16, height),
            dark=is_dark(self.palette()),
            show_cloud=self._cloud,
            cameras=self._cameras,
            source=self._source,
        )

    def _announce(self) -> None:
        if self.isVisible():
            self.viewChanged.emit(self.view())

    def showEvent(self, event: QShowEvent) -> None:
        self._settle.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        self._settle.start()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._announce()
        super().changeEvent(event)

    def reset_view(self) -> None:
        self._azimuth, self._elevation = _HOME_ANGLES
        self._target = np.array(self._home_W)
        self._at_home = True
        self._fit()
        self._announce()

    def _fit(self) -> None:
        """From home the whole arm is in sight, also in a narrow view."""
        if self._at_home and self.height() > 0:
            narrow = max(1.0, _HOME_ASPECT * self.height() / max(1, self.width()))
            self._distance_m = min(_DISTANCE_M[1], self._home_distance_m * narrow)

    # Input ----------------------------------------------------------------------------------------------------------
    def _ray(self, position: QPointF) -> tuple[tuple[float, ...], tuple[float, ...]]:
        view = self.view()
        return view.ray(position.x() * view.width / self.width(), position.y() * view.height / self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = event.position()
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        self._pushing = event.button() == Qt.MouseButton.LeftButton and (alt or self.push_tool)
        if self._pushing:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.pushBegan.emit(*self._ray(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is None:
            return
        if self._pushing:
            self.pushMoved.emit(*self._ray(event.position()))
            return
        self._at_home = False
        moved = event.position() - self._dragged_from
        self._dragged_from = event.position()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._azimuth = math.remainder(self._azimuth - moved.x() * _RADIANS_PER_PIXEL, math.tau)
            low, high = _ELEVATION
            self._elevation = min(high, max(low, self._elevation + moved.y() * _RADIANS_PER_PIXEL))
        else:
            self._pan(moved)
        self._announce()

    def _pan(self, moved: QPointF) -> None:
        view = self.view()
        metres = self._distance_m / view.pinhole.fx
        R_WC = view.X_WC.R
        self._target = self._target - (R_WC[:, 0] * moved.x() + R_WC[:, 1] * moved.y()) * metres

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None
        self.release()

    def release(self) -> None:
        """Let go of an object that is being pushed."""
        if self._pushing:
            self._pushing = False
            self.unsetCursor()
            self.pushEnded.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.filled.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._at_home = False
        low, high = _DISTANCE_M
        self._distance_m = min(high, max(low, self._distance_m * 0.88 ** (event.angleDelta().y() / 120.0)))
        self._announce()
        event.accept()

    # Painting -------------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), well_colour(self.palette()))
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
            left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
            if size == self._image.size():
                painter.drawImage(left, top, self._image)
            else:
                painter.drawImage(QRect(left, top, size.width(), size.height()), self._image)
        if self._image is not None and self._points is not None:
            self._paint_points(painter, self._points)
        if self.message:
            paint_message(painter, self, self.message, Role.PlaceholderText)
        top = Qt.AlignmentFlag.AlignTop
        paint_caption(painter, self, Caption("3-D"), top | Qt.AlignmentFlag.AlignLeft)
        if self.note:
            paint_caption(painter, self, Caption(self.note, self._note_icon), top | Qt.AlignmentFlag.AlignRight)

    def _paint_points(self, painter: QPainter, p_W: Array) -> None:
        view = self.view()
        uv, z = view.pinhole.project(view.X_WC.inverse() @ p_W)
        if np.any(z <= 0.0):
            return
        across, down = self.width() / view.width, self.height() / view.height
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        places = [QPointF(u * across, v * down) for u, v in uv]
        paint_dots(painter, places, [0.0] * len(places), unit(), self.palette())
