"""What is drawn over a camera's picture in the world's place: the setpoint, and the goal of the task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen

from app.theme import series_colours
from core.geometry import SE3, Array
from core.messages import CameraInfo

_NEAR_M = 0.02
_HAND_LINES_E: tuple[Array, ...] = (
    np.array([[0.0, 0.035, 0.0], [0.0, 0.035, -0.05], [0.0, -0.035, -0.05], [0.0, -0.035, 0.0]]),
    np.array([[0.0, 0.0, -0.05], [0.0, 0.0, -0.09]]),
)
"""An open gripper as a fork in the hand's frame (m): its fingers open along y and point along z."""

ToWidget = Callable[[float, float], QPointF]
"""From a pixel to the position in the widget."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a policy sees its points: pixels ``uv: (N, 2)`` of the camera of that role, with the standard deviation of
    each, 0 where it is not known ``(N,)``; or ``p_W: (N, 3)``, metres, else None."""

    camera: str
    uv: Array
    spreads_px: Array
    p_W: Array | None = None


def paint_dots(
    painter: QPainter, places: Sequence[QPointF], radii: Sequence[float], spacing: int, palette: QPalette
) -> None:
    """A dot at each place, each its own colour; a radius over 0 adds the ring of its uncertainty."""
    for place, radius, colour in zip(places, radii, series_colours(palette, len(places)), strict=True):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if radius > spacing:
            painter.setPen(QPen(colour, 1.2))
            painter.drawEllipse(place, radius, radius)
        painter.setPen(QPen(QColor(0, 0, 0, 190), 1.4))
        painter.setBrush(colour)
        painter.drawEllipse(place, 0.9 * spacing, 0.9 * spacing)


class CameraPainter:
    """Draws world points over the picture of a camera that is at ``X_WC``; ``to_widget`` places its pixels."""

    def __init__(self, painter: QPainter, info: CameraInfo, X_WC: SE3, to_widget: ToWidget, spacing: int) -> None:
        self._painter, self._info, self._X_CW = painter, info, X_WC.inverse()
        self._to_widget, self._spacing = to_widget, spacing

    def reticle(self, p_W: Array, ink: QColor, halo: QColor) -> None:
        """A ring with four strokes at a point ``(3,)``; nothing when it is behind the camera."""
        points = self._positions(p_W[None])
        if not points:
            return
        centre, u = points[0], self._spacing
        for _ in self._twice(ink, halo):
            self._painter.drawEllipse(centre, 1.6 * u, 1.6 * u)
            for direction in (QPointF(1, 0), QPointF(-1, 0), QPointF(0, 1), QPointF(0, -1)):
                self._painter.drawLine(centre + direction * (1.6 * u), centre + direction * (2.8 * u))

    def hand(self, X_WE: SE3, ink: QColor, halo: QColor) -> None:
        """The fork of an open gripper at a pose, so that its turn can be seen too."""
        for line in _HAND_LINES_E:
            self.line(X_WE @ line, ink, halo)

    def seen(self, seen: Seen, palette: QPalette) -> None:
        """A policy's points, in the camera that they were seen by, or wherever it knows them in space."""
        if seen.p_W is not None:
            places = self._positions(seen.p_W)
            paint_dots(self._painter, places, [0.0] * len(places), self._spacing, palette)
        elif seen.camera == self._info.role:
            scale = self._to_widget(1.0, 0.0).x() - self._to_widget(0.0, 0.0).x()
            places = [self._to_widget(float(u), float(v)) for u, v in seen.uv]
            paint_dots(self._painter, places, (scale * seen.spreads_px).tolist(), self._spacing, palette)

    def line(self, points_W: Array, ink: QColor, halo: QColor) -> None:
        """A polyline ``(N, 3)`` (m); left out as a whole when a part is behind the camera."""
        points = self._positions(points_W)
        for _ in self._twice(ink, halo) if points else ():
            self._painter.drawPolyline(points)

    def _positions(self, points_W: Array) -> list[QPointF]:
        uv, z = self._info.pinhole.project(self._X_CW @ points_W)
        return [] if np.any(z < _NEAR_M) else [self._to_widget(float(u), float(v)) for u, v in uv]

    def _twice(self, ink: QColor, halo: QColor) -> Iterator[None]:
        """For the same strokes twice: with a wide pen in the halo's colour, then with a narrow one."""
        for width, colour in ((3.6, halo), (1.7, ink)):
            self._painter.setPen(
                QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            )
            self._painter.setBrush(Qt.BrushStyle.NoBrush)
            yield
