"""Limits, watchdogs and stop reasons. A software stop is not a safety-rated stop.

Two pieces: ``Governor`` turns the pose that is wanted into the pose that is sent, inside the workspace and under the
speed and acceleration limits; ``Supervisor`` decides on every tick whether the arm may track, must brake, or is
stopped for good until a person re-arms it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import StopReason
from core.geometry import SE3, quaternion_exp, quaternion_product, unit_quaternion
from core.messages import Floats, Setpoint, Source
from core.processes.heartbeat import Heartbeat
from robot.devices import ArmState
from robot.rig import LimitsConfig, RigConfig, WatchdogConfig, WorkspaceConfig

Vector = NDArray[np.float64]
NANOSECONDS = 1_000_000_000
_JUMP_PERIOD_S = 1.0 / 30.0
_JOINT_OVERSHOOT_RAD = 0.05
_FUTURE_NS = 50_000_000
_STANDSTILL_RAD_S = 0.01
_STANDSTILL_NS = 100_000_000
_STANDSTILL_GAP_TICKS = 10
_OUT_OF_REACH_M, _OUT_OF_REACH_RAD = 0.005, 0.03
_IN_REACH_M, _IN_REACH_RAD = 0.002, 0.01
_OUT_OF_REACH_S = 0.2


class Governor:
    """Moves the sent pose towards the wanted one.

    Trapezoidal in position and rotation: the speed never exceeds what the acceleration limit can brake before the
    target, ``v <= sqrt(2 a d)``. While braking it decelerates with the braking limits instead and forgets the target.
    ``speed_share``: what whoever drives may use of the speed limits.
    """

    def __init__(self, limits: LimitsConfig, workspace: WorkspaceConfig, period_s: float) -> None:
        self._limits = limits
        self._period_s = period_s
        self._low = np.asarray(workspace.min_W) + workspace.margin_m
        self._high = np.asarray(workspace.max_W) - workspace.margin_m
        self.pose = SE3.identity()
        self.gripper_width_m = 0.0
        self.speed_share = 1.0
        self._velocity = np.zeros(3)
        self._angular_velocity = np.zeros(3)

    def reset(self, pose: SE3, gripper_width_m: float) -> None:
        """Start from a measured pose at rest."""
        self.pose = pose
        self.gripper_width_m = gripper_width_m
        self._velocity = np.zeros(3)
        self._angular_velocity = np.zeros(3)

    @property
    def at_rest(self) -> bool:
        return not self._velocity.any() and not self._angular_velocity.any()

    @property
    def speed_m_s(self) -> float:
        return math.hypot(*self._velocity)

    def track(self, wanted: SE3, gripper_width_m: float) -> SE3:
        """One tick towards ``wanted``; returns the pose to send."""
        limits, share = self._limits, self.speed_share
        error = np.clip(wanted.p, self._low, self._high) - self.pose.p
        rotation_error = self.pose.rotation_to(wanted)
        return self._move(
            _approach(error, self._velocity, share * limits.speed_m_s, limits.acceleration_m_s2, self._period_s),
            _approach(
                rotation_error,
                self._angular_velocity,
                share * limits.angular_speed_rad_s,
                limits.angular_acceleration_rad_s2,
                self._period_s,
            ),
            gripper_width_m,
        )

    def brake(self) -> SE3:
        """One tick of slowing down to rest; the gripper holds."""
        limits = self._limits
        return self._move(
            _slow(self._velocity, limits.braking_m_s2 * self._period_s),
            _slow(self._angular_velocity, limits.braking_rad_s2 * self._period_s),
            self.gripper_width_m,
        )

    def pull_back(self, reached: SE3, lead_m: float = 0.02, lead_rad: float = 0.1) -> None:
        """Keep the sent pose near what the joints could reach, so that it does not run away at a limit."""
        distance, angle = self.pose.distance(reached)
        if distance > lead_m or angle > lead_rad:
            keep = min(lead_m / max(distance, 1e-9), lead_rad / max(angle, 1e-9), 1.0)
            self.pose = reached.interpolate(self.pose, keep)

    def _move(self, velocity: Vector, angular_velocity: Vector, gripper_width_m: float) -> SE3:
        self._velocity, self._angular_velocity = velocity, angular_velocity
        low, high = np.minimum(self._low, self.pose.p), np.maximum(self._high, self.pose.p)
        position = np.clip(self.pose.p + velocity * self._period_s, low, high)  # outside: no further, but no leap in
        if angular_velocity.any():
            turn = quaternion_exp(angular_velocity * self._period_s)
            self.pose = SE3(unit_quaternion(quaternion_product(turn, self.pose.quat_wxyz)), position)
        else:
            self.pose = SE3(self.pose.quat_wxyz, position)
        step = self._limits.gripper_speed_m_s * self._period_s
        self.gripper_width_m += float(np.clip(gripper_width_m - self.gripper_width_m, -step, step))
        return self.pose


def _is_posed(X_WE: Floats, gripper_width_m: float) -> bool:
    """Whether it is a finite pose with a unit quaternion, and a finite width."""
    values = np.asarray((*X_WE, gripper_width_m), dtype=np.float64)
    finite = values.shape == (8,) and bool(np.isfinite(values).all())
    return finite and abs(float(np.linalg.norm(values[:4])) - 1.0) <= 1e-3


def _approach(error: Vector, velocity: Vector, speed: float, acceleration: float, period_s: float) -> Vector:
    """The next velocity towards ``error`` under the limits."""
    distance = math.hypot(*error)
    if distance < 1e-9:
        return _slow(velocity, acceleration * period_s)
    # Discrete braking law: from v the distance covered while braking is v^2 / (2 a) + v dt / 2.
    half = 0.5 * acceleration * period_s
    reachable = math.sqrt(half * half + 2.0 * acceleration * distance) - half
    target = error / distance * min(speed, reachable, distance / period_s)
    change = target - velocity
    size = math.hypot(*change)
    allowed = acceleration * period_s
    return np.asarray(target if size <= allowed else velocity + change * (allowed / size))


def _slow(velocity: Vector, change: float) -> Vector:
    speed = math.hypot(*velocity)
    return np.zeros(3) if speed <= change else velocity * (1.0 - change / speed)


class Standstill:
    """Standstill monitoring: every measured joint slower than 0.01 rad/s for a tenth of a second.

    Where two measurements are over ten ticks apart it begins anew: nobody saw what the arm did between them.
    """

    def __init__(self, period_s: float) -> None:
        self._longest_gap_ns = _STANDSTILL_GAP_TICKS * period_s * NANOSECONDS
        self._rests_since_ns: int | None = None
        self._seen_ns = 0

    def see(self, state: ArmState) -> None:
        """The newest measurement, once a control tick."""
        seen = state.stamp_ns - self._seen_ns <= self._longest_gap_ns
        rests = bool(np.abs(state.dq).max() <= _STANDSTILL_RAD_S)
        if not rests:
            self._rests_since_ns = None
        elif self._rests_since_ns is None or not seen:
            self._rests_since_ns = state.stamp_ns
        self._seen_ns = state.stamp_ns

    def lose(self) -> None:
        """Nothing was measured: the arm may be moving."""
        self._rests_since_ns = None

    @property
    def reached(self) -> bool:
        return self._rests_since_ns is not None and self._seen_ns - self._rests_since_ns >= _STANDSTILL_NS


class Reach:
    """Whether the arm can get where it is sent: not so after 5 mm or 0.03 rad have remained for 0.2 s.

    So again once less than 2 mm and 0.01 rad remain. An arm within reach follows to a tenth of a millimetre.
    """

    def __init__(self, period_s: float) -> None:
        self._longest_ticks = round(_OUT_OF_REACH_S / period_s)
        self._ticks = 0
        self.exceeded = False

    def see(self, distance_m: float, angle_rad: float) -> None:
        """What remains between where the arm is sent and where its commanded joints hold the hand, once a tick."""
        out = distance_m > _OUT_OF_REACH_M or angle_rad > _OUT_OF_REACH_RAD
        self._ticks = self._ticks + 1 if out else 0
        if self._ticks > self._longest_ticks:
            self.exceeded = True
        elif distance_m < _IN_REACH_M and angle_rad < _IN_REACH_RAD:
            self.exceeded = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``stop`` latches; ``brake`` names what is missing and ends by itself."""

    stop: StopReason | None = None
    brake: str | None = None


