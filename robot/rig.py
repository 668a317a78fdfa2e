"""The rig file: which arm, gripper and cameras, where the arm may go, how fast, and when it stops.

TOML, validated on reading; an error names the file, the key and what is allowed. Every safety number of the
architecture's table has its default here.
"""

from __future__ import annotations

import math
from pathlib import Path

import msgspec

from core.errors import InputError
from robot.devices import JOINT_COUNT
from robot.drivers import check_drivers
from robot.lcm_link import DEFAULT_URL

RIGS = Path(__file__).resolve().parents[1] / "resources" / "rigs"
DEFAULT_RIG = RIGS / "simulated.toml"

WRIST = "wrist"
"""Role of the camera on the hand."""
Triple = tuple[float, float, float]
Pose = tuple[float, float, float, float, float, float, float]


_IDENTITY: Pose = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class DeviceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device: the name of its driver and the driver's own options."""

    driver: str
    options: dict[str, str | int | float | bool] = {}


class CameraConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A camera by role: the role names its topic, its channel and its column.

    ``X_WC`` or ``X_EC``: where a real one is fixed, in the world or on the hand, until it is calibrated.
    """

    role: str
    driver: str
    rate_hz: float = 30.0
    options: dict[str, str | int | float | bool] = {}
    X_WC: Pose | None = None
    X_EC: Pose | None = None

    @property
    def mounting(self) -> tuple[Pose | None, Pose | None]:
        """``X_WC`` and ``X_EC``, one of which is None; the camera on the hand is called ``wrist``."""
        if self.X_WC is None and self.X_EC is None:
            return (None, _IDENTITY) if self.role == WRIST else (_IDENTITY, None)
        return self.X_WC, self.X_EC


class WorkspaceConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The box the hand may move in (m, world frame); setpoints stay ``margin_m`` inside of it."""

    min_W: Triple = (0.25, -0.55, -0.015)
    max_W: Triple = (0.90, 0.55, 0.85)
    margin_m: float = 0.02
    table_z_m: float = 0.0


class LimitsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fast the hand and the joints may move; on a real rig a policy's first attempts at ``first_speed_m_s``."""

    speed_m_s: float = 0.25
    acceleration_m_s2: float = 1.0
    angular_speed_rad_s: float = 1.0
    angular_acceleration_rad_s2: float = 5.0
    braking_m_s2: float = 5.0
    braking_rad_s2: float = 20.0
    joint_acceleration_rad_s2: float = 15.0
    joint_margin_rad: float = 0.1
    gripper_speed_m_s: float = 0.15
    gripper_force_n: float = 40.0
    jump_factor: float = 2.0
    first_speed_m_s: float = 0.1
    first_attempts: int = 3
    external_torque_nm: tuple[float, ...] = (60.0, 60.0, 60.0, 30.0, 12.0, 12.0, 6.0)


class WatchdogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the arm brakes and when it stops for good, in seconds.

    A policy must act within ``policy_first_s`` of getting the arm and then as often as it was trained to, for which it
    has ``policy_least_s`` at least: an operating system keeps no closer time.
    """

    heartbeat_brake_s: float = 0.150
    heartbeat_stop_s: float = 0.300
    window_brake_s: float = 0.250
    window_stop_s: float = 1.0
    setpoint_brake_s: float = 0.150
    control_late_stop_s: float = 1.0
    policy_first_s: float = 1.0
    policy_least_s: float = 0.05


class TeleoperationConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``hold_to_move``: the arm moves only while a motion key or button is held (dead-man); always on a real rig.

    ``devices``: what drives the arm besides mouse and keyboard.
    """

    hold_to_move: bool = True
    devices: tuple[DeviceConfig, ...] = ()


class SimulatedDriverConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Simulated drivers that the station starts for a rig over LCM: what lies on their table."""

    task: str = "free"
    seed: int = 0


class RigConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole rig."""

    name: str
    arm: DeviceConfig
    gripper: DeviceConfig
    cameras: tuple[CameraConfig, ...]
    title: str = ""
    simulated: bool = False
    control_rate_hz: float = 200.0
    inverse_kinematics: str = "mink"
    workspace: WorkspaceConfig = WorkspaceConfig()
    limits: LimitsConfig = LimitsConfig()
    watchdogs: WatchdogConfig = WatchdogConfig()
    teleoperation: TeleoperationConfig = TeleoperationConfig()
    simulated_driver: SimulatedDriverConfig | None = None


