"""Typed, frozen messages that cross a process boundary or go into a file.

Stamps are nanoseconds on the clock of the episode or session (core/clock.py). Poses are seven numbers, quaternion
wxyz then position in metres (``SE3.as_tuple``), in the world frame unless the name says otherwise. Joint arrays have
seven entries, radians, rad/s and Nm. Gripper widths are metres between the fingers, 0 to 0.110.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.geometry import SE3, PinholeCamera

Floats = tuple[float, ...]


class Source(StrEnum):
    """Who asks for a setpoint."""

    HAND = "hand"
    EXPERT = "expert"
    POLICY = "policy"
    REPLAY = "replay"
    HOME = "home"
    SCAN = "scan"


class ControlMode(StrEnum):
    """What the control loop was doing on a tick."""

    IDLE = "idle"
    TRACKING = "tracking"
    BRAKING = "braking"
    STOPPED = "stopped"


class Disturbance(StrEnum):
    """Who disturbs the scene on a tick."""

    NONE = "none"
    MANUAL = "manual"
    SCRIPTED = "scripted"


class Integrity(StrEnum):
    """What is known of an episode's file. ``cut``: a write error ended it early, all before it is there."""

    OK = "ok"
    CUT = "cut"
    RECOVERED = "recovered"
    UNFINISHED = "unfinished"
    DAMAGED = "damaged"
    MISSING = "missing"


class Setpoint(msgspec.Struct, frozen=True, array_like=True):
    """A wanted end-effector pose and gripper width, from whoever holds the lease."""

    source: Source
    lease: int
    sequence: int
    stamp_ns: int
    observation_sequence: int
    X_WE: Floats
    gripper_width_m: float

    @property
    def pose(self) -> SE3:
        return SE3.from_array(self.X_WE)