class Supervisor:
    """Watches heartbeat, setpoints, arm and workspace. All times in ns on the session clock."""

    def __init__(self, config: RigConfig, joint_limits_rad: Vector, *, watch_wall_time: bool) -> None:
        self._watchdogs: WatchdogConfig = config.watchdogs
        self._limits = config.limits
        self._workspace = config.workspace
        self._joint_low = joint_limits_rad[:, 0] + config.limits.joint_margin_rad - _JOINT_OVERSHOOT_RAD
        self._joint_high = joint_limits_rad[:, 1] - config.limits.joint_margin_rad + _JOINT_OVERSHOOT_RAD
        self._torque_limits = np.asarray(config.limits.external_torque_nm)
        self._watch_wall_time = watch_wall_time
        self._beat: Heartbeat | None = None
        self._was_inside_box = False
        self._was_inside_joints = False
        self.stop_reason: StopReason | None = None

    def beat(self, heartbeat: Heartbeat) -> None:
        """The newest heartbeat of the window; watching begins with the first."""
        self._beat = heartbeat

    def latch(self, reason: StopReason) -> None:
        """Stop for good; the first reason stays."""
        if self.stop_reason is None:
            self.stop_reason = reason

    def rearm(self) -> None:
        """A person clears the stop."""
        self.stop_reason = None
        self._was_inside_box = False
        self._was_inside_joints = False

    def check_heartbeat(self, now_ns: int) -> Verdict:
        """Braking at 150 ms without a beat or 250 ms without a window tick; stop at 300 ms and 1 s."""
        if self._beat is None or not self._watch_wall_time:
            return Verdict()
        watchdogs = self._watchdogs
        beat_age_s = (now_ns - self._beat.stamp_ns) / NANOSECONDS
        tick_age_s = (now_ns - self._beat.tick_ns) / NANOSECONDS
        if beat_age_s > watchdogs.heartbeat_stop_s:
            return Verdict(stop=StopReason.HEARTBEAT_LOST)
        if tick_age_s > watchdogs.window_stop_s:
            return Verdict(stop=StopReason.WINDOW_FROZEN)
        if beat_age_s > watchdogs.heartbeat_brake_s:
            return Verdict(brake="no heartbeat from the window")
        if tick_age_s > watchdogs.window_brake_s:
            return Verdict(brake="the window is busy")
        return Verdict()

    def check_setpoint_age(self, newest: Setpoint | None, lease_start_ns: int, now_ns: int) -> Verdict:
        """A hand's setpoint must be younger than 150 ms, counted from the lease's start for the first.

        A stamp from the future says nothing about its age: the setpoint counts as old.
        """
        if not self._watch_wall_time:
            return Verdict()
        stamp_ns = lease_start_ns if newest is None else newest.stamp_ns
        if stamp_ns - now_ns > _FUTURE_NS:
            return Verdict(brake="a setpoint of the hand is stamped in the future")
        if (now_ns - stamp_ns) / NANOSECONDS > self._watchdogs.setpoint_brake_s:
            return Verdict(brake="no setpoint from the hand")
        return Verdict()

    def check_setpoint(self, setpoint: Setpoint, previous: SE3, previous_ns: int) -> Verdict:
        """Reject what is not a number or jumps; checked before any clamp.

        ``previous`` is the last accepted pose of this lease (the lease's start for the first) and ``previous_ns`` its
        stamp. A jump is further than ``jump_factor`` times what the speed limit allows in the time between; a hand that
        was silent for longer than the window may be busy earns no further way.
        """
        if not _is_posed(setpoint.X_WE, setpoint.gripper_width_m):
            return Verdict(stop=StopReason.SETPOINT_INVALID)
        elapsed_s = max((setpoint.stamp_ns - previous_ns) / NANOSECONDS, _JUMP_PERIOD_S)
        if setpoint.source is Source.HAND:
            elapsed_s = min(elapsed_s, self._watchdogs.window_brake_s)
        return self._check_jump(setpoint.pose, previous, elapsed_s)

    def check_wish(self, X_WE: Floats, gripper_width_m: float, present: SE3, left_s: float) -> Verdict:
        """Reject a policy's wish that is not a number, or so far away that the time left would never do.

        Checked on the wish itself, for the setpoints on the way to it never jump.
        """
        if not _is_posed(X_WE, gripper_width_m):
            return Verdict(stop=StopReason.SETPOINT_INVALID)
        return self._check_jump(SE3.from_array(X_WE), present, max(left_s, _JUMP_PERIOD_S))

    def _check_jump(self, pose: SE3, previous: SE3, elapsed_s: float) -> Verdict:
        distance, angle = pose.distance(previous)
        factor = self._limits.jump_factor * elapsed_s
        if distance > factor * self._limits.speed_m_s or angle > factor * self._limits.angular_speed_rad_s:
            return Verdict(stop=StopReason.SETPOINT_JUMP)
        return Verdict()

    def check_arm(self, state: ArmState, pose: SE3) -> Verdict:
        """Measured joints, hand and torques. Leaving the workspace or the joint range stops; being outside after a
        re-arm does not, so that a person can drive back in."""
        inside_joints = bool(((state.q >= self._joint_low) & (state.q <= self._joint_high)).all())
        low, high = np.asarray(self._workspace.min_W), np.asarray(self._workspace.max_W)
        inside_box = bool(((pose.p >= low) & (pose.p <= high)).all())
        left_joints = self._was_inside_joints and not inside_joints
        left_box = self._was_inside_box and not inside_box
        self._was_inside_joints, self._was_inside_box = inside_joints, inside_box
        if left_joints:
            return Verdict(stop=StopReason.JOINT_LIMIT)
        if left_box:
            return Verdict(stop=StopReason.WORKSPACE)
        if (np.abs(state.tau_external) > self._torque_limits).any():
            return Verdict(stop=StopReason.COLLISION)
        return Verdict()

    def check_lateness(self, late_ns: int) -> Verdict:
        """A control tick late by over a second means nobody was in control."""
        if self._watch_wall_time and late_ns / NANOSECONDS > self._watchdogs.control_late_stop_s:
            return Verdict(stop=StopReason.CONTROL_LATE)
        return Verdict()
