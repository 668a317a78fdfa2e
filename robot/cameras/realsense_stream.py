"""Colour and depth of one RealSense device, whatever kind: plugged in, played from a file, or made of software.

Depth is brought into the colour camera's geometry, and every image is copied at once: a device hands out sixteen frames
and then no more. All that touches pyrealsense2 is here and in ``realsense_devices``.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import DeviceError
from core.messages import Floats

_QUEUE = 8
_WAITING = 4
_GRID = 25


@dataclass(frozen=True, slots=True)
class Format:
    """What is asked of a device."""

    width: int
    height: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Geometry:
    """The colour camera: pixels, and OpenCV's k1, k2, p1, p2, k3 (empty without distortion)."""

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: Floats
    depth_scale_m: float


@dataclass(frozen=True, slots=True)
class Images:
    """``rgb: (H, W, 3) uint8`` and ``depth: (H, W) uint16`` in its geometry; the stamp is on the device's clock."""

    rgb: NDArray[np.uint8]
    depth: NDArray[np.uint16]
    number: int
    stamp_ns: int


class RealSenseStream:
    """An open device. ``rs`` is the pyrealsense2 module; DeviceError when the device has no such format."""

    def __init__(self, rs: Any, device: Any, wanted: Format, name: str) -> None:
        self._rs, self._name = rs, name
        self._device = device  # a recorder writes for as long as it lives
        self._colour = self._find(wanted, rs.stream.color, (rs.format.rgb8, rs.format.bgr8))
        self._depth = self._find(wanted, rs.stream.depth, (rs.format.z16,))
        self._arrived = rs.frame_queue(_QUEUE, True)
        self._pairs = _Pairs(rs.stream.depth, 0.5e3 / wanted.rate_hz)
        self._aligner = None if self._same_view() else _Aligner(rs)
        self._open: list[Any] = []
        self.geometry = self._geometry()

    def start(self) -> None:
        """Begin to stream; DeviceError when the device refuses."""
        try:
            for sensor, profiles in self._by_sensor():
                sensor.open(profiles)
                self._open.append(sensor)
                sensor.start(self._arrived)
        except RuntimeError as error:
            self.stop()
            raise DeviceError(f"The {self._name} does not stream: {error}.") from error

    def wait(self, timeout_s: float) -> Images | None:
        """A pair of images once its second half is there; None when nothing, or no second half, comes in time."""
        arrived, frame = self._arrived.try_wait_for_frame(round(timeout_s * 1000))
        pair = self._pairs.add(frame) if arrived else None
        if pair is None:
            return None
        depth, colour = pair if self._aligner is None else self._aligner.align(*pair)
        image = np.asanyarray(colour.get_data())
        if colour.get_profile().format() == self._rs.format.bgr8:
            image = image[..., ::-1]
        return Images(
            rgb=np.array(image, order="C"),
            depth=np.array(np.asanyarray(depth.get_data())),
            number=colour.get_frame_number(),
            stamp_ns=round(colour.get_timestamp() * 1e6),
        )

    def stop(self) -> None:
        """Let go of the device; one that is gone already is no error."""
        for sensor in self._open:
            for deed in (sensor.stop, sensor.close):
                with contextlib.suppress(RuntimeError):  # unplugged: there is nothing left to stop
                    deed()
        self._open = []
        self._device = None

    def _find(self, wanted: Format, kind: Any, formats: tuple[Any, ...]) -> tuple[Any, Any]:
        """The sensor and profile of the wanted format; the DeviceError lists those that there are."""
        offered: set[str] = set()
        found: dict[Any, tuple[Any, Any]] = {}
        for sensor in self._device.query_sensors():
            for profile in sensor.get_stream_profiles():
                if profile.stream_type() != kind or profile.format() not in formats:
                    continue
                video = profile.as_video_stream_profile()
                offered.add(f"{video.width()}x{video.height()} at {video.fps()}")
                if (video.width(), video.height(), video.fps()) == (wanted.width, wanted.height, wanted.rate_hz):
                    found.setdefault(profile.format(), (sensor, video))
        for preferred in formats:
            if preferred in found:
                return found[preferred]
        raise DeviceError(
            f"The {self._name} has no {kind.name} of {wanted.width}x{wanted.height} at {wanted.rate_hz:g} Hz;"
            f" it offers: {', '.join(sorted(offered)) or 'none'}."
        )

    def _by_sensor(self) -> list[tuple[Any, list[Any]]]:
        """Depth and colour may come of one sensor, which is opened with both."""
        (depth_sensor, depth), (colour_sensor, colour) = self._depth, self._colour
        if depth_sensor.name == colour_sensor.name:
            return [(depth_sensor, [depth, colour])]
        return [(depth_sensor, [depth]), (colour_sensor, [colour])]

    def _same_view(self) -> bool:
        """Whether depth comes in the colour camera's geometry already."""
        depth, colour = self._depth[1], self._colour[1]
        between = depth.get_extrinsics_to(colour)
        same_place = np.allclose(between.rotation, np.eye(3).ravel()) and not np.any(between.translation)
        return bool(same_place) and _numbers(depth.intrinsics) == _numbers(colour.intrinsics)

    def _geometry(self) -> Geometry:
        intrinsics = self._colour[1].intrinsics
        scale_m = self._depth[0].get_option(self._rs.option.depth_units)
        return Geometry(
            fx=intrinsics.fx,
            fy=intrinsics.fy,
            cx=intrinsics.ppx,
            cy=intrinsics.ppy,
            distortion=distortion(self._rs, intrinsics),
            depth_scale_m=float(np.float64(str(np.float32(scale_m)))),
        )