class RobotState(msgspec.Struct, frozen=True, array_like=True):
    """What the arm and the gripper measured on one control tick."""

    stamp_ns: int
    sequence: int
    q: Floats
    dq: Floats
    tau_external: Floats
    X_WE: Floats
    gripper_width_m: float
    gripper_force_n: float

    @property
    def pose(self) -> SE3:
        return SE3.from_array(self.X_WE)


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One control tick: what was measured, what was wanted, what was sent. Both actions are recorded.

    ``wanted`` is None while nobody holds a lease. ``sent_X_WE`` is the pose after speed, acceleration, workspace and
    joint limits; ``sent_q`` the joint positions commanded. The paper's action, relative to the current pose, is
    ``T_delta_cmd = X_WE(state)^-1 @ X_WE(setpoint)`` (section IV-A) and is computed from these, never stored twice.
    """

    state: RobotState
    wanted: Setpoint | None
    sent_X_WE: Floats
    sent_q: Floats
    sent_gripper_width_m: float
    mode: ControlMode
    disturbance: Disturbance = Disturbance.NONE

    @property
    def T_delta_wanted(self) -> SE3 | None:
        return None if self.wanted is None else self.state.pose.inverse() @ self.wanted.pose


class Truth(msgspec.Struct, frozen=True, array_like=True):
    """What only a simulator knows: object poses by name. Privileged; never an input of an image policy."""

    stamp_ns: int
    X_WO: dict[str, Floats]


class TargetError(msgspec.Struct, frozen=True):
    """How far from its target something is: metres, and radians where the task asks for a turn too."""

    distance_m: float
    angle_rad: float = 0.0

    def within(self, tolerance: TargetError) -> bool:
        return self.distance_m <= tolerance.distance_m and self.angle_rad <= tolerance.angle_rad


class EpisodeEvent(msgspec.Struct, frozen=True):
    """Something that happened during an episode: stop, disturbance, lease change, drop, gap, note."""

    stamp_ns: int
    name: str
    message: str = ""
    data: dict[str, Any] = {}


class CameraInfo(msgspec.Struct, frozen=True):
    """A camera by role. ``X_WC`` for a fixed camera, ``X_EC`` for one on the hand: exactly one is set."""

    role: str
    width: int
    height: int
    rate_hz: float
    fx: float
    fy: float
    cx: float
    cy: float
    depth_scale_m: float = 0.001
    X_WC: Floats | None = None
    X_EC: Floats | None = None
    distortion: Floats = ()
    serial: str = ""
    model: str = ""
    calibration_id: str = ""

    @property
    def pinhole(self) -> PinholeCamera:
        """The intrinsics; see ``require_usable``."""
        self.require_usable()
        return PinholeCamera(self.width, self.height, self.fx, self.fy, self.cx, self.cy)

    def require_usable(self) -> None:
        """InputError when the intrinsics are such as no camera has."""
        if not (self.fx > 0.0 and self.fy > 0.0 and 0.0 <= self.cx < self.width and 0.0 <= self.cy < self.height):
            raise InputError(
                f"The {self.role} camera cannot have fx {self.fx:g}, fy {self.fy:g}, cx {self.cx:g}, cy {self.cy:g} in "
                f"images of {self.width}x{self.height} pixels; calibrate it and record again."
            )

    def pose(self, X_WE: SE3) -> SE3:
        """``X_WC`` when the end effector is at ``X_WE``."""
        if self.X_WC is not None:
            return SE3.from_array(self.X_WC)
        return X_WE @ SE3.from_array(self.X_EC if self.X_EC is not None else SE3.identity().as_tuple())


@dataclass(frozen=True, slots=True)
class Frame:
    """One image pair of one camera, owned by the receiver (already copied out of the driver).

    ``rgb: (H, W, 3) uint8``; ``depth: (H, W) uint16`` in units of the camera's ``depth_scale_m``, 0 is invalid, or
    None for a colour camera. ``sequence`` counts the camera's own frames, so a hole in it is a drop.
    """

    role: str
    sequence: int
    capture_ns: int
    receive_ns: int
    rgb: NDArray[np.uint8]
    depth: NDArray[np.uint16] | None
    X_WC: SE3


class EpisodeMetadata(msgspec.Struct, frozen=True):
    """Everything needed to rebuild the catalogue row; stands in the episode file itself.

    ``objects``: what a person says lies in a scanned scene (``core.static_scenes``); empty for a demonstration.
    ``policy``: the model that is tried, for an attempt; its ``demonstrator`` is ``policy`` too.
    """

    id: str
    task: str
    created_utc_ns: int
    clock: str
    rig: str
    demonstrator: str = "hand"
    operator: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    simulated: bool = False
    seed: int | None = None
    distribution: str | None = None
    visuals: tuple[str, ...] = ()
    start_poses: dict[str, Floats] = {}
    control_rate_hz: float = 200.0
    software_version: str = ""
    schema_version: int = 1
    objects: tuple[str, ...] = ()
    policy: str = ""


class StreamSummary(msgspec.Struct, frozen=True):
    """What came of one recorded stream. ``dropped`` frames never reached the file; a gap is over 1.5 periods."""

    topic: str
    codec: str
    frames: int
    dropped: int = 0
    gaps: int = 0
    longest_gap_ms: float = 0.0
    rate_hz: float = 0.0
    skew_ms: float = 0.0
    bytes: int = 0


class EpisodeSummary(msgspec.Struct, frozen=True):
    """What came of one recording, sent to whoever owns the catalogue.

    ``success`` is what counts, ``judged`` what the simulator saw; ``disturbance`` who disturbed the scene, a person
    before a script; ``interventions`` how often a hand took the arm from a policy. ``final_error``: how far from its
    target an attempt in simulation ended.
    """

    id: str
    path: str
    bytes: int
    sha256: str
    duration_s: float
    frames: int
    dropped: int
    steps: int
    streams: tuple[StreamSummary, ...]
    success: bool | None = None
    stop_reason: str | None = None
    integrity: str = "ok"
    disturbed: bool = False
    start_poses: dict[str, Floats] = {}
    judged: bool | None = None
    disturbance: Disturbance = Disturbance.NONE
    interventions: int = 0
    final_error: TargetError | None = None
