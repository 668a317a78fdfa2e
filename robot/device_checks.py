"""What 'main.py doctor' looks at beyond the machine: what the devices of a rig need, and the devices themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from core.clock import WallClock, monotonic_ns
from core.errors import DeviceError, InputError
from core.registry import Registry
from robot.check import Check
from robot.drivers import ARMS, CAMERAS, GRIPPERS, TELEOPERATION
from robot.lcm_link import LcmLink
from robot.rig import CameraConfig, DeviceConfig, RigConfig, load_rig

_KITS = {"LCM": "lcm", "RealSense": "pyrealsense2", "SpaceMouse": "pyspacemouse"}
_IMPORT_TIMEOUT_S = 60
_MULTICAST = "udpm://239.255.76.67:7675?ttl=0"
_ANSWER_NS = 1_000_000_000


def check_kits() -> Check:
    """The libraries of real devices, each loaded in a child."""
    broken = {kit: reason for kit, module in _KITS.items() if (reason := _import_error(module))}
    if broken:
        reasons = "; ".join(f"{kit} ({reason})" for kit, reason in broken.items())
        return Check("SDKs", False, f"Some cannot be loaded: {reasons}.", "Run 'make setup'.")
    return Check("SDKs", True, f"{', '.join(_KITS)} can be used.")


def _import_error(module: str) -> str:
    """The last line of what went wrong; empty when nothing did."""
    command = [sys.executable, "-W", "ignore", "-c", f"import {module}"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_IMPORT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return "it hangs"
    if result.returncode == 0:
        return ""
    return (result.stderr.strip().splitlines() or [f"it ended with {result.returncode}"])[-1].rstrip(".")


def check_gpu() -> Check:
    """What trainings run on."""
    import torch

    if torch.cuda.is_available():
        memory_gb = torch.cuda.get_device_properties(0).total_memory / 1e9
        return Check("GPU", True, f"Trainings run on {torch.cuda.get_device_name(0)} with {memory_gb:.0f} GB.")
    return Check("GPU", True, "Trainings run on the processor; the full-size presets are for an NVIDIA GPU.")


def check_multicast() -> Check:
    """A message sent over LCM on this machine and received."""
    heard: list[bytes] = []
    try:
        link = LcmLink(_MULTICAST)
    except DeviceError as error:
        return Check("LCM", True, f"No arm over LCM can be used here. {error}")
    link.subscribe("RETICLE_DOCTOR", lambda _, data: heard.append(data))
    link.start()
    until_ns, clock = monotonic_ns() + _ANSWER_NS, WallClock()
    while not heard and monotonic_ns() < until_ns:
        link.publish("RETICLE_DOCTOR", b"")
        clock.wait_until(monotonic_ns() + _ANSWER_NS // 50)
    link.close()
    if heard:
        return Check("LCM", True, "LCM messages arrive on this machine.")
    remedy = "Allow UDP multicast to 239.255.76.67 in the firewall."
    return Check("LCM", False, "LCM messages get lost on this machine.", remedy)


def check_devices(rig: Path) -> list[Check]:
    """Every real device of a rig file; none when the file cannot be read."""
    try:
        config = load_rig(rig)
    except InputError:
        return []
    parts: list[tuple[str, Registry, DeviceConfig | CameraConfig]] = [
        ("arm", ARMS, config.arm),
        ("gripper", GRIPPERS, config.gripper),
        *((f"{camera.role} camera", CAMERAS, camera) for camera in config.cameras),
        *((device.driver, TELEOPERATION, device) for device in config.teleoperation.devices),
    ]
    return [check for part in parts if (check := _check(*part, config)) is not None]


def _check(name: str, registry: Registry, wanted: DeviceConfig | CameraConfig, rig: RigConfig) -> Check | None:
    entry = registry.get(wanted.driver)
    if entry.module is None:
        return Check(name, False, f"Its driver cannot be loaded: {entry.unavailable}.", "Run 'make setup'.")
    if entry.info.simulated:
        return None
    if rig.simulated_driver is not None and registry in (ARMS, GRIPPERS):
        return Check(name, True, "Its driver is simulated: the station starts it.")
    found: Check = entry.module.check(wanted, rig)
    return Check(name, found.ok, found.message, found.remedy)
