"""A RealSense device made of software: the library's own, into which a test puts images."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pyrealsense2 as rs

from core.clock import WallClock
from core.errors import DeviceError
from core.messages import Frame
from robot.cameras import realsense
from robot.devices import DeviceContext
from robot.rig import CameraConfig, load_rig

WIDTH, HEIGHT, RATE_HZ = 64, 48, 30
PERIOD_MS = 1000.0 / RATE_HZ
SCALE_M = 0.001


def intrinsics(
    fx: float = 60.0, model: Any = rs.distortion.brown_conrady, coeffs: tuple[float, ...] = (0.0,) * 5
) -> Any:
    made = rs.intrinsics()
    made.width, made.height, made.fx, made.fy, made.ppx, made.ppy = WIDTH, HEIGHT, 60.0, 61.0, 31.5, 23.5
    made.model, made.coeffs = model, list(coeffs)
    return made


class SoftwareCamera:
    """``baseline_m``: how far right of the depth sensor the colour sensor is."""

    def __init__(self, serial: str = "0001", baseline_m: float = 0.0, colour: Any = None) -> None:
        self.device = rs.software_device()
        self.device.create_matcher(rs.matchers.default)
        self.device.register_info(rs.camera_info.serial_number, serial)
        self.device.register_info(rs.camera_info.name, "Intel RealSense D415 of software")
        self._depth_sensor, self._colour_sensor = (
            self.device.add_sensor(name) for name in ("Stereo Module", "RGB Camera")
        )
        self._depth = self._add(self._depth_sensor, rs.stream.depth, 0, rs.format.z16, 2, intrinsics())
        self._colour = self._add(self._colour_sensor, rs.stream.color, 1, rs.format.rgb8, 3, colour or intrinsics())
        self._depth_sensor.add_read_only_option(rs.option.depth_units, SCALE_M)
        between = rs.extrinsics()
        between.rotation, between.translation = np.eye(3).ravel().tolist(), [-baseline_m, 0.0, 0.0]
        self._depth.register_extrinsics_to(self._colour, between)
        self.number = 0

    @staticmethod
    def _add(sensor: Any, kind: Any, uid: int, form: Any, bpp: int, numbers: Any) -> Any:
        stream = rs.video_stream()
        stream.type, stream.index, stream.uid, stream.fmt, stream.bpp = kind, 0, uid, form, bpp
        stream.width, stream.height, stream.fps, stream.intrinsics = WIDTH, HEIGHT, RATE_HZ, numbers
        return sensor.add_video_stream(stream).as_video_stream_profile()

    def put(self, rgb: np.ndarray, depth: np.ndarray) -> None:
        """One capture: both images, a period after the one before."""
        self.number += 1
        parts = ((self._depth_sensor, self._depth, depth, 2), (self._colour_sensor, self._colour, rgb, 3))
        for sensor, profile, pixels, bpp in parts:
            frame = rs.software_video_frame()
            frame.stride, frame.bpp, frame.pixels, frame.profile = (
                WIDTH * bpp,
                bpp,
                np.ascontiguousarray(pixels),
                profile,
            )
            frame.timestamp, frame.frame_number = 5000.0 + self.number * PERIOD_MS, self.number
            frame.domain = rs.timestamp_domain.hardware_clock
            if bpp == 2:
                frame.depth_units = SCALE_M
            sensor.on_video_frame(frame)


def picture(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth that tell which capture they are of, in every pixel."""
    random = np.random.default_rng(number)
    rgb = random.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    rgb[0, 0] = (number % 256, number // 256, 0)
    return rgb, random.integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)


class SoftwareRig:
    """One camera of a rig, what it delivered and what it said."""

    def __init__(self, find: Callable[[], Any], role: str = "right", **options: Any) -> None:
        self.frames: list[Frame] = []
        self.said: list[str] = []
        context = DeviceContext(load_rig(), WallClock(), report=lambda sentence, _: self.said.append(sentence))
        wanted = realsense.Options(**{"width": WIDTH, "height": HEIGHT, "silence_s": 1.0} | options)
        self.camera = realsense.RealSenseCamera(rs, CameraConfig(role, "realsense", RATE_HZ), wanted, find, context)

    def start(self, receive: Callable[[Frame], None] = lambda frame: None) -> None:
        def deliver(frame: Frame) -> None:
            self.frames.append(frame)
            receive(frame)

        self.camera.start(deliver)


class Feeding:
    """Puts picture after picture into a camera while it is plugged in."""

    def __init__(self, camera: SoftwareCamera) -> None:
        self.camera: SoftwareCamera | None = camera
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def find(self) -> Any:
        """The device, as long as it is plugged in."""
        if self.camera is None:
            raise DeviceError("The RealSense camera 0001 is not there.")
        return self.camera.device

    def _run(self) -> None:
        while not self._closing.wait(0.02):
            camera = self.camera
            if camera is not None:
                camera.put(*picture(camera.number + 1))

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
