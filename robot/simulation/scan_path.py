"""The arm's sweep around a static scene, as Dense Object Nets scans: the wrist camera looks at the workspace's centre
from a dome above it.

Frames: the camera C looks along its z at the centre; the hand's E follows as ``X_WE = X_WC @ X_EC^-1``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from core.clock import LockstepClock
from core.errors import DeviceError, InputError, StopReason
from core.geometry import SE3, Array
from core.messages import CameraInfo, Frame, Source
from robot.assembly import Scene, assemble
from robot.control_loop import ControlLoop
from robot.controller import Controller
from robot.description import HOME_Q
from robot.devices import Camera
from robot.replay import Trajectory, TrajectorySource
from robot.rig import RigConfig, WorkspaceConfig
from robot.simulation.cameras import X_EC_WRIST

ROLE = "wrist"
_LEASE = 1
_SPEED_M_S, _SPEED_RAD_S = 0.24, 0.95
_ARRIVED_M, _ARRIVED_RAD, _ARRIVED_S = 0.0005, 0.002, 0.1
"""The hand rests when it is so near for so long; the elbow may still be settling, which no camera sees."""
_REACHED_M, _REACHED_RAD = 0.001, 0.005
_SETTLE_LIMIT_S = 2.0
_SOLVING_RATE_HZ = 20.0
_SOLVING_STEPS = 60
_PATIENCE_STEPS = 5
_AT_ONCE_RAD_S2 = 1e6
_ROLLS_RAD = tuple(math.radians(angle) for angle in (0, 45, -45, 90, -90, 135, -135, 175))


@dataclass(frozen=True, slots=True)
class Dome:
    """Where the camera goes: ``rings`` from ``low_rad`` to ``high_rad`` above the horizon, ``distance_m`` from the
    centre ``p_WD``. ``candidates`` are spread about equally far apart; an iiwa reaches about 400 of the default.
    """

    p_WD: tuple[float, float, float] = (0.6, 0.0, 0.03)
    distance_m: float = 0.36
    low_rad: float = math.radians(40.0)
    high_rad: float = math.radians(85.0)
    rings: int = 8
    candidates: int = 590


def camera_poses(dome: Dome) -> Iterator[SE3]:
    """``X_WC`` of about ``dome.candidates`` views, ring by ring upwards and to and fro, so that neighbours follow."""
    elevations = np.linspace(dome.low_rad, dome.high_rad, dome.rings)
    shares = np.cos(elevations) / np.cos(elevations).sum()
    for ring, (elevation, share) in enumerate(zip(elevations, shares, strict=True)):
        count = max(1, round(dome.candidates * float(share)))
        azimuths = -math.pi + (np.arange(count) + 0.5) * 2.0 * math.pi / count
        for azimuth in azimuths[:: 1 if ring % 2 == 0 else -1]:
            yield _looking_at_centre(dome, float(azimuth), float(elevation))


def _looking_at_centre(dome: Dome, azimuth: float, elevation: float) -> SE3:
    """``X_WC`` with the image's upper edge away from the robot, as when the hand hangs down at home."""
    outwards = np.array(
        [math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)]
    )
    z = -outwards
    y = np.array([-1.0, 0.0, 0.0])
    y = y - (y @ z) * z
    y /= np.linalg.norm(y)
    return SE3.from_rotation(np.column_stack([np.cross(y, z), y, z]), dome.p_WD + dome.distance_m * outwards)


class Reach:
    """Whether the controller's inverse kinematics bring the hand to a pose, asked from one pose to the next."""

    def __init__(self, config: RigConfig) -> None:
        limits = msgspec.structs.replace(config.limits, joint_acceleration_rad_s2=_AT_ONCE_RAD_S2)
        self._controller = Controller(msgspec.structs.replace(config, control_rate_hz=_SOLVING_RATE_HZ, limits=limits))
        self._workspace = config.workspace
        self.q: Array = HOME_Q.copy()

    def reaches(self, X_WE: SE3) -> bool:
        """Whether it does; ``q`` is then the joints ``(7,)`` that hold the hand there, else those of before."""
        if not _inside(self._workspace, X_WE):
            return False
        self._controller.reset(self.q)
        best, best_step = math.inf, 0
        for step in range(_SOLVING_STEPS):
            q = self._controller.step(X_WE)
            distance, angle = self._controller.forward(q).distance(X_WE)
            if distance < _REACHED_M and angle < _REACHED_RAD:
                self.q = q.copy()
                return True
            if distance + angle < best:
                best, best_step = distance + angle, step
            elif step - best_step > _PATIENCE_STEPS:
                return False
        return False


