"""A panel: one image with its reticles. Green marks what is asked for, red what was found; shapes differ too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPen, QWheelEvent

from app.theme import Role, scaled, unit
from app.views.canvas import Canvas, Caption
from app.views.heat import HeatPainter
from robot.inspector_messages import PanelImage, Shown

SOURCE_COLOUR = QColor("#35e07a")
MATCH_COLOUR = QColor("#ff4a3d")
_DARK = QColor(0, 0, 0, 190)
_LIGHT = QColor(255, 255, 255, 235)
_GRAB_UNITS = 3.5


@dataclass(frozen=True, slots=True)
class Mark:
    """A point to draw: ``shape`` is "source", "match", "place", "point" or "label"."""

    u: float
    v: float
    shape: str
    colour: QColor
    name: str = ""


class PanelView(Canvas):
    """One panel for one model. Widgets decide nothing: the page says what to draw."""

    pressed = Signal(float, float, bool)
    """Left button at that pixel ``u, v``; whether Shift was held."""
    dragged = Signal(float, float)
    released = Signal()
    viewMoved = Signal()
    removeWanted = Signal()

    def __init__(self, panel: int, model: int, name: str) -> None:
        super().__init__()
        self.panel, self.model = panel, model
        self.shown: Shown | None = None
        self.content: PanelImage | None = None
        self.painter: HeatPainter | None = None
        self.paints = 0
        self._marks: tuple[Mark, ...] = ()
        self._title = self._numbers = ""
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, False)

    # What is shown --------------------------------------------------------------------------------------------------
    def wait_for(self, shown: Shown, title: str) -> None:
        """Another image will come; the old one is greyed until then."""
        self.shown = shown
        self._title = title
        self._numbers = ""
        self._marks = ()
        self.set_message("Describing" if self.content is not None else "Loading the model and the image", greyed=True)
        self._caption()

    def show_content(self, content: PanelImage) -> None:
        """A described image has arrived."""
        self.content = content
        self.painter = HeatPainter(content.frame.rgb)
        self.set_message("", greyed=False)

    def show_trouble(self, message: str) -> None:
        self.set_message(message, greyed=True)

    def show_picture(self, image: QImage | None) -> None:
        self.set_image(image)

    def show_title(self, title: str) -> None:
        self._title = title
        self._caption()

    def show_numbers(self, numbers: str) -> None:
        self._numbers = numbers
        self._caption()

    def show_marks(self, marks: Sequence[Mark]) -> None:
        self._marks = tuple(marks)
        self.update()

    @property
    def marks(self) -> tuple[Mark, ...]:
        return self._marks

    @property
    def numbers(self) -> str:
        return self._numbers

    def _caption(self) -> None:
        self.set_captions(Caption(self._title), Caption(), Caption(self._numbers))

    def mark_at(self, u: float, v: float, shape: str) -> int:
        """Which mark of that shape lies under the pointer, or -1."""
        reach = _GRAB_UNITS * unit(self.font()) * self.pixels_per_unit()
        near = [
            (abs(mark.u - u) + abs(mark.v - v), index)
            for index, mark in enumerate(self._marks)
            if mark.shape == shape and abs(mark.u - u) < reach and abs(mark.v - v) < reach
        ]
        return min(near)[1] if near else -1

    # Zoom -----------------------------------------------------------------------------------------------------------
    def view_state(self) -> tuple[float, QPointF]:
        return self._zoom, QPointF(self._centre)

    def use_view_state(self, state: tuple[float, QPointF]) -> None:
        self._zoom, self._centre = state[0], QPointF(state[1])
        self.update()

    # Input ----------------------------------------------------------------------------------------------------------
    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event)
        if event.isAccepted():
            self.viewMoved.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        u, v = self.pixel_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and self.contains_pixel(u, v):
            self.pressed.emit(u, v, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        panning = bool(event.buttons() & Qt.MouseButton.MiddleButton)
        if event.buttons() & Qt.MouseButton.LeftButton:
            u, v = self.pixel_at(event.position())
            if self.contains_pixel(u, v):
                self.dragged.emit(u, v)
        super().mouseMoveEvent(event)
        if panning:
            self.viewMoved.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.MiddleButton:
            self.setCursor(Qt.CursorShape.CrossCursor)
        if event.button() == Qt.MouseButton.LeftButton:
            self.released.emit()

    # Painting -------------------------------------------------------------------------------------------------------
    def paint_over(self, painter: QPainter) -> None:
        self.paints += 1
        if self.image is None or not self._marks or self.greyed:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(self.image_area())
        for mark in self._marks:
            paint_mark(painter, self.position_of(mark.u, mark.v), mark, unit(self.font()), self)
        painter.restore()


def paint_mark(painter: QPainter, at: QPointF, mark: Mark, u: int, view: Canvas) -> None:
    """One mark, with rims so that it is seen on any picture; red on a red heatmap needs a light one too."""
    rims = ((_DARK, 5.6), (_LIGHT, 3.6)) if mark.shape == "match" else ((_DARK, 4.0),)
    for colour, width in (*rims, (mark.colour, 2.0)):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _SHAPES[mark.shape](painter, at, u)
    if mark.name:
        _paint_name(painter, at, mark, u, view)


def _reticle(painter: QPainter, at: QPointF, u: int) -> None:
    painter.drawEllipse(at, 2.6 * u, 2.6 * u)
    _ticks(painter, at, 1.2 * u, 4.2 * u)


def _corners(painter: QPainter, at: QPointF, u: int) -> None:
    """Four corners of a square and ticks outside: what is warm at the match stays to be seen."""
    half, long = 2.6 * u, 1.3 * u
    for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1)):
        corner = at + QPointF(x * half, y * half)
        painter.drawPolyline([corner - QPointF(x * long, 0), corner, corner - QPointF(0, y * long)])
    _ticks(painter, at, half, 4.2 * u)


def _ring(painter: QPainter, at: QPointF, u: int) -> None:
    painter.drawEllipse(at, 1.5 * u, 1.5 * u)


def _diamond(painter: QPainter, at: QPointF, u: int) -> None:
    half = 1.7 * u
    corners = [QPointF(0, -half), QPointF(half, 0), QPointF(0, half), QPointF(-half, 0)]
    painter.drawPolygon([at + corner for corner in corners])
    painter.drawPoint(at)


def _ticks(painter: QPainter, at: QPointF, inner: float, outer: float) -> None:
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        painter.drawLine(at + QPointF(x * inner, y * inner), at + QPointF(x * outer, y * outer))


_SHAPES = {"source": _reticle, "match": _corners, "place": _ring, "point": _diamond, "label": _diamond}


def _paint_name(painter: QPainter, at: QPointF, mark: Mark, u: int, view: Canvas) -> None:
    painter.setFont(scaled(view.font(), 0.82, QFont.Weight.DemiBold))
    metrics = painter.fontMetrics()
    words = metrics.elidedText(mark.name, Qt.TextElideMode.ElideRight, 40 * u)
    width, height = metrics.horizontalAdvance(words) + 2 * u, metrics.height()
    box = QRectF(at.x() + 2.6 * u, at.y() - height / 2, width, height)
    if box.right() > view.width():
        box.moveRight(at.x() - 2.6 * u)
    ground = QColor(view.palette().color(Role.Window))
    ground.setAlphaF(0.78)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 0.6 * u, 0.6 * u)
    painter.setPen(view.palette().color(Role.WindowText))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)
