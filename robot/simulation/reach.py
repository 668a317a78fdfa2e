"""Shared by the reach tasks: bring the end effector to a pose fixed in the sugar box's frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.geometry import SE3
from core.messages import RobotState, TargetError, Truth
from core.tasks import StartRange
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.task import Distribution, Expert, Moment, TaskBase, flat_pose, truncated_normal

_X_AUTHORS_E = SE3.from_rotation(np.column_stack([(0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)]))
"""Our E in the authors' hand frame: their x is the approach direction, our z (docs/decisions/0010)."""
X_OE_GOAL = SE3.of((-0.384, -0.585, -0.401, 0.592), (0.0090, 0.1173, 0.13)) @ _X_AUTHORS_E
"""The goal in the box's frame (authors' value)."""

TOLERANCE = TargetError(0.012, math.radians(2.0))
_BOX = SUGAR_BOX.name
_X_RANGE_M, _Y_RANGE_M = (0.6, 0.7), (-0.2, 0.2)
_X_SIGMA_M, _Y_SIGMA_M = 0.05, 0.10
_YAW_RAD, _YAW_SPREAD_RAD = math.radians(90.0), math.radians(30.0)
STARTS_T = StartRange(_BOX, _X_RANGE_M, _Y_RANGE_M, (_YAW_RAD, _YAW_RAD))
STARTS_TR = StartRange(_BOX, _X_RANGE_M, _Y_RANGE_M, (_YAW_RAD - _YAW_SPREAD_RAD, _YAW_RAD + _YAW_SPREAD_RAD))
_SPEED_M_S = 0.12
_ANGULAR_SPEED_RAD_S = 0.4


@dataclass(slots=True)
class ReachTask(TaskBase):
    """Box drawn over the table; with ``rotation`` its yaw varies and the hand must turn with it."""

    rotation: bool = False
    tolerance: TargetError = TOLERANCE

    def start_poses(self, rng: np.random.Generator, distribution: Distribution) -> dict[str, SE3]:
        if distribution is Distribution.TEST:
            x, y = float(rng.uniform(*_X_RANGE_M)), float(rng.uniform(*_Y_RANGE_M))
        else:
            x = truncated_normal(rng, sum(_X_RANGE_M) / 2, _X_SIGMA_M, *_X_RANGE_M)
            y = truncated_normal(rng, sum(_Y_RANGE_M) / 2, _Y_SIGMA_M, *_Y_RANGE_M)
        yaw = _YAW_RAD + (float(rng.uniform(-_YAW_SPREAD_RAD, _YAW_SPREAD_RAD)) if self.rotation else 0.0)
        return {_BOX: flat_pose(x, y, SUGAR_BOX.rest_z_m, yaw)}

    def goal_X_WE(self, moment: Moment) -> SE3 | None:
        goal = moment.X_WO[_BOX] @ X_OE_GOAL
        return goal if self.rotation else SE3(moment.X_WE.quat_wxyz, goal.p)

    def error(self, moment: Moment) -> TargetError:
        distance, angle = moment.X_WE.distance(moment.X_WO[_BOX] @ X_OE_GOAL)
        return TargetError(distance, angle if self.rotation else 0.0)

    def expert(self) -> Expert:
        return ReachExpert(self.rotation)


class ReachExpert:
    """Constant speed on a straight line, turning by slerp in step with it; holds at the goal."""

    def __init__(self, rotation: bool) -> None:
        self._rotation = rotation
        self._setpoint: SE3 | None = None
        self._stamp_ns = 0

    def act(self, state: RobotState, truth: Truth) -> tuple[SE3, float]:
        if self._setpoint is None:
            self._setpoint, self._stamp_ns = state.pose, state.stamp_ns
        period_s = (state.stamp_ns - self._stamp_ns) * 1e-9
        self._stamp_ns = state.stamp_ns
        goal = SE3.from_array(truth.X_WO[_BOX]) @ X_OE_GOAL
        if not self._rotation:
            goal = SE3(self._setpoint.quat_wxyz, goal.p)
        distance, angle = self._setpoint.distance(goal)
        remaining_s = max(distance / _SPEED_M_S, angle / _ANGULAR_SPEED_RAD_S)
        fraction = 1.0 if remaining_s <= period_s else period_s / remaining_s
        self._setpoint = self._setpoint.interpolate(goal, fraction)
        return self._setpoint, 0.0
