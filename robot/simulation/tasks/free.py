"""Free play: several things on the table and no rules; lifting the box of sugar by 10 cm counts as success."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.geometry import SE3, wrapped, yaw_of
from core.messages import RobotState, TargetError, Truth
from core.tasks import TaskInfo
from robot.description import GRIPPER_MAX_WIDTH_M
from robot.simulation.objects.ball import BALL
from robot.simulation.objects.foam_brick import FOAM_BRICK
from robot.simulation.objects.mug import MUG
from robot.simulation.objects.scene_object import SceneObject
from robot.simulation.objects.soup_can import SOUP_CAN
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.task import Distribution, Expert, Moment, TaskBase, flat_pose

_BOX = SUGAR_BOX.name
LIFT_M = 0.10
_OBJECTS = (SUGAR_BOX, MUG, SOUP_CAN, FOAM_BRICK, BALL)
_X_RANGE_M, _Y_RANGE_M = (0.46, 0.76), (-0.30, 0.30)
_GAP_M, _BOX_GAP_M = 0.02, 0.05

INFO = TaskInfo(
    name="free",
    title="Free play",
    prompt="Play with what is on the table; lift the box of sugar by 10 cm if you like.",
    time_limit_s=120.0,
    hold_s=0.5,
    disturbed_until="never by itself; drag things with the mouse",
    judged="on every tick: the box of sugar at least 10 cm above where it lies on the table",
    stops="when that has held for half a second, or after 120 s",
    camera="right",
    objects=tuple(thing.name for thing in _OBJECTS),
)


def build() -> FreeTask:
    """The task with its scene, judge and expert."""
    return FreeTask(INFO, _OBJECTS, start_width_m=GRIPPER_MAX_WIDTH_M)


@dataclass(slots=True)
class FreeTask(TaskBase):
    """Everything stands somewhere apart; the box has room for the fingers."""

    def start_poses(self, rng: np.random.Generator, distribution: Distribution) -> dict[str, SE3]:
        poses: dict[str, SE3] = {}
        placed: list[tuple[float, float, SceneObject]] = []
        for thing in self.objects:
            x, y = _free_place(rng, thing, placed)
            placed.append((x, y, thing))
            poses[thing.name] = flat_pose(x, y, thing.rest_z_m, float(rng.uniform(-math.pi, math.pi)))
        return poses

    def error(self, moment: Moment) -> TargetError:
        return TargetError(max(0.0, SUGAR_BOX.rest_z_m + LIFT_M - float(moment.X_WO[_BOX].p[2])))

    def expert(self) -> Expert:
        return GraspExpert()


def _free_place(
    rng: np.random.Generator, thing: SceneObject, placed: list[tuple[float, float, SceneObject]]
) -> tuple[float, float]:
    """A place on the table with room around it."""
    while True:
        x, y = float(rng.uniform(*_X_RANGE_M)), float(rng.uniform(*_Y_RANGE_M))
        gaps = (
            math.hypot(x - other_x, y - other_y)
            - thing.radius_m
            - other.radius_m
            - (_BOX_GAP_M if other is SUGAR_BOX else _GAP_M)
            for other_x, other_y, other in placed
        )
        if all(gap > 0 for gap in gaps):
            return x, y


_ABOVE_M, _GRASP_Z_M, _LIFTED_M = 0.16, 0.010, 0.14
_TRAVEL_M_S, _DESCEND_M_S, _LIFT_M_S = 0.20, 0.12, 0.10
_ANGULAR_SPEED_RAD_S = 0.8
_GRIP_S = 0.9
_CLOSE_ENOUGH_M = 0.002


class GraspExpert:
    """Over the box, down around its narrow sides, close, lift. The phases only go forward."""

    def __init__(self) -> None:
        self._setpoint: SE3 | None = None
        self._stamp_ns = 0
        self._phase = 0
        self._grasp = SE3.identity()
        self._gripping_s = 0.0

    def act(self, state: RobotState, truth: Truth) -> tuple[SE3, float]:
        if self._setpoint is None:
            self._setpoint, self._stamp_ns = state.pose, state.stamp_ns
        period_s = (state.stamp_ns - self._stamp_ns) * 1e-9
        self._stamp_ns = state.stamp_ns
        if self._phase < 2:
            self._grasp = _grasp_pose(SE3.from_array(truth.X_WO[_BOX]), state.pose)
        height, speed = ((_ABOVE_M, _TRAVEL_M_S), (0.0, _DESCEND_M_S), (0.0, _DESCEND_M_S), (_LIFTED_M, _LIFT_M_S))[
            self._phase
        ]
        goal = SE3(self._grasp.quat_wxyz, self._grasp.p + np.array([0.0, 0.0, height]))
        self._setpoint = _stepped(self._setpoint, goal, speed * period_s, _ANGULAR_SPEED_RAD_S * period_s)
        self._next_phase(state, goal, period_s)
        return self._setpoint, (GRIPPER_MAX_WIDTH_M if self._phase < 2 else 0.0)

    def _next_phase(self, state: RobotState, goal: SE3, period_s: float) -> None:
        if self._phase < 2 and state.pose.distance(goal)[0] < _CLOSE_ENOUGH_M:
            self._phase += 1
        elif self._phase == 2:
            self._gripping_s += period_s
            self._phase += self._gripping_s > _GRIP_S


def _grasp_pose(X_WO: SE3, X_WE: SE3) -> SE3:
    """Hand down, fingers opening along the box's narrow x axis, whichever way round turns the hand less."""
    yaw = yaw_of(X_WO) - math.pi / 2  # of E's -x axis: E's y along the box's x
    current = math.atan2(-X_WE.R[1, 0], -X_WE.R[0, 0])
    if abs(wrapped(yaw - current)) > math.pi / 2:
        yaw += math.pi
    down = SE3.from_rotation(np.diag([-1.0, 1.0, -1.0]))
    return SE3.from_rotation_vector((0.0, 0.0, yaw), (X_WO.p[0], X_WO.p[1], _GRASP_Z_M)) @ down


def _stepped(pose: SE3, goal: SE3, step_m: float, step_rad: float) -> SE3:
    distance, angle = pose.distance(goal)
    fraction = min(1.0, step_m / max(distance, 1e-9), step_rad / max(angle, 1e-9))
    return pose.interpolate(goal, fraction)
