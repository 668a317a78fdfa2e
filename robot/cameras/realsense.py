"""An Intel RealSense RGBD camera (D415 and its family), or a recording of one.

Depth is aligned to colour. A camera that is unplugged is waited for while the others go on; what was missed is a gap in
its stamps. Stamps are the device's, mapped to the session clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.clock import NANOSECONDS, Clock
from core.errors import DeviceError, InputError
from core.geometry import SE3
from core.messages import CameraInfo, Frame
from robot.cameras.realsense_devices import Found, Settings, list_devices, load_library, played, plugged_in, set_up
from robot.cameras.realsense_stream import Format, Images, RealSenseStream
from robot.check import Check, install_rules, may_open_usb
from robot.device_clock import DeviceClock
from robot.devices import Camera, DeviceContext, DeviceInfo
from robot.drivers import options_of

if TYPE_CHECKING:
    from robot.rig import CameraConfig, RigConfig

_POLL_S = 0.25
_FIRST_IMAGE_NS = 4 * NANOSECONDS
"""How much longer a device may take for its first image."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``serial``: empty for the only camera there is. ``recording``: a .db3 or .bag file to play instead, again and
    again unless ``repeat`` is false. ``record``: a .db3 file to write what the device gives. ``sync``: none, master or
    slave on cameras that are wired to each other. Exposures of 0, and what is empty, leave the device as it is.
    """

    serial: str = ""
    width: int = 640
    height: int = 480
    preset: str = ""
    exposure_us: float = 0.0
    depth_exposure_us: float = 0.0
    gain: float = 0.0
    white_balance_k: float = 0.0
    emitter: str = ""
    sync: str = ""
    recording: str = ""
    repeat: bool = True
    record: str = ""
    silence_s: float = 1.0


INFO = DeviceInfo("realsense", "camera", "Intel RealSense RGBD camera", options=Options)


def build(config: CameraConfig, context: DeviceContext) -> Camera:
    """The camera, opened; DeviceError when it is not there or has no such format."""
    rs = load_library()
    options: Options = options_of(config, INFO)
    if options.recording and (options.record or options.serial):
        raise InputError(
            f"The camera '{config.role}' has options.recording, which is played: it takes neither record nor serial."
        )
    find = played(rs, Path(options.recording)) if options.recording else plugged_in(rs, options.serial)
    return RealSenseCamera(rs, config, options, find, context)


def check(config: CameraConfig, rig: RigConfig) -> Check:
    """Whether the camera is there, at a speed that carries its images; a recording, whether it can be played."""
    options: Options = options_of(config, INFO)
    name = f"{config.role} camera"
    try:
        rs = load_library()
        if options.recording:
            played(rs, Path(options.recording))()
            return Check(name, True, f"{options.recording} is played.")
        found = list_devices(rs)
    except DeviceError as error:
        return Check(name, False, str(error), "Correct the rig file, or run 'make setup'.")
    return judge(options.serial, found, name)


def judge(serial: str, found: Sequence[Found], name: str) -> Check:
    """What to say of the camera of that serial (empty: the only one) among those that are plugged in."""
    there = ", ".join(f"{one.model} {one.serial} on USB {one.usb}" for one in found) or "none"
    mine = [one for one in found if one.serial == serial] if serial else list(found)
    if len(mine) != 1:
        wanted = f"RealSense {serial}" if serial else "A single RealSense camera"
        remedy = "Plug it in, or set options.serial in the rig file to one that is there."
        if not may_open_usb(("8086",)):
            remedy = install_rules()
        return Check(name, False, f"{wanted} is not found; there are: {there}.", remedy)
    message = f"{mine[0].model} {mine[0].serial}, firmware {mine[0].firmware}, on USB {mine[0].usb}."
    if mine[0].usb.startswith("2"):
        return Check(name, False, f"{message} That is too slow.", "Use a USB 3 port and the cable that came with it.")
    return Check(name, True, message)


class RealSenseCamera:
    """See the module. ``find`` gives the device, or raises DeviceError while it is not there."""

    def __init__(
        self, rs: Any, config: CameraConfig, options: Options, find: Callable[[], Any], context: DeviceContext
    ) -> None:
        self._rs, self._config, self._options, self._find = rs, config, options, find
        self._clock: Clock = context.clock
        self._report = context.report
        self._name = f"{config.role} camera"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._deliver: Callable[[Frame], None] = lambda frame: None
        self._sequence = 0
        self._opened = 0
        self._lost = False
        self._stream: RealSenseStream | None = self._open()
        self._info = self._describe(self._stream)

    @property
    def info(self) -> CameraInfo:
        return self._info

    def start(self, deliver: Callable[[Frame], None]) -> None:
        """Deliver every pair of images from a thread of the camera's own."""
        self._deliver = deliver
        self._thread.start()

    def stop(self) -> None:
        """Deliver no more and let go of the device."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        self._let_go()

    # The device ----------------------------------------------------------------------------------------------------
    def _open(self) -> RealSenseStream:
        device, options = self._find(), self._options
        settings = Settings(**{key: getattr(options, key) for key in Settings.__dataclass_fields__})
        set_up(self._rs, device, settings, self._name)
        self._serial, self._model = (
            device.get_info(kind) if device.supports(kind) else ""
            for kind in (self._rs.camera_info.serial_number, self._rs.camera_info.name)
        )
        if options.record:
            path = Path(options.record)
            again = path.with_name(f"{path.stem}-{self._opened}{path.suffix}") if self._opened else path
            device = self._rs.recorder(str(again), device)
        stream = RealSenseStream(
            self._rs, device, Format(options.width, options.height, self._config.rate_hz), self._name
        )
        self._opened += 1
        return stream

    def _describe(self, stream: RealSenseStream) -> CameraInfo:
        geometry, (X_WC, X_EC) = stream.geometry, self._config.mounting
        return CameraInfo(
            role=self._config.role,
            width=self._options.width,
            height=self._options.height,
            rate_hz=self._config.rate_hz,
            fx=geometry.fx,
            fy=geometry.fy,
            cx=geometry.cx,
            cy=geometry.cy,
            depth_scale_m=geometry.depth_scale_m,
            X_WC=X_WC,
            X_EC=X_EC,
            distortion=geometry.distortion,
            serial=self._serial,
            model=self._model,
        )

    def _let_go(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()

    # The thread ----------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        while not self._closing.is_set():
            if self._stream is None and not self._reopen():
                self._closing.wait(_POLL_S)
                continue
            try:
                self._watch()
            except (RuntimeError, DeviceError) as error:
                self._lose(f"The {self._name} failed ({error}); the others go on.")
                self._closing.wait(_POLL_S)
            self._let_go()
            if self._options.recording and not self._options.repeat:
                return

    def _reopen(self) -> bool:
        """Whether the device is there again."""
        try:
            self._stream = self._open()
        except (RuntimeError, DeviceError):
            return False
        return True

    def _watch(self) -> None:
        """Deliver until the device falls silent or the camera is stopped."""
        stream, stamps, number = self._stream, DeviceClock(), None
        if stream is None:
            return
        stream.start()
        heard_ns = self._clock.now_ns() + _FIRST_IMAGE_NS
        while not self._closing.is_set():
            images = stream.wait(_POLL_S)
            now_ns = self._clock.now_ns()
            if images is not None:
                self._sequence += 1 if number is None else max(images.number - number, 1)
                number, heard_ns = images.number, now_ns
                self._hand_over(images, stamps, now_ns)
            elif now_ns - heard_ns > self._options.silence_s * NANOSECONDS:
                if not self._options.recording:
                    self._lose(f"The {self._name} gives no images any more; plug it in again. The others go on.")
                return

    def _lose(self, sentence: str) -> None:
        """Say it once, until there is an image again."""
        if not self._lost:
            self._report(sentence, self._name)
        self._lost = True

    def _hand_over(self, images: Images, stamps: DeviceClock, now_ns: int) -> None:
        if self._lost:
            self._report(f"The {self._name} is back.", self._name)
            self._lost = False
        X_WC = SE3.identity() if self._info.X_WC is None else SE3.from_array(self._info.X_WC)
        capture_ns = stamps.session_ns(images.stamp_ns, now_ns)
        self._deliver(Frame(self._info.role, self._sequence, capture_ns, now_ns, images.rgb, images.depth, X_WC))