def load_rig(path: Path = DEFAULT_RIG) -> RigConfig:
    """Read and validate a rig file; InputError names the file and the key."""
    try:
        config = msgspec.toml.decode(path.read_bytes(), type=RigConfig)
    except OSError as error:
        raise InputError(f"The rig file {path} cannot be read: {error.strerror or error}.") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"The rig file {path} is not valid: {error}; see resources/rigs for an example.") from error
    _check(config, path)
    check_drivers(config, path)
    return config


def _check(config: RigConfig, path: Path) -> None:
    roles = [camera.role for camera in config.cameras]
    duplicates = {role for role in roles if roles.count(role) > 1}
    if duplicates:
        raise InputError(f"The rig file {path} names the camera role '{duplicates.pop()}' twice; roles are unique.")
    for camera in config.cameras:
        _check_mounting(camera, path)
    if not all(low < high for low, high in zip(config.workspace.min_W, config.workspace.max_W, strict=True)):
        raise InputError(f"In the rig file {path}, workspace.min_W must be below workspace.max_W on every axis.")
    if config.inverse_kinematics not in ("mink", "damped_least_squares"):
        raise InputError(
            f"In the rig file {path}, inverse_kinematics is '{config.inverse_kinematics}';"
            " choose mink or damped_least_squares."
        )
    if not config.simulated and not config.teleoperation.hold_to_move:
        raise InputError(
            f"In the rig file {path}, teleoperation.hold_to_move is false; a real arm moves only while a key or button"
            " is held, so remove the line."
        )
    if len(config.limits.external_torque_nm) != JOINT_COUNT:
        raise InputError(f"In the rig file {path}, limits.external_torque_nm needs seven numbers.")
    if config.simulated_driver is not None:
        _check_network(config, path)
    _check_numbers(config, path)


def _check_mounting(camera: CameraConfig, path: Path) -> None:
    if camera.X_WC is not None and camera.X_EC is not None:
        raise InputError(
            f"In the rig file {path}, camera '{camera.role}' has X_WC and X_EC; remove the one that is wrong."
        )
    for pose in camera.mounting:
        if pose is not None and not abs(math.hypot(*pose[:4]) - 1.0) <= 1e-3:
            raise InputError(
                f"In the rig file {path}, the pose of camera '{camera.role}' must be a unit quaternion (w, x, y, z)"
                " and a position in metres."
            )


def _check_network(config: RigConfig, path: Path) -> None:
    """Simulated drivers must never speak where real ones do."""
    urls = {config.arm.options.get("url"), config.gripper.options.get("url")}
    if len(urls) != 1 or urls & {None, DEFAULT_URL}:
        raise InputError(
            f"The rig file {path} has a simulated_driver, so options.url of arm and gripper must both be one network of"
            f" their own, with another port than {DEFAULT_URL}."
        )


def _check_numbers(config: RigConfig, path: Path) -> None:
    """A guard with a number that is not finite or not above zero would be switched off without a word."""
    numbers: dict[str, float] = {"control_rate_hz": config.control_rate_hz}
    numbers |= {f"rate_hz of camera '{camera.role}'": camera.rate_hz for camera in config.cameras}
    for section, limits in (("limits", config.limits), ("watchdogs", config.watchdogs)):
        for key, value in msgspec.structs.asdict(limits).items():
            values = value if isinstance(value, tuple) else (value,)
            numbers |= {f"{section}.{key}": _worst(values)}
    for key, number in numbers.items():
        if not (math.isfinite(number) and number > 0.0):
            raise InputError(f"In the rig file {path}, {key} is {number}; it must be a finite number over 0.")
    workspace = config.workspace
    smallest = min(high - low for low, high in zip(workspace.min_W, workspace.max_W, strict=True))
    if not 0.0 <= workspace.margin_m < smallest / 2:
        raise InputError(
            f"In the rig file {path}, workspace.margin_m is {workspace.margin_m}; it must be at least 0 and under half"
            f" of the box's shortest side, {smallest / 2:.3f}."
        )


def _worst(values: tuple[float, ...]) -> float:
    """The first that is not finite, else the smallest."""
    return next((value for value in values if not math.isfinite(value)), min(values))
