"""A camera's colour or depth, live or played, with a read-out of what is under the pointer."""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QLinearGradient, QPainter, QPixmap

from app.theme import Role, goal_colour, scaled, unit, wanted_colour
from app.views.canvas import Canvas, Caption
from app.views.depth import DEFAULT_RANGE_M, depth_table, fits, fitting_range, ramp_colours
from app.views.marks import CameraPainter, Seen
from core.clock import NANOSECONDS
from core.geometry import SE3, Array
from core.messages import CameraInfo, Frame

STALE_NS = NANOSECONDS // 2


class Kind(StrEnum):
    """What of a camera is shown."""

    COLOUR = "colour"
    DEPTH = "depth"


class RgbdView(Canvas):
    """One picture of one camera."""

    def __init__(self, info: CameraInfo, kind: Kind) -> None:
        super().__init__()
        self.info = info
        self.kind = kind
        self._frame: Frame | None = None
        self._painted = -1
        self._table: NDArray[np.uint32] | None = None
        self.range_m: tuple[float, float] | None = None
        self._fitted = False
        self._pointer: tuple[float, float] | None = None
        self._legend: tuple[tuple[object, ...], QPixmap] | None = None
        self._setpoint: SE3 | None = None
        self._goal: SE3 | None = None
        self._goal_lines: tuple[Array, ...] = ()
        self._wanted: tuple[tuple[Array, ...], ...] = ()
        self._seen: Seen | None = None
        self._note = ""
        self._drives = False
        self.hovered.connect(self._hover)
        self.unhovered.connect(self._leave)
        self.setAccessibleName(f"{info.role} camera, {kind}")
        self.set_message(f"Waiting for the {info.role} camera", greyed=False)
        self._caption()

    # What is shown --------------------------------------------------------------------------------------------------
    def show_frame(self, frame: Frame) -> bool:
        """Paint a frame unless it is painted already. Returns whether it was new."""
        if self._frame is not None and frame.sequence == self._painted:
            return False
        self._frame, self._painted = frame, frame.sequence
        image = self._colour_image(frame) if self.kind is Kind.COLOUR else self._depth_image(frame)
        self.set_image(image)
        self.set_message("" if image is not None else "This camera has no depth", greyed=False)
        if self._pointer is not None:
            self._caption()
        return True

    def show_age(self, age_ns: int) -> None:
        """Grey the last frame and say for how long there was none."""
        if self._frame is not None and age_ns > STALE_NS:
            self.set_message(f"no frame for {age_ns / NANOSECONDS:.1f} s", greyed=True)
        elif self.greyed:
            self.set_message("", greyed=False)

    def clear(self) -> None:
        self._frame, self._painted = None, -1
        self.set_image(None)

    @property
    def frame(self) -> Frame | None:
        return self._frame

    def show_note(self, note: str) -> None:
        """A word in the upper right corner, such as 'disturbed'."""
        if note != self._note:
            self._note = note
            self._caption()

    def show_driving(self, driving: bool) -> None:
        """Mark the view whose camera gives the directions."""
        if driving != self._drives:
            self._drives = driving
            self._caption()

    def show_setpoint(self, X_WE: SE3 | None) -> None:
        """Where the hand is sent, drawn as a reticle."""
        if X_WE is not self._setpoint:
            self._setpoint = X_WE
            self.update()

    def show_goal(self, X_WE: SE3 | None, lines_W: tuple[Array, ...]) -> None:
        """Where the task wants the hand, and lines ``(N, 3)`` on the table; painted with the next frame."""
        self._goal, self._goal_lines = X_WE, lines_W

    def show_wanted(self, marks: tuple[tuple[Array, ...], ...]) -> None:
        """Places that are asked for, each its polylines ``(N, 3)``, the first stands out."""
        self._wanted = marks

    def show_seen(self, seen: Seen | None) -> None:
        """Where a policy sees its points; painted with the next frame."""
        self._seen = seen

    def fit_range(self) -> None:
        """Choose the depth range anew from the frame that is shown."""
        self._fitted = False
        frame, self._frame, self._painted = self._frame, None, -1
        if frame is not None:
            self.show_frame(frame)

    def _colour_image(self, frame: Frame) -> QImage:
        """Converted once: painting a scaled RGB888 image costs twice as much every time."""
        rgb = np.ascontiguousarray(frame.rgb)
        height, width = rgb.shape[:2]
        image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        return image.convertToFormat(QImage.Format.Format_RGB32)

    def _depth_image(self, frame: Frame) -> QImage | None:
        if frame.depth is None:
            return None
        if self._fitted and self.range_m is not None and not fits(frame.depth, self.info.depth_scale_m, self.range_m):
            self._fitted = False
        if self._table is None or not self._fitted:
            fitting = self.range_m if self._fitted else fitting_range(frame.depth, self.info.depth_scale_m)
            self._fitted = fitting is not None
            self.range_m = fitting or self.range_m or DEFAULT_RANGE_M
            nothing = self.palette().color(Role.AlternateBase).rgba()
            self._table = depth_table(*self.range_m, self.info.depth_scale_m, nothing)
        colours = self._table[frame.depth]
        height, width = frame.depth.shape
        self._kept = colours
        return QImage(colours.data, width, height, 4 * width, QImage.Format.Format_RGB32)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._table = None
        super().changeEvent(event)

    # Read-out -------------------------------------------------------------------------------------------------------
    def _hover(self, u: float, v: float) -> None:
        self._pointer = (u, v)
        self._caption()

    def _leave(self) -> None:
        self._pointer = None
        self._caption()

    def read_out(self) -> str:
        """Pixel, depth and world position under the pointer."""
        frame = self._frame
        if self._pointer is None or frame is None:
            return ""
        u, v = round(self._pointer[0]), round(self._pointer[1])
        height, width = frame.rgb.shape[:2]
        if not (0 <= u < width and 0 <= v < height):
            return ""
        words = f"u {u:3d}  v {v:3d}"
        if frame.depth is None:
            return words
        depth_m = float(frame.depth[v, u]) * self.info.depth_scale_m
        if depth_m <= 0.0:
            return f"{words}   no depth"
        p_WP = frame.X_WC @ self.info.pinhole.unproject(np.array([u, v]), np.array(depth_m))
        return f"{words}   {depth_m:.3f} m   x {p_WP[0]:.3f}  y {p_WP[1]:.3f}  z {p_WP[2]:.3f}"

    def _caption(self) -> None:
        title = self.info.role if self.kind is Kind.COLOUR else f"{self.info.role} depth"
        self.set_captions(
            Caption(title, "axes" if self._drives else ""),
            Caption(self._note, "disturbed") if self._note else Caption(),
            Caption(self.read_out()),
        )

    # Painting -------------------------------------------------------------------------------------------------------
    def paint_over(self, painter: QPainter) -> None:
        if self.image is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._frame is not None and not self.greyed:
            painter.save()
            painter.setClipRect(self.image_area())
            self._paint_marks(painter, self._frame.X_WC)
            painter.restore()
        if self.kind is Kind.DEPTH and self.range_m is not None:
            self._paint_legend(painter)

    def _paint_marks(self, painter: QPainter, X_WC: SE3) -> None:
        marks = CameraPainter(painter, self.info, X_WC, self.position_of, unit(self.font()))
        goal, dark = goal_colour(), QColor(0, 0, 0, 150)
        for line in self._goal_lines:
            marks.line(line, goal, dark)
        for ring, *_ in self._wanted[1:]:
            marks.line(ring, wanted_colour(False), QColor(0, 0, 0, 60))
        for line in self._wanted[0] if self._wanted else ():
            marks.line(line, wanted_colour(True), QColor(0, 0, 0, 220))
        if self._seen is not None:
            marks.seen(self._seen, self.palette())
        if self._goal is not None:
            marks.hand(self._goal, goal, dark)
        if self._setpoint is not None:
            marks.reticle(self._setpoint.p, self.palette().color(Role.Accent), self.palette().color(Role.Window))

    def _paint_legend(self, painter: QPainter) -> None:
        """The depth range; kept as a picture, since it seldom changes."""
        assert self.range_m is not None  # asked for by paint_over only then
        key = (self.range_m, self.width(), self.palette().cacheKey(), self.devicePixelRatioF())
        if self._legend is None or self._legend[0] != key:
            self._legend = (key, self._make_legend(*self.range_m))
        plate, u = self._legend[1], unit(self.font())
        size = plate.deviceIndependentSize()
        painter.drawPixmap(QPointF(self.width() - size.width() - u, self.height() - size.height() - u), plate)

    def _make_legend(self, near_m: float, far_m: float) -> QPixmap:
        u, palette, font = unit(self.font()), self.palette(), scaled(self.font(), 0.82)
        metrics = QFontMetrics(font)
        near, far = f"{near_m:.2f}", f"{far_m:.2f} m"
        bar = min(u * 18, self.width() / 4)
        width, height = bar + metrics.horizontalAdvance(near + far) + 5 * u, metrics.height() + u
        ratio = self.devicePixelRatioF()
        plate = QPixmap(math.ceil(width * ratio), math.ceil(height * ratio))
        plate.setDevicePixelRatio(ratio)
        plate.fill(Qt.GlobalColor.transparent)
        painter = QPainter(plate)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(font)
        ground = QColor(palette.color(Role.Window))
        ground.setAlphaF(0.78)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        area = QRectF(0, 0, width, height)
        painter.drawRoundedRect(area, 0.75 * u, 0.75 * u)
        painter.setPen(palette.color(Role.WindowText))
        centre = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(area.adjusted(1.5 * u, 0, 0, 0), centre, near)
        painter.drawText(area.adjusted(0, 0, -1.5 * u, 0), centre | int(Qt.AlignmentFlag.AlignRight), far)
        left = 2.5 * u + metrics.horizontalAdvance(near)
        gradient = QLinearGradient(left, 0, left + bar, 0)
        for index, colour in enumerate(ramp_colours(9)):
            gradient.setColorAt(index / 8, QColor(*colour))
        painter.fillRect(QRectF(left, area.center().y() - u * 0.5, bar, u), gradient)
        painter.end()
        return plate
