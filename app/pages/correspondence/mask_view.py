"""The source as a sheet to paint on: brush and polygon over the mask. Pixels and input only; it lies over its view."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.pages.correspondence.view import PanelView
from app.theme import unit
from app.views.canvas import Caption, paint_caption
from app.views.mask import ADDED_COLOUR, REMOVED_COLOUR, MaskPicture
from core.correspondence.mask_correction import ADDED, REMOVED
from core.correspondence.mask_painting import Pixel, brush, fill

SIZES_PX = (2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 85, 113, 150)
"""Diameters of the brush, pixels of the image."""
_DARK = QColor(0, 0, 0, 190)
_CLOSING_UNITS = 2.5
_POLYGON_KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace)


class Tool(StrEnum):
    """What the left button paints with."""

    BRUSH = "brush"
    POLYGON = "polygon"


_HINTS = {
    Tool.BRUSH: "Left adds, right or Shift erases",
    Tool.POLYGON: "Click corners; a double-click or Enter closes, Esc leaves",
}


class MaskSheet(QWidget):
    """Left paints, right or Shift erases; the wheel sizes the brush. What it does not use goes to the view below."""

    painted = Signal()
    """A stroke or a polygon is finished: the picture's layers are others."""
    sized = Signal(int)
    """Another place in ``SIZES_PX`` was asked for."""

    def __init__(self, view: PanelView) -> None:
        super().__init__(view)
        self._view = view
        self.tool, self.erases, self.size = Tool.BRUSH, False, SIZES_PX.index(20)
        self._picture: MaskPicture | None = None
        self._words = ""
        self._stroke: tuple[Pixel, int] | None = None
        self._corners: list[Pixel] = []
        self._corner_value = ADDED
        self._pointer: QPointF | None = None
        self._inverted = False
        self.setAccessibleName("Mask")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        view.installEventFilter(self)
        self.hide()

    # What is shown --------------------------------------------------------------------------------------------------
    def show_picture(self, picture: MaskPicture | None, words: str = "") -> None:
        """Another mask, or why there is none; a polygon that is not closed is of the image before."""
        if picture is not self._picture:
            self._corners.clear()
        self._picture, self._words = picture, words
        self._use_cursor()
        self.update()

    @property
    def picture(self) -> MaskPicture | None:
        return self._picture

    @property
    def corners(self) -> tuple[Pixel, ...]:
        return tuple(self._corners)

    def use_tool(self, tool: Tool) -> None:
        self.tool = tool
        self.leave_polygon()
        self._use_cursor()

    def use_erasing(self, erases: bool) -> None:
        self.erases = erases
        self.update()

    def use_size(self, size: int) -> None:
        self.size = size
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the view below."""
        if watched is self._view and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
        return False

    def _use_cursor(self) -> None:
        brushing = self._picture is not None and self.tool is Tool.BRUSH
        self.setCursor(Qt.CursorShape.BlankCursor if brushing else Qt.CursorShape.CrossCursor)

    # Painting with the mouse ----------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            event.ignore()
            return
        if self._picture is None:
            return
        pixel, value = self._view.pixel_at(event.position()), self._value(event)
        if self.tool is Tool.BRUSH:
            self._stroke = (pixel, value)
            self._brush_to(pixel)
        elif self._closes(event.position()):
            self.close_polygon()
        elif self._view.contains_pixel(*pixel):
            self._corner_value = self._corner_value if self._corners else value
            self._corners.append(pixel)
        self._move(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.MiddleButton:
            event.ignore()
        elif self._stroke is not None:
            self._brush_to(self._view.pixel_at(event.position()))
        self._move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            event.ignore()
        else:
            self.finish()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.tool is Tool.POLYGON:
            self.close_polygon()
        else:
            self.mousePressEvent(event)

    def finish(self) -> None:
        """End the stroke that is being painted, if one is."""
        if self._stroke is not None:
            self._stroke = None
            self.painted.emit()

    def _brush_to(self, pixel: Pixel) -> None:
        assert self._picture is not None and self._stroke is not None  # asked for while a stroke is painted
        before, value = self._stroke
        self._picture.refresh(brush(self._picture.layers, before, pixel, SIZES_PX[self.size], value))
        self._stroke = (pixel, value)

    def _value(self, event: QMouseEvent) -> int:
        other = event.button() == Qt.MouseButton.RightButton or event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        return REMOVED if self.erases or other else ADDED

    def _move(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        self._inverted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier) or bool(
            event.buttons() & Qt.MouseButton.RightButton
        )
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier or not event.angleDelta().y():
            event.ignore()
            self.update()
            return
        self.sized.emit(min(max(0, self.size + (1 if event.angleDelta().y() > 0 else -1)), len(SIZES_PX) - 1))

    def leaveEvent(self, event: QEvent) -> None:
        self._pointer = None
        self.update()

    # Polygon --------------------------------------------------------------------------------------------------------
    def _closes(self, position: QPointF) -> bool:
        """Whether a click there is on the first corner."""
        if len(self._corners) < 3:
            return False
        away = self._view.position_of(*self._corners[0]) - position
        return max(abs(away.x()), abs(away.y())) < _CLOSING_UNITS * unit(self.font())

    def close_polygon(self) -> None:
        """Paint what the corners enclose; fewer than three enclose nothing."""
        if self._picture is None or len(self._corners) < 3:
            return
        self._picture.refresh(fill(self._picture.layers, self._corners, self._corner_value))
        self._corners.clear()
        self.update()
        self.painted.emit()

    def leave_polygon(self) -> None:
        self._corners.clear()
        self.update()

    def drop_corner(self) -> bool:
        """Take the newest corner back; False without one."""
        dropped = bool(self._corners)
        del self._corners[-1:]
        self.update()
        return dropped

    def event(self, event: QEvent) -> bool:
        """While a polygon is open its keys are its own."""
        overrides = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if overrides and self._corners and event.key() in _POLYGON_KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._corners or event.key() not in _POLYGON_KEYS:
            event.ignore()
        elif event.key() == Qt.Key.Key_Escape:
            self.leave_polygon()
        elif event.key() == Qt.Key.Key_Backspace:
            self.drop_corner()
        else:
            self.close_polygon()

    # Painting -------------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._picture is not None and not self._view.greyed:
            area = self._view.image_area()
            crisp = self._view.pixels_per_unit() < 0.35
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not crisp)
            painter.drawImage(area, self._picture.image)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_polygon(painter)
            if self.tool is Tool.BRUSH and self._pointer is not None:
                self._paint_brush(painter, self._pointer)
        words = self._words if self._picture is None else _HINTS[self.tool]
        paint_caption(painter, self, Caption(words), Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft)

    def _paint_brush(self, painter: QPainter, at: QPointF) -> None:
        """A ring of the brush's size; a plus or a minus in it says what it does."""
        radius = SIZES_PX[self.size] / 2 / self._view.pixels_per_unit()
        erases = self.erases or self._inverted
        arm = 0.9 * unit(self.font())
        for colour, width in ((_DARK, 3.2), (REMOVED_COLOUR if erases else ADDED_COLOUR, 1.4)):
            painter.setPen(QPen(colour, width))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, radius, radius)
            painter.drawLine(at - QPointF(arm, 0), at + QPointF(arm, 0))
            if not erases:
                painter.drawLine(at - QPointF(0, arm), at + QPointF(0, arm))

    def _paint_polygon(self, painter: QPainter) -> None:
        points = [self._view.position_of(u, v) for u, v in self._corners]
        if not points:
            return
        line = [*points, self._pointer] if self._pointer is not None else points
        erases = self._corner_value == REMOVED
        for colour, width in ((_DARK, 3.6), (REMOVED_COLOUR if erases else ADDED_COLOUR, 1.6)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.DashLine if erases else Qt.PenStyle.SolidLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF(line))
        painter.setPen(QPen(_DARK, 1.0))
        painter.setBrush(REMOVED_COLOUR if erases else ADDED_COLOUR)
        for index, point in enumerate(points):
            size = 0.9 if index else 1.3
            painter.drawEllipse(point, size * unit(self.font()), size * unit(self.font()))
