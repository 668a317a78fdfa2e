"""One time axis for a whole episode: cursor, trim handles, what happened when."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.icons import paint_icon
from app.theme import Role, scaled, unit

_GRIP_PX = 8
_SIGN_GAP = 4.0
"""Least distance of two equal signs, in widths of one."""


class Timeline(QWidget):
    """Click or drag to seek; drag a handle to trim. The trim is said once, when the handle is let go."""

    seeked = Signal(float)
    trimmed = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._duration_s = 0.0
        self._cursor_s = 0.0
        self._trim: tuple[float | None, float | None] = (None, None)
        self._events: list[tuple[float, str, str]] = []
        self._spans: list[tuple[float, float]] = []
        self._dragging = ""
        self.setMouseTracking(True)
        self.setFixedHeight(unit() * 11)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Time axis")

    def sizeHint(self) -> QSize:
        return QSize(unit() * 100, unit() * 11)

    # What is shown --------------------------------------------------------------------------------------------------
    def show_episode(self, duration_s: float, events: list[tuple[float, str, str]]) -> None:
        """``events``: time, icon and words of what happened."""
        self._duration_s, self._events = duration_s, events
        self._spans, self._cursor_s = [], 0.0
        self.update()

    def show_spans(self, spans: list[tuple[float, float]]) -> None:
        """Times in which the scene was disturbed."""
        self._spans = spans
        self.update()

    def show_cursor(self, time_s: float) -> None:
        self._cursor_s = time_s
        self.update()

    def show_trim(self, start_s: float | None, end_s: float | None) -> None:
        self._trim = (start_s, end_s)
        self.update()

    # Geometry -------------------------------------------------------------------------------------------------------
    def _track(self) -> QRectF:
        u = unit(self.font())
        return QRectF(u * 3, u * 2.5, self.width() - u * 6, u * 3)

    def _x(self, time_s: float) -> float:
        track = self._track()
        share = time_s / self._duration_s if self._duration_s > 0 else 0.0
        return track.left() + track.width() * min(1.0, max(0.0, share))

    def _time(self, x: float) -> float:
        track = self._track()
        share = (x - track.left()) / max(1.0, track.width())
        return min(1.0, max(0.0, share)) * self._duration_s

    def _ends(self) -> tuple[float, float]:
        start, end = self._trim
        return (start or 0.0), (self._duration_s if end is None else end)

    # Input ----------------------------------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._duration_s <= 0:
            return
        start, end = (self._x(time) for time in self._ends())
        x = event.position().x()
        near_start, near_end = abs(x - start), abs(x - end)
        on_handle = min(near_start, near_end) < _GRIP_PX and event.position().y() > self._track().top() - _GRIP_PX
        if on_handle and event.position().y() >= self._track().center().y():
            self._dragging = "start" if near_start <= near_end else "end"
        else:
            self._dragging = "cursor"
            self._seek(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._dragging == "cursor":
            self._seek(x)
        elif self._dragging:
            start, end = self._ends()
            time_s = self._time(x)
            if self._dragging == "start":
                start = min(time_s, end - 0.05)
            else:
                end = max(time_s, start + 0.05)
            self._trim = (start if start > 0.01 else None, end if end < self._duration_s - 0.01 else None)
            self.seeked.emit(start if self._dragging == "start" else end)
            self.update()
        else:
            self._hover(event)

    def _hover(self, event: QMouseEvent) -> None:
        x = event.position().x()
        ends = (self._x(time) for time in self._ends())
        low = event.position().y() >= self._track().center().y()
        on_handle = low and any(abs(x - end) < _GRIP_PX for end in ends)
        self.setCursor(Qt.CursorShape.SizeHorCursor if on_handle else Qt.CursorShape.ArrowCursor)
        for time_s, _, words in self._events:
            if abs(self._x(time_s) - x) < _GRIP_PX:
                QToolTip.showText(event.globalPosition().toPoint(), f"{time_s:.1f} s: {words}", self)
                return

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        dragging, self._dragging = self._dragging, ""
        if dragging in ("start", "end"):
            self.trimmed.emit(*self._trim)

    def _seek(self, x: float) -> None:
        self.seeked.emit(self._time(x))

    # Painting -------------------------------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, u, track = self.palette(), unit(self.font()), self._track()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(Role.Mid))
        painter.drawRoundedRect(track, u * 0.5, u * 0.5)
        if self._duration_s <= 0:
            return
        start, end = (self._x(time) for time in self._ends())
        kept = QColor(palette.color(Role.Accent))
        kept.setAlphaF(0.38)
        painter.setBrush(kept)
        painter.drawRect(QRectF(start, track.top(), end - start, track.height()))
        self._paint_spans(painter, track)
        self._paint_ticks(painter, track)
        for x, direction in ((start, 1), (end, -1)):
            self._paint_handle(painter, x, direction, track)
        self._paint_events(painter, track)
        self._paint_cursor(painter, track)

    def _paint_events(self, painter: QPainter, track: QRectF) -> None:
        """One sign for what would lie on top of each other; small strokes say how much there is."""
        size, u, ink = unit(self.font()) * 3.2, unit(self.font()), self.palette().color(Role.WindowText)
        stroke = QColor(ink)
        stroke.setAlphaF(0.45)
        drawn: dict[str, float] = {}
        for time_s, icon_name, _ in self._events:
            x = self._x(time_s)
            painter.fillRect(QRectF(x - 0.5, track.top(), 1.0, u), stroke)
            if x - drawn.get(icon_name, -math.inf) < _SIGN_GAP * size:
                continue
            drawn[icon_name] = x
            paint_icon(painter, icon_name, QRectF(x - size / 2, track.top() - size * 0.9, size, size), ink)

    def _paint_spans(self, painter: QPainter, track: QRectF) -> None:
        ink = QColor(self.palette().color(Role.WindowText))
        ink.setAlphaF(0.55)
        for begin, end in self._spans:
            left, right = self._x(begin), self._x(end)
            painter.fillRect(QRectF(left, track.bottom() - 3, max(2.0, right - left), 3), ink)

    def _paint_ticks(self, painter: QPainter, track: QRectF) -> None:
        u = unit(self.font())
        painter.setFont(scaled(self.font(), 0.8))
        painter.setPen(self.palette().color(Role.PlaceholderText))
        step = next((s for s in (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300) if self._duration_s / s <= 12), 600)
        count = int(self._duration_s / step)
        for index in range(count + 1):
            x = self._x(index * step)
            painter.drawText(
                QRectF(x - 8 * u, track.bottom() + u * 0.8, 16 * u, 4 * u),
                int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop),
                f"{index * step:g}{' s' if index == 0 else ''}",
            )

    def _paint_handle(self, painter: QPainter, x: float, direction: int, track: QRectF) -> None:
        u = unit(self.font())
        painter.setPen(QPen(self.palette().color(Role.Accent), 2))
        painter.drawLine(QPointF(x, track.top() - 1), QPointF(x, track.bottom() + 1))
        painter.drawLine(QPointF(x, track.bottom() + 1), QPointF(x + direction * u * 1.2, track.bottom() + 1))
        painter.drawLine(QPointF(x, track.top() - 1), QPointF(x + direction * u * 1.2, track.top() - 1))

    def _paint_cursor(self, painter: QPainter, track: QRectF) -> None:
        u, x = unit(self.font()), self._x(self._cursor_s)
        painter.setPen(QPen(self.palette().color(Role.WindowText), 1.5))
        painter.drawLine(QPointF(x, track.top() - u), QPointF(x, track.bottom() + u * 0.6))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(Role.WindowText))
        top = track.top() - u * 2
        head = [QPointF(x - u, top), QPointF(x + u, top), QPointF(x, top + u * 1.6)]
        painter.drawPolygon(QPolygonF(head))
