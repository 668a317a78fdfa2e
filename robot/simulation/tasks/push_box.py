"""Push the box of sugar over a line, straightened (paper, section V-A)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.geometry import SE3, Array, wrapped, yaw_of
from core.messages import RobotState, TargetError, Truth
from core.tasks import StartRange, TaskInfo
from robot.devices import Joints
from robot.simulation.objects.sugar_box import SIZE, SUGAR_BOX
from robot.simulation.push import CONTACT_M, START_Q, Fingertip
from robot.simulation.task import Distribution, Expert, Moment, TaskBase, flat_pose

_BOX = SUGAR_BOX.name
LINE_Y_M = 0.134
DISTURBED_UNTIL_Y_M = 0.05
YAW_TOLERANCE_RAD = math.radians(2.0)
_YAW_RAD, _YAW_SPREAD_RAD = math.radians(90.0), math.radians(30.0)
_STARTS = StartRange(_BOX, (0.58, 0.62), (-0.24, -0.14), (_YAW_RAD - _YAW_SPREAD_RAD, _YAW_RAD + _YAW_SPREAD_RAD))

INFO = TaskInfo(
    name="push_box",
    title="Push the box",
    prompt="Push the box onto the line, long side along it.",
    time_limit_s=30.0,
    hold_s=0.5,
    disturbed_until="until the box's middle passes y = 0.05 m",
    judged="on every tick: the box's middle past y = 0.134 m and its yaw within 2 degrees of 90",
    stops="when that has held for half a second, or after 30 s",
    camera="left",
    objects=(_BOX,),
    starts=_STARTS,
    goal_lines_W=(((0.45, LINE_Y_M, 0.0), (0.85, LINE_Y_M, 0.0)),),
)


def build() -> PushBoxTask:
    """The task with its scene, judge and expert."""
    return PushBoxTask(INFO, (SUGAR_BOX,), disturbed=_BOX, tolerance=TargetError(0.0, YAW_TOLERANCE_RAD))


@dataclass(slots=True)
class PushBoxTask(TaskBase):
    """The box starts at the right with its long side across the push."""

    @property
    def start_q(self) -> Joints:
        return START_Q

    def start_poses(self, rng: np.random.Generator, distribution: Distribution) -> dict[str, SE3]:
        x, y = float(rng.uniform(*_STARTS.x_m)), float(rng.uniform(*_STARTS.y_m))
        yaw = _YAW_RAD + float(rng.uniform(-_YAW_SPREAD_RAD, _YAW_SPREAD_RAD))
        return {_BOX: flat_pose(x, y, SUGAR_BOX.rest_z_m, yaw)}

    def disturbances_act(self, moment: Moment) -> bool:
        return float(moment.X_WO[_BOX].p[1]) < DISTURBED_UNTIL_Y_M

    def error(self, moment: Moment) -> TargetError:
        X_WO = moment.X_WO[_BOX]
        return TargetError(max(0.0, LINE_Y_M - float(X_WO.p[1])), abs(wrapped(yaw_of(X_WO) - _YAW_RAD)))

    def expert(self) -> Expert:
        return PushBoxExpert()


_HEIGHT_M = 0.012
_YAW_GAIN_M_RAD, _YAW_RATE_GAIN_MS_RAD = 0.4, 0.1
_OFFSET_LIMIT_M = 0.07
_PUSH_SPEED_M_S = 0.045
_SLIDE_SPEED_M_S = 0.12
_LEAD_LIMIT_M = 0.003
_MISALIGNED_M, _ALIGNED_M = 0.03, 0.008
_CLEAR_M = 0.02
_RATE_FILTER_S = 0.05
_STOP_BEYOND_M = 0.006


class PushBoxExpert:
    """Dynamic: where it touches the box's rear side depends on the yaw error and on its rate (PD, no integral).

    The lateral offset of the contact turns the box; when the finger is far from where it should touch, it backs off,
    slides along and comes again.
    """

    def __init__(self) -> None:
        self._finger = Fingertip(_HEIGHT_M)
        self._yaw_error: float | None = None
        self._yaw_rate = 0.0
        self._backing_off = True

    def act(self, state: RobotState, truth: Truth) -> tuple[SE3, float]:
        finger = self._finger
        finger.begin_tick(state)
        X_WO = SE3.from_array(truth.X_WO[_BOX])
        error = self._observe(X_WO)
        if not self._done(X_WO, error):
            self._push(X_WO, error)
        return finger.setpoint, 0.0

    def _observe(self, X_WO: SE3) -> float:
        """Yaw error (rad) now; its rate, smoothed, on the way."""
        error = wrapped(yaw_of(X_WO) - _YAW_RAD)
        if self._yaw_error is not None and self._finger.period_s > 0:
            rate = (error - self._yaw_error) / self._finger.period_s
            self._yaw_rate += (rate - self._yaw_rate) * min(1.0, self._finger.period_s / _RATE_FILTER_S)
        self._yaw_error = error
        return error

    def _done(self, X_WO: SE3, error: float) -> bool:
        return float(X_WO.p[1]) > LINE_Y_M + _STOP_BEYOND_M and abs(error) < 0.6 * YAW_TOLERANCE_RAD

    def _push(self, X_WO: SE3, error: float) -> None:
        """In the box's frame: x is the push direction, -y the lateral offset that turns the box left."""
        finger = self._finger
        wanted = -(_YAW_GAIN_M_RAD * error + _YAW_RATE_GAIN_MS_RAD * self._yaw_rate)
        offset = float(np.clip(wanted, -_OFFSET_LIMIT_M, _OFFSET_LIMIT_M))
        touch_O = np.array([-(SIZE[0] / 2 + CONTACT_M), -offset])
        R: Array = X_WO.R[:2, :2]
        finger_O = R.T @ (finger.p - X_WO.p[:2])
        lateral = touch_O[1] - finger_O[1]
        depth = finger_O[0] - touch_O[0]
        if abs(lateral) > _MISALIGNED_M:
            self._backing_off = True
        elif abs(lateral) < _ALIGNED_M:
            self._backing_off = False
        slide = float(np.clip(lateral / max(finger.period_s, 1e-6), -_SLIDE_SPEED_M_S, _SLIDE_SPEED_M_S))
        forward = self._forward_speed(depth)
        if self._backing_off and depth > -0.5 * _CLEAR_M:
            slide = 0.0
        finger.move(R @ np.array([forward, slide]))

    def _forward_speed(self, depth: float) -> float:
        """Along the push; ``depth`` is how far the finger is past the rear side (negative: before it)."""
        if self._backing_off:
            return float(np.clip((-_CLEAR_M - depth) / 0.05, -_SLIDE_SPEED_M_S, _SLIDE_SPEED_M_S))
        if depth > _LEAD_LIMIT_M:
            return 0.0
        return _PUSH_SPEED_M_S if depth > -0.005 else _SLIDE_SPEED_M_S