class _Pairs:
    """Depth and colour of one capture: stamped less than half a period apart."""

    def __init__(self, depth_kind: Any, apart_ms: float) -> None:
        self._depth_kind, self._apart_ms = depth_kind, apart_ms
        self._depths: deque[Any] = deque(maxlen=_WAITING)
        self._colours: deque[Any] = deque(maxlen=_WAITING)

    def add(self, frame: Any) -> tuple[Any, Any] | None:
        """Depth and colour once both are there; what is older has lost its other half."""
        is_depth = frame.get_profile().stream_type() == self._depth_kind
        mine, others = (self._depths, self._colours) if is_depth else (self._colours, self._depths)
        for other in list(others):
            if abs(other.get_timestamp() - frame.get_timestamp()) < self._apart_ms:
                while others.popleft() is not other:
                    continue
                mine.clear()
                return (frame, other) if is_depth else (other, frame)
        mine.append(frame)
        return None


class _Aligner:
    """The library's own alignment of depth to colour, which asks for both in one frame set."""

    def __init__(self, rs: Any) -> None:
        self._align = rs.align(rs.stream.color)
        self._joined = rs.frame_queue(1)
        self._pair: list[Any] = []
        self._join = rs.processing_block(self._put_together)
        self._join.start(self._joined)

    def _put_together(self, _: Any, source: Any) -> None:
        source.frame_ready(source.allocate_composite_frame(self._pair))

    def align(self, depth: Any, colour: Any) -> tuple[Any, Any]:
        """Depth in the colour camera's geometry, and colour."""
        self._pair = [depth, colour]
        self._join.invoke(depth)
        self._pair = []
        aligned = self._align.process(self._joined.wait_for_frame().as_frameset()).as_frameset()
        return aligned.get_depth_frame(), colour


def _numbers(intrinsics: Any) -> tuple[float, ...]:
    return (intrinsics.fx, intrinsics.fy, intrinsics.ppx, intrinsics.ppy, *intrinsics.coeffs)


def distortion(rs: Any, intrinsics: Any) -> Floats:
    """OpenCV's k1, k2, p1, p2, k3 of a RealSense model, fitted over the image where the model is another one."""
    coefficients = tuple(float(value) for value in intrinsics.coeffs)
    if not any(coefficients):
        return ()
    if intrinsics.model == rs.distortion.brown_conrady:
        return coefficients
    u, v = np.meshgrid(np.linspace(0, intrinsics.width - 1, _GRID), np.linspace(0, intrinsics.height - 1, _GRID))
    pixels = np.column_stack([u.ravel(), v.ravel()])
    rays = np.array([rs.rs2_deproject_pixel_to_point(intrinsics, pixel.tolist(), 1.0) for pixel in pixels])
    x, y = rays[:, 0], rays[:, 1]
    r2 = x * x + y * y
    radial = np.column_stack([r2, r2**2, r2**3])
    rows_x = np.column_stack([x[:, None] * radial[:, :2], 2 * x * y, r2 + 2 * x * x, x * radial[:, 2]])
    rows_y = np.column_stack([y[:, None] * radial[:, :2], r2 + 2 * y * y, 2 * x * y, y * radial[:, 2]])
    distorted = (pixels - (intrinsics.ppx, intrinsics.ppy)) / (intrinsics.fx, intrinsics.fy)
    moved = np.concatenate([distorted[:, 0] - x, distorted[:, 1] - y])
    fitted, *_ = np.linalg.lstsq(np.concatenate([rows_x, rows_y]), moved, rcond=None)
    return tuple(float(value) for value in fitted)