def _inside(workspace: WorkspaceConfig, X_WE: SE3) -> bool:
    low, high = np.array(workspace.min_W) + workspace.margin_m, np.array(workspace.max_W) - workspace.margin_m
    return bool(((X_WE.p >= low) & (X_WE.p <= high)).all())


@dataclass(frozen=True, slots=True, eq=False)
class ReachedPose:
    """``X_WE`` of a view and joints ``q: (7,)`` that hold the hand there."""

    X_WE: SE3
    q: Array


def reached_poses(config: RigConfig, dome: Dome | None = None) -> Iterator[ReachedPose]:
    """The views of a dome that the arm reaches, in an order that keeps neighbours together.

    Where the picture as rolled before is out of reach, the camera is rolled about its axis; what is still out of reach
    is left out, so there are fewer views than candidates.
    """
    reach, last = Reach(config), 0.0
    for X_WC in camera_poses(dome or Dome()):
        for roll in sorted(_ROLLS_RAD, key=lambda each, last=last: abs(each - last)):  # type: ignore[misc]
            X_WE = X_WC @ SE3.from_rotation_vector((0.0, 0.0, roll)) @ X_EC_WRIST.inverse()
            if reach.reaches(X_WE):
                last = roll
                yield ReachedPose(X_WE, reach.q)
                break


def scan_poses(config: RigConfig, dome: Dome | None = None) -> Iterator[SE3]:
    """``X_WE`` of ``reached_poses``: what ``scan`` drives through."""
    return (reached.X_WE for reached in reached_poses(config, dome))


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What a sweep brought home: the camera, its posed frames, and how many poses were not reached."""

    camera: CameraInfo
    frames: list[Frame]
    missed: int


def scan(config: RigConfig, task: str, poses: Iterable[SE3], *, seed: int = 0, distribution: str = "train") -> Scan:
    """Sweep over a task's scene in lockstep simulated time: one noisy RGBD image at every pose ``X_WE``.

    Same control loop and safety as live. DeviceError when the arm stops on the way, with the reason.
    """
    clock = LockstepClock()
    devices = assemble(config, clock, task=task, cameras=(ROLE,), synchronous=True)
    if devices.scene is None:
        raise InputError(f"The rig '{config.name}' is not simulated; scan with a simulated rig.")
    devices.scene.reset(seed, distribution)
    loop = ControlLoop(config, devices.arm, devices.gripper, clock, {})
    loop.start()
    sweep = _Sweep(loop, clock, devices.scene, devices.cameras[0])
    try:
        for pose in poses:
            sweep.visit(pose)
    finally:
        devices.scene.close()
    return Scan(devices.cameras[0].info, sweep.frames, sweep.missed)


class _Sweep:
    """Drives leg by leg and takes a picture at the end of each; between them the camera draws nothing."""

    def __init__(self, loop: ControlLoop, clock: LockstepClock, scene: Scene, camera: Camera) -> None:
        self._loop, self._clock, self._scene, self._camera = loop, clock, scene, camera
        self._deadline_ns = clock.now_ns()
        self.frames: list[Frame] = []
        self.missed = 0
        self._tick()

    def visit(self, X_WE: SE3) -> None:
        """Go there and take a picture; a pose that is not reached in time is counted as missed."""
        start, width = self._loop.grant(Source.REPLAY, _LEASE)
        trajectory = Trajectory.straight(start, X_WE, width, _SPEED_M_S, _SPEED_RAD_S)
        self._loop.add_source(
            Source.REPLAY, TrajectorySource(trajectory, self._clock, Source.REPLAY, _LEASE, self._loop)
        )
        limit_ns = self._clock.now_ns() + round((float(trajectory.times_s[-1]) + _SETTLE_LIMIT_S) * 1e9)
        near_ns = 0
        while near_ns < round(_ARRIVED_S * 1e9):
            if self._clock.now_ns() > limit_ns:
                self.missed += 1
                return
            self._tick()
            near_ns = near_ns + self._loop.period_ns if self._is_near(X_WE) else 0
        self._picture()

    def _is_near(self, X_WE: SE3) -> bool:
        distance, angle = self._loop.distance_to(X_WE)
        return distance < _ARRIVED_M and angle < _ARRIVED_RAD

    def _picture(self) -> None:
        taken: list[Frame] = []
        self._camera.start(taken.append)
        while not taken:
            self._tick()
        self._camera.stop()
        self.frames.append(replace(taken[0], sequence=len(self.frames)))

    def _tick(self) -> None:
        self._clock.wait_until(self._deadline_ns)
        self._scene.advance(self._deadline_ns)
        self._loop.tick()
        self._deadline_ns += self._loop.period_ns
        reason: StopReason | None = self._loop.stop_reason
        if reason is not None:
            raise DeviceError(f"The scan was interrupted. {reason.sentence}")
