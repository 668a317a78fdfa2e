"""The drivers of arms, grippers and cameras, simulated and real, and what a rig file may ask of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from core.clock import Clock
from core.errors import InputError
from core.registry import Registry
from robot.devices import DeviceContext, DeviceInfo

if TYPE_CHECKING:
    from robot.rig import CameraConfig, DeviceConfig, RigConfig

ARMS = Registry("robot.arms", "arm")
GRIPPERS = Registry("robot.grippers", "gripper")
CAMERAS = Registry("robot.cameras", "camera")
TELEOPERATION = Registry("robot.teleoperation", "teleoperation device")


def check_drivers(config: RigConfig, path: Path) -> None:
    """InputError names the file and the key of a driver that is not there or of an option that it does not have."""
    _check(config, path, "arm", config.arm, ARMS)
    _check(config, path, "gripper", config.gripper, GRIPPERS)
    for camera in config.cameras:
        _check(config, path, f"camera '{camera.role}'", camera, CAMERAS)
    for device in config.teleoperation.devices:
        _check(config, path, "teleoperation.devices", device, TELEOPERATION)


def _check(config: RigConfig, path: Path, device: str, wanted: DeviceConfig | CameraConfig, registry: Registry) -> None:
    entries = registry.entries()
    if wanted.driver not in entries:
        raise InputError(
            f"In the rig file {path}, driver of {device} is '{wanted.driver}'; choose one of: {', '.join(entries)}."
        )
    info: DeviceInfo | None = entries[wanted.driver].info
    if info is None:  # unavailable: building it says why
        return
    if info.simulated != config.simulated and registry is not TELEOPERATION:  # a real hand may drive either
        kinds = ("simulated", "real") if info.simulated else ("real", "simulated")
        raise InputError(
            f"In the rig file {path}, driver of {device} is '{wanted.driver}', which is {kinds[0]}, but the rig is"
            f" {kinds[1]}; choose another driver or change 'simulated'."
        )
    try:
        options_of(wanted, info)
    except InputError as error:
        raise InputError(f"In the rig file {path}, options of {device}: {error}") from error


def build_teleoperation(config: RigConfig, clock: Clock, report: Callable[[str, str], None]) -> list[Any]:
    """What drives the arm besides mouse and keyboard, not started yet. InputError names an option that cannot be."""
    context = DeviceContext(config, clock, report=report)
    return [TELEOPERATION.get(device.driver).build(device, context) for device in config.teleoperation.devices]


def options_of(wanted: DeviceConfig | CameraConfig, info: DeviceInfo) -> Any:
    """The options of a device, of the type ``info.options``; InputError names one that it does not have."""
    known = info.options.__struct_fields__
    for key in wanted.options:
        if key not in known:
            choices = f"choose from: {', '.join(known)}" if known else "it has none"
            raise InputError(f"'{wanted.driver}' has no option '{key}'; {choices}.")
    try:
        return msgspec.convert(wanted.options, info.options)
    except msgspec.ValidationError as error:
        raise InputError(f"{error}.") from error
