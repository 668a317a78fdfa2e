"""The arm's sweep around a static scene, as Dense Object Nets scans: the wrist camera looks at the workspace's centre
from a dome above it.

Frames: the camera C looks along its z at the centre; the hand's E follows as ``X_WE = X_WC @ X_EC^-1``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from core.geometry import SE3, Array
from robot.controller import Controller
from robot.description import HOME_Q
from robot.rig import RigConfig, WorkspaceConfig

_REACHED_M, _REACHED_RAD = 0.001, 0.005
_SOLVING_RATE_HZ = 20.0
_SOLVING_STEPS = 60
_PATIENCE_STEPS = 5
_AT_ONCE_RAD_S2 = 1e6
_VIEWS = 400
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

    @staticmethod
    def of(views: int) -> Dome:
        """The default dome with about so many views within the arm's reach, as far apart on a ring as the rings are."""
        share, usual = views / _VIEWS, Dome()
        return Dome(rings=max(2, round(usual.rings * math.sqrt(share))), candidates=round(usual.candidates * share))


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
    """``X_WE`` of a view, joints ``q: (7,)`` that hold the hand there, and which share of the views comes before it."""

    X_WE: SE3
    q: Array
    share: float


def reached_poses(config: RigConfig, X_EC: SE3, dome: Dome) -> Iterator[ReachedPose]:
    """The views of a dome that the arm reaches, in an order that keeps neighbours together.

    Where the picture as rolled before is out of reach, the camera is rolled about its axis; what is still out of reach
    is left out, so there are fewer views than candidates.
    """
    reach, last = Reach(config), 0.0
    every = list(camera_poses(dome))
    for number, X_WC in enumerate(every):
        for roll in sorted(_ROLLS_RAD, key=lambda each, last=last: abs(each - last)):  # type: ignore[misc]
            X_WE = X_WC @ SE3.from_rotation_vector((0.0, 0.0, roll)) @ X_EC.inverse()
            if reach.reaches(X_WE):
                last = roll
                yield ReachedPose(X_WE, reach.q, number / len(every))
                break


@dataclass(frozen=True, slots=True, eq=False)
class Waypoint:
    """Where a sweep brings the hand, ``X_WE``, and which share of its way comes before. ``is_view``: for a picture."""

    X_WE: SE3
    share: float
    is_view: bool = True


def waypoints(config: RigConfig, X_EC: SE3, dome: Dome) -> Iterator[Waypoint]:
    """Home first, from where the views are known to be within reach, then ``reached_poses``."""
    yield Waypoint(Controller(config).forward(HOME_Q), 0.0, is_view=False)
    yield from (Waypoint(pose.X_WE, pose.share) for pose in reached_poses(config, X_EC, dome))
