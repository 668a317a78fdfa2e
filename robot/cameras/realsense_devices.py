"""Which RealSense devices there are, how one is found, and how it is set up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DeviceError

_SYNC_MODES = {"none": 0.0, "master": 1.0, "slave": 2.0}


def load_library() -> Any:
    """The pyrealsense2 module; DeviceError says why it cannot be used."""
    try:
        import pyrealsense2
    except ImportError as error:
        raise DeviceError(
            f"RealSense cameras cannot be used ({error}); install libusb-1.0 and run 'make setup'."
        ) from error
    return pyrealsense2


@dataclass(frozen=True, slots=True)
class Found:
    """A device that is plugged in; ``usb`` is the speed of its plug, such as 3.2."""

    serial: str
    model: str
    usb: str
    firmware: str


def list_devices(rs: Any) -> list[Found]:
    """All devices that are plugged in."""
    info = rs.camera_info
    kinds = (info.serial_number, info.name, info.usb_type_descriptor, info.firmware_version)
    return [
        Found(*(device.get_info(kind) if device.supports(kind) else "" for kind in kinds))
        for device in rs.context().query_devices()
    ]


def plugged_in(rs: Any, serial: str) -> Callable[[], Any]:
    """Finds the device of that serial number, or the only one for an empty serial; DeviceError when it is not there."""
    context = rs.context()

    def find() -> Any:
        serials = {device.get_info(rs.camera_info.serial_number): device for device in context.query_devices()}
        there = ", ".join(serials) or "none"
        if not serial and len(serials) == 1:
            return next(iter(serials.values()))
        if serial not in serials:
            wanted = f"The RealSense camera {serial} is not there" if serial else "Which RealSense camera is not said"
            raise DeviceError(f"{wanted}; there are: {there}. Plug it in, or set options.serial in the rig file.")
        return serials[serial]

    return find


def played(rs: Any, recording: Path) -> Callable[[], Any]:
    """Opens a recording, from its start each time; DeviceError when it cannot be read."""

    def find() -> Any:
        if not recording.is_file():
            raise DeviceError(f"The recording {recording} is not there; correct options.recording in the rig file.")
        try:
            device = rs.context().load_device(str(recording))
        except RuntimeError as error:
            raise DeviceError(f"The recording {recording} cannot be played: {error}.") from error
        return device

    return find


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set on a device before it streams. Empty, and 0 for numbers: as the device is."""

    preset: str = ""
    exposure_us: float = 0.0
    depth_exposure_us: float = 0.0
    gain: float = 0.0
    white_balance_k: float = 0.0
    emitter: str = ""
    sync: str = ""


def set_up(rs: Any, device: Any, settings: Settings, name: str) -> None:
    """Global time where there is any, and the settings; DeviceError names one that the device does not have."""
    depth, colour = _sensor_of(rs, device, rs.stream.depth), _sensor_of(rs, device, rs.stream.color)
    option = rs.option
    for sensor in (depth, colour):
        if sensor.supports(option.global_time_enabled) and not sensor.is_option_read_only(option.global_time_enabled):
            sensor.set_option(option.global_time_enabled, 1.0)
    if settings.preset:
        _set(depth, option.visual_preset, _preset(rs, depth, settings.preset, name), "preset", name)
    if settings.emitter:
        _set(
            depth,
            option.emitter_enabled,
            _choice(settings.emitter, {"off": 0.0, "on": 1.0}, "emitter"),
            "emitter",
            name,
        )
    if settings.sync:
        _set(depth, option.inter_cam_sync_mode, _choice(settings.sync, _SYNC_MODES, "sync"), "sync", name)
    _set_exposure(rs, depth, settings.depth_exposure_us, "depth_exposure_us", name)
    _set_exposure(rs, colour, settings.exposure_us / 100.0, "exposure_us", name)  # a colour sensor counts in 0.1 ms
    if settings.gain:
        _set(colour, option.gain, settings.gain, "gain", name)
    if settings.white_balance_k:
        _set(colour, option.enable_auto_white_balance, 0.0, "white_balance_k", name)
        _set(colour, option.white_balance, settings.white_balance_k, "white_balance_k", name)


def _sensor_of(rs: Any, device: Any, kind: Any) -> Any:
    for sensor in device.query_sensors():
        if any(profile.stream_type() == kind for profile in sensor.get_stream_profiles()):
            return sensor
    raise DeviceError(f"A RealSense device without {kind.name} is no RGBD camera; choose another one.")


def _set_exposure(rs: Any, sensor: Any, exposure: float, key: str, name: str) -> None:
    if exposure:
        _set(sensor, rs.option.enable_auto_exposure, 0.0, key, name)
        _set(sensor, rs.option.exposure, exposure, key, name)


def _set(sensor: Any, option: Any, value: float, key: str, name: str) -> None:
    if not sensor.supports(option) or sensor.is_option_read_only(option):
        raise DeviceError(f"The {name} has no {key} to set; remove options.{key} from the rig file.")
    limits = sensor.get_option_range(option)
    if not limits.min <= value <= limits.max:
        raise DeviceError(
            f"The {name} takes {key} from {limits.min:g} to {limits.max:g} in its own unit, not {value:g}."
        )
    sensor.set_option(option, value)


def _choice(wanted: str, choices: dict[str, float], key: str) -> float:
    if wanted not in choices:
        raise DeviceError(f"options.{key} is '{wanted}'; choose one of: {', '.join(choices)}.")
    return choices[wanted]


def _preset(rs: Any, sensor: Any, wanted: str, name: str) -> float:
    """The number of a preset by its name, such as High Accuracy."""
    option = rs.option.visual_preset
    if not sensor.supports(option):
        raise DeviceError(f"The {name} has no preset to set; remove options.preset from the rig file.")
    limits = sensor.get_option_range(option)
    presets = {
        sensor.get_option_value_description(option, float(number)).lower(): float(number)
        for number in range(int(limits.min), int(limits.max) + 1)
        if sensor.get_option_value_description(option, float(number))
    }
    return _choice(wanted.lower(), presets, "preset")
