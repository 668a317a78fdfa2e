"""A picture that can be zoomed and panned, with captions over it. Pixels and input only, no decisions."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.icons import paint_icon
from app.theme import Role, scaled, unit, well_colour

_MAX_ZOOM = 24.0
_PIXELS_FROM_ZOOM = 3.0


@dataclass(slots=True)
class Caption:
    """Words over a corner of the picture; ``icon`` stands before them."""

    words: str = ""
    icon: str = ""


class Canvas(QWidget):
    """Shows an image as large as it fits. Ctrl and wheel zoom at the pointer, the middle button pans."""

    filled = Signal()
    """Double-clicked: fill the page, or go back."""
    hovered = Signal(float, float)
    """The pointer is over that pixel ``u, v``."""
    unhovered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._image: QImage | None = None
        self._overlay: QImage | None = None
        self._overlay_opacity = 0.0
        self._zoom = 1.0
        self._centre = QPointF(0.5, 0.5)
        self._panned_from: QPointF | None = None
        self.top_left = Caption()
        self.top_right = Caption()
        self.bottom_left = Caption()
        self.message = ""
        self.greyed = False
        self.framed = False
        self.setMouseTracking(True)
        self.setMinimumSize(unit() * 20, unit() * 15)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        return QSize(unit() * 80, unit() * 60)

    # What is shown --------------------------------------------------------------------------------------------------
    def set_image(self, image: QImage | None) -> None:
        self._image = image
        self.update()

    @property
    def image(self) -> QImage | None:
        return self._image

    def set_overlay(self, image: QImage | None, opacity: float = 0.5) -> None:
        """A translucent picture over the image, at the same place."""
        if image is not self._overlay or opacity != self._overlay_opacity:
            self._overlay, self._overlay_opacity = image, opacity
            self.update()

    def set_message(self, message: str, *, greyed: bool) -> None:
        """Words in the middle; ``greyed`` takes the colour out of the last image."""
        if (message, greyed) != (self.message, self.greyed):
            self.message, self.greyed = message, greyed
            self.update()

    def set_captions(self, top_left: Caption, top_right: Caption, bottom_left: Caption) -> None:
        if (top_left, top_right, bottom_left) != (self.top_left, self.top_right, self.bottom_left):
            self.top_left, self.top_right, self.bottom_left = top_left, top_right, bottom_left
            self.update()

    def set_framed(self, framed: bool) -> None:
        """An accent frame: the view that is being driven in."""
        if framed != self.framed:
            self.framed = framed
            self.update()

    # Geometry -------------------------------------------------------------------------------------------------------
    def reset_view(self) -> None:
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self.update()

    @property
    def zoom(self) -> float:
        return self._zoom

    def _image_size(self) -> tuple[int, int]:
        return (self._image.width(), self._image.height()) if self._image is not None else (4, 3)

    def _transform(self) -> QTransform:
        """From image corners (0..width) to the widget."""
        width, height = self._image_size()
        scale = min(self.width() / width, self.height() / height) * self._zoom
        transform = QTransform.fromTranslate(self.width() / 2, self.height() / 2)
        transform.scale(scale, scale)
        transform.translate(-self._centre.x() * width, -self._centre.y() * height)
        return transform

    def pixel_at(self, position: QPointF) -> tuple[float, float]:
        """The pixel ``u, v`` under a point of the widget; pixel centres are integers."""
        inverse, _ = self._transform().inverted()
        point = inverse.map(position)
        return point.x() - 0.5, point.y() - 0.5

    def position_of(self, u: float, v: float) -> QPointF:
        return self._transform().map(QPointF(u + 0.5, v + 0.5))

    def image_area(self) -> QRectF:
        """Where the picture lies in the widget; parts of it may lie outside."""
        return self._transform().mapRect(QRectF(0, 0, *self._image_size()))

    def contains_pixel(self, u: float, v: float) -> bool:
        width, height = self._image_size()
        return self._image is not None and -0.5 <= u < width - 0.5 and -0.5 <= v < height - 0.5

    def pixels_per_unit(self) -> float:
        """Image pixels for one pixel of the widget."""
        return 1.0 / max(1e-6, self._transform().m11())

    def _covered(self) -> bool:
        """Whether the image leaves nothing of the ground to be seen."""
        return self.image_area().contains(QRectF(self.rect()))

    def _keep_inside(self) -> None:
        half = 0.5 / self._zoom
        x = min(max(self._centre.x(), half), 1.0 - half)
        y = min(max(self._centre.y(), half), 1.0 - half)
        self._centre = QPointF(x, y)

    # Input ----------------------------------------------------------------------------------------------------------
    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        before = self.pixel_at(event.position())
        self._zoom = min(_MAX_ZOOM, max(1.0, self._zoom * 1.2 ** (event.angleDelta().y() / 120.0)))
        after = self.pixel_at(event.position())
        width, height = self._image_size()
        self._centre += QPointF((before[0] - after[0]) / width, (before[1] - after[1]) / height)
        self._keep_inside()
        self.update()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._panned_from is not None:
            moved = (event.position() - self._panned_from) * self.pixels_per_unit()
            width, height = self._image_size()
            self._centre -= QPointF(moved.x() / width, moved.y() / height)
            self._panned_from = event.position()
            self._keep_inside()
            self.update()
        u, v = self.pixel_at(event.position())
        if self.contains_pixel(u, v):
            self.hovered.emit(u, v)
        else:
            self.unhovered.emit()
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panned_from = None
            self.unsetCursor()
        else:
            event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.filled.emit()

    def leaveEvent(self, event: QEvent) -> None:
        self.unhovered.emit()

    # Painting -------------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image is None or not self._covered():
            painter.fillRect(self.rect(), well_colour(self.palette()))
        if self._image is not None:
            self._paint_image(painter)
        if self.message:
            paint_message(painter, self, self.message, Role.WindowText if self.greyed else Role.PlaceholderText)
        self.paint_over(painter)
        top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
        paint_caption(painter, self, self.top_left, top | Qt.AlignmentFlag.AlignLeft)
        paint_caption(painter, self, self.top_right, top | Qt.AlignmentFlag.AlignRight)
        paint_caption(painter, self, self.bottom_left, bottom | Qt.AlignmentFlag.AlignLeft)
        if self.framed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(self.palette().color(Role.Accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def paint_over(self, painter: QPainter) -> None:
        """For views that draw marks over the picture, in widget coordinates."""

    def _paint_image(self, painter: QPainter) -> None:
        assert self._image is not None  # asked for by paintEvent only then
        width, height = self._image_size()
        painter.save()
        painter.setTransform(self._transform(), True)
        scale = self._transform().m11()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < _PIXELS_FROM_ZOOM)
        target = QRectF(0, 0, width, height)
        painter.drawImage(target, self._image)
        if self._overlay is not None:
            painter.setOpacity(self._overlay_opacity)
            painter.drawImage(target, self._overlay)
        painter.restore()
        if self.greyed:
            veil = QColor(self.palette().color(Role.Window))
            veil.setAlphaF(0.72)
            painter.fillRect(self.rect(), veil)


def paint_message(painter: QPainter, widget: QWidget, message: str, role: Role) -> None:
    """Words in the middle of a view."""
    painter.setFont(scaled(widget.font(), 1.0, QFont.Weight.Medium))
    painter.setPen(widget.palette().color(role))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(widget.rect().adjusted(unit() * 4, 0, -unit() * 4, 0), int(flags), message)


def paint_caption(painter: QPainter, widget: QWidget, caption: Caption, corner: Qt.AlignmentFlag) -> None:
    """Words on a plate in a corner of a view. Plates are kept: the same words are painted many times a second."""
    if not caption.words and not caption.icon:
        return
    u = unit(widget.font())
    plate = _plate(caption, widget)
    size = plate.deviceIndependentSize()
    left = u if corner & Qt.AlignmentFlag.AlignLeft else widget.width() - size.width() - u
    top = u if corner & Qt.AlignmentFlag.AlignTop else widget.height() - size.height() - u
    painter.drawPixmap(QPointF(left, top), plate)


_PLATES: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()
_PLATES_KEPT = 64


def _plate(caption: Caption, widget: QWidget) -> QPixmap:
    ratio, palette = widget.devicePixelRatioF(), widget.palette()
    key = (caption.words, caption.icon, widget.width(), palette.cacheKey(), widget.font().key(), ratio)
    plate = _PLATES.get(key)
    if plate is None:
        plate = _PLATES[key] = _make_plate(caption, widget, ratio)
        while len(_PLATES) > _PLATES_KEPT:
            _PLATES.popitem(last=False)
    _PLATES.move_to_end(key)
    return plate


def _make_plate(caption: Caption, widget: QWidget, ratio: float) -> QPixmap:
    u, palette = unit(widget.font()), widget.palette()
    font = scaled(widget.font(), 0.88, QFont.Weight.Medium)
    metrics, size = QFontMetrics(font), u * 4.0
    room = widget.width() - u * 6 - (u * 5 if caption.icon else 0)
    words = metrics.elidedText(caption.words, Qt.TextElideMode.ElideRight, room)
    width = metrics.horizontalAdvance(words) + u * 3 + (size + u if caption.icon else 0)
    height = metrics.height() + u
    plate = QPixmap(math.ceil(width * ratio), math.ceil(height * ratio))
    plate.setDevicePixelRatio(ratio)
    plate.fill(Qt.GlobalColor.transparent)
    painter = QPainter(plate)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ground = QColor(palette.color(Role.Window))
    ground.setAlphaF(0.78)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(0, 0, width, height), u * 0.75, u * 0.75)
    x = u * 1.5
    if caption.icon:
        icon_rect = QRectF(x, (height - size) / 2, size, size)
        paint_icon(painter, caption.icon, icon_rect, palette.color(Role.WindowText))
        x += size + u
    painter.setFont(font)
    painter.setPen(palette.color(Role.WindowText))
    painter.drawText(QRectF(x, 0, width, height), int(Qt.AlignmentFlag.AlignVCenter), words)
    painter.end()
    return plate
