"""Push the plate to its place (paper, section V-A)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.geometry import SE3, Array, wrapped
from core.messages import RobotState, TargetError, Truth
from core.tasks import StartRange, TaskInfo
from robot.devices import Joints
from robot.simulation.objects.foam_brick import FOAM_BRICK
from robot.simulation.objects.plate import PLATE, RADIUS_M
from robot.simulation.push import CONTACT_M, START_Q, Fingertip
from robot.simulation.task import Distribution, Expert, Moment, TaskBase, flat_pose

_PLATE = PLATE.name
GOAL_W: Array = np.array([0.61, 0.15])
TOLERANCE_M = 0.01
DISTURBED_UNTIL_M = 0.05
_RING = tuple(
    (float(GOAL_W[0]) + RADIUS_M * math.cos(angle), float(GOAL_W[1]) + RADIUS_M * math.sin(angle), 0.0)
    for angle in np.linspace(0.0, 2.0 * math.pi, 33).tolist()
)
_BRICK_POSE = flat_pose(0.40, 0.05, FOAM_BRICK.rest_z_m, 0.4)
_STARTS = StartRange(_PLATE, (0.55, 0.65), (-0.2, -0.12), (0.0, 0.0))

INFO = TaskInfo(
    name="push_plate",
    title="Push the plate",
    prompt="Push the plate left into the ring.",
    time_limit_s=30.0,
    hold_s=1.0,
    disturbed_until="until the plate's middle is 5 cm from the goal",
    judged="on every tick: the plate's middle within 1 cm of the goal",
    stops="when that has held for one second, or after 30 s",
    camera="left",
    objects=(_PLATE, FOAM_BRICK.name),
    starts=_STARTS,
    goal_lines_W=(_RING,),
)


def build() -> PushPlateTask:
    """The task with its scene, judge and expert."""
    return PushPlateTask(
        INFO,
        (PLATE, FOAM_BRICK),
        fixed=(FOAM_BRICK.name,),
        disturbed=_PLATE,
        pulses_turn=False,
        tolerance=TargetError(TOLERANCE_M),
    )


def _distance(X_WO: SE3) -> float:
    return float(np.linalg.norm(X_WO.p[:2] - GOAL_W))


@dataclass(slots=True)
class PushPlateTask(TaskBase):
    """The plate starts at the right; a foam brick stands by, fixed."""

    @property
    def start_q(self) -> Joints:
        return START_Q

    def start_poses(self, rng: np.random.Generator, distribution: Distribution) -> dict[str, SE3]:
        x, y = float(rng.uniform(*_STARTS.x_m)), float(rng.uniform(*_STARTS.y_m))
        yaw = float(rng.uniform(-math.pi, math.pi))
        return {_PLATE: flat_pose(x, y, PLATE.rest_z_m, yaw), FOAM_BRICK.name: _BRICK_POSE}

    def disturbances_act(self, moment: Moment) -> bool:
        return _distance(moment.X_WO[_PLATE]) > DISTURBED_UNTIL_M

    def error(self, moment: Moment) -> TargetError:
        return TargetError(_distance(moment.X_WO[_PLATE]))

    def expert(self) -> Expert:
        return PushPlateExpert()


_HEIGHT_M = 0.006
_FAST_M_S, _SLOW_M_S, _TAPER_M = 0.054, 0.012, 0.025
_APPROACH_M_S = 0.12
_LEAD_LIMIT_M = 0.003
_CLEAR_M = 0.02
_MISALIGNED_RAD, _ALIGNED_RAD = math.radians(25.0), math.radians(10.0)
_HOLD_M = 0.004


class PushPlateExpert:
    """Static: it touches the rim opposite the goal, whatever came before, and holds when the plate is there."""

    def __init__(self) -> None:
        self._finger = Fingertip(_HEIGHT_M)
        self._circling = True

    def act(self, state: RobotState, truth: Truth) -> tuple[SE3, float]:
        finger = self._finger
        finger.begin_tick(state)
        X_WO = SE3.from_array(truth.X_WO[_PLATE])
        distance = _distance(X_WO)
        if distance > _HOLD_M:
            self._push(X_WO.p[:2], distance)
        return finger.setpoint, 0.0

    def _push(self, middle: Array, distance: float) -> None:
        """In polar coordinates about the plate's middle."""
        finger = self._finger
        arm = finger.p - middle
        radius, angle = float(np.linalg.norm(arm)), math.atan2(arm[1], arm[0])
        behind = math.atan2(middle[1] - GOAL_W[1], middle[0] - GOAL_W[0])
        turn = wrapped(behind - angle)
        if abs(turn) > _MISALIGNED_RAD:
            self._circling = True
        elif abs(turn) < _ALIGNED_RAD:
            self._circling = False
        depth = RADIUS_M + CONTACT_M - radius
        sideways = float(np.clip(turn * radius / max(finger.period_s, 1e-6), -_APPROACH_M_S, _APPROACH_M_S))
        inwards = self._inward_speed(depth, distance)
        if self._circling and depth > -0.5 * _CLEAR_M:
            sideways = 0.0
        outward = arm / radius
        finger.move(-inwards * outward + sideways * np.array([-outward[1], outward[0]]))

    def _inward_speed(self, depth: float, distance: float) -> float:
        """Towards the middle; ``depth`` is how far the finger is inside the rim (negative: clear of it)."""
        if self._circling:
            return float(np.clip((-_CLEAR_M - depth) / 0.05, -_APPROACH_M_S, _APPROACH_M_S))
        if depth > _LEAD_LIMIT_M:
            return 0.0
        if depth < -0.005:
            return _APPROACH_M_S
        return _SLOW_M_S + (_FAST_M_S - _SLOW_M_S) * min(1.0, distance / _TAPER_M)
