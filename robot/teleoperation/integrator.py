"""From intents to a setpoint that the arm can follow: no faster than its limits and never far ahead of the hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.geometry import SE3, Array
from robot.rig import LimitsConfig, WorkspaceConfig
from robot.teleoperation.device import Intent

_GRIPPER_MAX_M = 0.110
_GRIPPER_SLACK_M = 0.005
_EDGE_LEAD_M, _EDGE_LEAD_RAD = 0.02, 0.05


@dataclass(frozen=True, slots=True)
class DriveLimits:
    """Speeds at full share, the box for the setpoint, and how far the setpoint may lead the measured hand.

    The lead must be longer than the braking way at full speed (31 mm at 0.25 m/s and 1 m/s^2), or the arm never
    reaches that speed.
    """

    low_W: Array
    high_W: Array
    speed_m_s: float = 0.25
    angular_speed_rad_s: float = 1.0
    gripper_speed_m_s: float = 0.15
    lead_m: float = 0.05
    lead_rad: float = 0.20

    @staticmethod
    def of(limits: LimitsConfig, workspace: WorkspaceConfig) -> DriveLimits:
        return DriveLimits(
            np.asarray(workspace.min_W) + workspace.margin_m,
            np.asarray(workspace.max_W) - workspace.margin_m,
            limits.speed_m_s,
            limits.angular_speed_rad_s,
            limits.gripper_speed_m_s,
        )


class SetpointIntegrator:
    """Holds the goal (where the hand asked to be) and the setpoint (what is published, on its way to the goal).

    While a drag is held the goal may run ahead, so that the arm catches up with the pointer; when it is let go, the
    goal falls back to the setpoint and the arm stops within the lead. ``at_edge`` of the arm's reach the lead is short,
    and once nothing is wanted the setpoint comes back to the hand: what cannot be reached is not kept for later.
    """

    def __init__(self, limits: DriveLimits) -> None:
        self._limits = limits
        self._was_dragging = False
        self._goal = SE3.identity()
        self.pose = SE3.identity()
        self.gripper_width_m = 0.0
        self.at_edge = False

    def start(self, X_WE: SE3, gripper_width_m: float) -> None:
        """Begin a lease from where the arm is."""
        self._goal = self.pose = X_WE
        self.gripper_width_m = gripper_width_m
        self._was_dragging = False

    def settle(self) -> None:
        """Forget what has not been reached yet."""
        self._goal = self.pose
        self._was_dragging = False

    def advance(
        self, intent: Intent, R_WD: Array, share: float, measured: SE3, measured_width_m: float, dt_s: float
    ) -> SE3:
        """One tick of ``dt_s``; returns the pose to publish."""
        if self._was_dragging and not intent.dragging:
            self._goal = self.pose
        self._was_dragging = intent.dragging
        limits = self._limits
        shift = R_WD @ _at_most(intent.linear, 1.0) * (limits.speed_m_s * share * dt_s) + intent.shift_W
        turn = R_WD @ _at_most(intent.angular, 1.0) * (limits.angular_speed_rad_s * share * dt_s) + intent.turn_W
        self._move_goal(shift, turn, intent.dragging)
        self._follow(dt_s, measured, driven=bool(shift.any() or turn.any() or intent.dragging))
        self._grip(intent, measured_width_m, dt_s)
        return self.pose

    def _move_goal(self, shift: Array, turn: Array, dragging: bool) -> None:
        position = self._goal.p
        if shift.any():
            position = np.clip(position + shift, self._limits.low_W, self._limits.high_W)
        rotation = SE3(self._goal.quat_wxyz, np.zeros(3))
        if turn.any():
            rotation = SE3.from_rotation_vector(turn) @ rotation
        self._goal = SE3(rotation.quat_wxyz, position)
        if not dragging:
            self._goal = towards(self.pose, self._goal, self._limits.lead_m, self._limits.lead_rad)

    def _follow(self, dt_s: float, measured: SE3, *, driven: bool) -> None:
        limits = self._limits
        step_m, step_rad = limits.speed_m_s * dt_s, limits.angular_speed_rad_s * dt_s
        wanted = towards(self.pose, self._goal, step_m, step_rad)
        if self.at_edge:
            lead = (_EDGE_LEAD_M, _EDGE_LEAD_RAD) if driven else (0.0, 0.0)
            self.pose = towards(self.pose, _within(measured, wanted, *lead), step_m, step_rad)
        else:
            self.pose = _within(measured, wanted, limits.lead_m, limits.lead_rad)
        if not self._was_dragging and self.pose is not wanted:
            self._goal = self.pose

    def _grip(self, intent: Intent, measured_width_m: float, dt_s: float) -> None:
        change = intent.gripper_rate * self._limits.gripper_speed_m_s * dt_s + intent.gripper_shift_m
        if intent.gripper_width_m is not None:
            self.gripper_width_m = intent.gripper_width_m
        elif change > 0.0:
            self.gripper_width_m = max(self.gripper_width_m, measured_width_m - _GRIPPER_SLACK_M) + change
        elif change < 0.0:
            self.gripper_width_m = min(self.gripper_width_m, measured_width_m + _GRIPPER_SLACK_M) + change
        self.gripper_width_m = min(_GRIPPER_MAX_M, max(0.0, self.gripper_width_m))


def _at_most(vector: Array, length: float) -> Array:
    """Two keys at once are a diagonal, not a faster move."""
    norm = float(np.linalg.norm(vector))
    return vector if norm <= length else vector * (length / norm)


def towards(start: SE3, goal: SE3, distance_m: float, angle_rad: float) -> SE3:
    """From ``start`` to ``goal`` by at most that far in position and, independently, in rotation."""
    distance, angle = start.distance(goal)
    p = goal.p if distance <= distance_m else start.p + (goal.p - start.p) * (distance_m / distance)
    if angle <= angle_rad:
        return SE3(goal.quat_wxyz, p)
    return SE3(start.interpolate(goal, angle_rad / angle).quat_wxyz, p)


def _within(measured: SE3, wanted: SE3, lead_m: float, lead_rad: float) -> SE3:
    """``wanted`` itself when it leads the measured hand by no more than allowed."""
    distance, angle = measured.distance(wanted)
    if distance <= lead_m and angle <= lead_rad:
        return wanted
    return towards(measured, wanted, lead_m, lead_rad)
