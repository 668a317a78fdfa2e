"""The one control loop: 200 Hz, whoever drives, simulated or real, live or in lockstep.

Each tick: read the arm, let the supervisor judge, take the newest setpoint of whoever holds the lease, govern it,
solve the inverse kinematics, command the arm, and return the ``Step`` that was taken. Only the thread that calls
``tick`` touches the arm and the gripper. Heartbeat and lateness matter while somebody holds the lease: an arm that
nobody drives stands still.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
import numpy as np

from core.clock import NANOSECONDS, Clock
from core.errors import DeviceError, ReticleError, StopReason
from core.geometry import SE3
from core.messages import ControlMode, Disturbance, RobotState, Setpoint, Source, Step
from core.processes.heartbeat import Heartbeat
from robot.controller import Controller
from robot.description import GRIPPER_MAX_WIDTH_M, JOINT_LIMITS_RAD
from robot.devices import JOINT_COUNT, Arm, ArmState, Gripper, GripperState
from robot.rig import RigConfig
from robot.safety import Governor, Reach, Standstill, Supervisor, Verdict

_LOG = logging.getLogger(__name__)
_ARRIVED_M = 0.003
_ARRIVED_RAD = 0.02


class SetpointSource(Protocol):
    """Where setpoints come from: shared memory, an expert, a replay."""

    def take(self) -> Setpoint | None:
        """The newest setpoint not taken yet, or None."""


class ControlLoop:
    """State of the loop. ``on_stop(reason)`` is called once for every latched stop."""

    def __init__(
        self,
        config: RigConfig,
        arm: Arm,
        gripper: Gripper,
        clock: Clock,
        sources: Mapping[Source, SetpointSource],
        on_stop: Callable[[StopReason], None] = lambda reason: None,
    ) -> None:
        self._arm, self._gripper, self._clock = arm, gripper, clock
        self._sources = dict(sources)
        self._watches: dict[Source, Callable[[int], Verdict]] = {Source.HAND: self._watch_hand}
        self._on_stop = on_stop
        self.period_ns = round(NANOSECONDS / config.control_rate_hz)
        self.supervisor = Supervisor(config, JOINT_LIMITS_RAD, watch_wall_time=clock.kind == "wall")
        self._governor = Governor(config.limits, config.workspace, 1.0 / config.control_rate_hz)
        self._controller = Controller(config)
        self._standstill = Standstill(1.0 / config.control_rate_hz)
        self._reach = Reach(1.0 / config.control_rate_hz)
        self._gripper_force_n = config.limits.gripper_force_n
        self._source: Source | None = None
        self._lease = 0
        self._lease_start_ns = 0
        self._setpoint: Setpoint | None = None
        self._accepted: tuple[SE3, int] = (SE3.identity(), 0)
        self._sequence = 0
        self._last_arm: ArmState | None = None
        self._last_gripper = GripperState(0, 0.0, 0.0)
        self.state: RobotState | None = None
        self.braking_reason: str | None = None
        self.refused_setpoints = 0
        self.fault = ""

    @property
    def source(self) -> Source | None:
        """Who holds the lease."""
        return self._source

    @property
    def lease(self) -> int:
        return self._lease

    @property
    def stop_reason(self) -> StopReason | None:
        return self.supervisor.stop_reason

    @property
    def sent(self) -> tuple[SE3, float]:
        """The pose and gripper width that were sent last."""
        return self._governor.pose, self._governor.gripper_width_m

    @property
    def speed_share(self) -> float:
        """What whoever drives may use of the speed limits."""
        return self._governor.speed_share

    @speed_share.setter
    def speed_share(self, share: float) -> None:
        self._governor.speed_share = share

    @property
    def at_rest(self) -> bool:
        """Whether the arm is commanded to stand still."""
        return self._governor.at_rest

    @property
    def standstill(self) -> bool:
        """Whether the measured joints are at rest."""
        return self._standstill.reached

    @property
    def at_edge(self) -> bool:
        """Whether the arm is sent where it cannot reach."""
        return self._reach.exceeded

    def stands_at(self, X_WE: SE3) -> bool:
        """Whether the measured joints are at rest and hold the hand within 3 mm and 0.02 rad of a pose."""
        distance, angle = self.distance_to(X_WE)
        return self.standstill and distance <= _ARRIVED_M and angle <= _ARRIVED_RAD

    def distance_to(self, X_WE: SE3) -> tuple[float, float]:
        """How far (m, rad) the measured hand is from a pose."""
        if self.state is None:
            raise DeviceError("The control loop was used before it was started.")
        return self.state.pose.distance(X_WE)

    def start(self) -> RobotState:
        """Read the devices and hold what they measure. DeviceError when they are silent."""
        self._arm.start()
        self._gripper.start()
        return self.hold_measured()

    def hold_measured(self) -> RobotState:
        """Forget everything wanted and hold the measured pose: after start, re-arm and scene changes."""
        return self._hold_at(*self._measure())

    def _hold_at(self, arm: ArmState, gripper: GripperState) -> RobotState:
        self._hold(arm, gripper)
        self.revoke()
        self._last_arm, self._last_gripper = arm, gripper
        self.state = self._robot_state(arm, gripper)
        return self.state

    def _hold(self, arm: ArmState, gripper: GripperState) -> None:
        self._controller.reset(arm.q)
        self._governor.reset(self._controller.forward(arm.q), gripper.width_m)

    def add_source(
        self, source: Source, setpoints: SetpointSource, watch: Callable[[int], Verdict] | None = None
    ) -> None:
        """Register or replace where a source's setpoints come from; ``watch`` judges on every tick that it drives."""
        self._sources[source] = setpoints
        if watch is not None:
            self._watches[source] = watch

    def remove_source(self, source: Source, setpoints: SetpointSource) -> None:
        """Listen to a source no more, unless another one has replaced it."""
        if self._sources.get(source) is setpoints:
            del self._sources[source]

    def grant(self, source: Source, lease: int, speed_share: float = 1.0) -> tuple[SE3, float]:
        """Give the arm to a source; returns the pose and width it starts from: exactly where the arm is sent.

        ``speed_share``: what it may use of the speed limits.
        """
        self.speed_share = speed_share
        self._source, self._lease = source, lease
        self._lease_start_ns = self._clock.now_ns()
        self._setpoint = None
        self._accepted = (self._governor.pose, self._lease_start_ns)
        return self.sent

    def revoke(self) -> None:
        """Nobody drives; the arm holds where it is."""
        self._source, self._setpoint = None, None

    def beat(self, heartbeat: Heartbeat) -> None:
        """The newest heartbeat of the window."""
        self.supervisor.beat(heartbeat)

    def stop(self, reason: StopReason) -> None:
        """Latch a stop, revoke the lease and tell."""
        if self.supervisor.stop_reason is None:
            self.supervisor.latch(reason)
            self.revoke()
            if reason is StopReason.COLLISION and self._last_arm is not None:
                self._hold(self._last_arm, self._last_gripper)  # stop pressing at once
            _LOG.warning("stopped: %s", reason)
            self._on_stop(reason)

    def rearm(self) -> None:
        """A person clears the stop; the arm holds its measured pose.

        DeviceError when the devices are silent, ReticleError while the arm is not at rest yet.
        """
        arm, gripper = self._measure()
        if not self.standstill:
            raise ReticleError("The arm still moves; re-arm it once it stands still.")
        self._hold_at(arm, gripper)
        self.supervisor.rearm()
        self.fault = ""

    def tick(self, late_ns: int = 0, disturbance: Disturbance = Disturbance.NONE) -> Step:
        """One control tick. Never raises for what a device or a setpoint does wrong: it stops, by name."""
        now_ns = self._clock.now_ns()
        arm, gripper = self._read()
        self.state = self._robot_state(arm, gripper)
        self._sequence += 1
        self._judge(self.supervisor.check_arm(arm, self.state.pose))
        brake = None
        if self._source is not None:
            self._judge(self.supervisor.check_lateness(late_ns))
            brake = self._judge(self.supervisor.check_heartbeat(now_ns))
        brake = self._receive(now_ns) or brake
        mode = self._move(brake)
        self._command()
        return Step(
            state=self.state,
            wanted=self._setpoint,
            sent_X_WE=self._governor.pose.as_tuple(),
            sent_q=tuple(self._controller.q.tolist()),
            sent_gripper_width_m=self._governor.gripper_width_m,
            mode=mode,
            disturbance=disturbance,
        )

    def _read(self) -> tuple[ArmState, GripperState]:
        try:
            self._last_arm, self._last_gripper = self._measure()
            self._standstill.see(self._last_arm)
        except DeviceError as error:
            self._standstill.lose()
            self._fail(error)
        if self._last_arm is None:
            raise DeviceError("The control loop was used before it was started.")
        return self._last_arm, self._last_gripper

    def _measure(self) -> tuple[ArmState, GripperState]:
        """What the devices say now; DeviceError when they are silent or it makes no sense."""
        arm, gripper = self._arm.read(), self._gripper.read()
        measured = (arm.q, arm.dq, arm.tau_external)
        if any(values.shape != (JOINT_COUNT,) or not np.isfinite(values).all() for values in measured):
            raise DeviceError(f"The arm's state must be {JOINT_COUNT} finite numbers a quantity, it is {measured}.")
        if not math.isfinite(gripper.width_m):
            raise DeviceError(f"The gripper's width must be finite, it is {gripper.width_m}.")
        return arm, gripper

    def _robot_state(self, arm: ArmState, gripper: GripperState) -> RobotState:
        return RobotState(
            stamp_ns=arm.stamp_ns,
            sequence=self._sequence,
            q=tuple(arm.q.tolist()),
            dq=tuple(arm.dq.tolist()),
            tau_external=tuple(arm.tau_external.tolist()),
            X_WE=self._controller.forward(arm.q).as_tuple(),
            gripper_width_m=gripper.width_m,
            gripper_force_n=gripper.force_n,
        )

    def _judge(self, verdict: Verdict) -> str | None:
        """Latch what stops; return why the arm must brake, if it must."""
        if verdict.stop is not None:
            self.stop(verdict.stop)
        return verdict.brake

    def _receive(self, now_ns: int) -> str | None:
        """Take the newest setpoint of the lease's holder; others are refused and counted."""
        for source, setpoints in self._sources.items():
            try:
                setpoint = setpoints.take()
            except msgspec.MsgspecError as error:
                self._reject(source, error)
                continue
            if setpoint is None:
                continue
            if source is not self._source or setpoint.lease != self._lease:
                self.refused_setpoints += 1
            else:
                self._accept(setpoint)
        watch = None if self._source is None else self._watches.get(self._source)
        return None if watch is None else self._judge(watch(now_ns))

    def _watch_hand(self, now_ns: int) -> Verdict:
        return self.supervisor.check_setpoint_age(self._setpoint, self._lease_start_ns, now_ns)

    def _reject(self, source: Source, error: msgspec.MsgspecError) -> None:
        """What cannot even be read as a setpoint stops the arm when its holder sent it, and is refused otherwise."""
        _LOG.warning("a setpoint of %s cannot be read: %s", source, error)
        self.refused_setpoints += 1
        if source is self._source:
            self.stop(StopReason.SETPOINT_INVALID)

    def _accept(self, setpoint: Setpoint) -> None:
        verdict = self.supervisor.check_setpoint(setpoint, *self._accepted)
        self._judge(verdict)
        if verdict.stop is None:
            self._setpoint = setpoint
            self._accepted = (setpoint.pose, setpoint.stamp_ns)

    def _move(self, brake: str | None) -> ControlMode:
        self.braking_reason = None
        if self.stop_reason is not None:
            self._governor.brake()
            return ControlMode.STOPPED
        if brake is not None:
            self.braking_reason = brake
            self._governor.brake()
            return ControlMode.BRAKING
        if self._setpoint is None:
            self._governor.brake()
            return ControlMode.IDLE
        width = min(max(self._setpoint.gripper_width_m, 0.0), GRIPPER_MAX_WIDTH_M)
        self._governor.track(self._setpoint.pose, width)
        return ControlMode.TRACKING

    def _command(self) -> None:
        q = self._controller.step(self._governor.pose)
        reached = self._controller.forward(q)
        self._reach.see(*reached.distance(self._governor.pose))
        self._governor.pull_back(reached)
        try:
            self._arm.command(q)
            self._gripper.command(self._governor.gripper_width_m, self._gripper_force_n)
        except DeviceError as error:
            self._fail(error)

    def _fail(self, error: DeviceError) -> None:
        """Stop for what a device did; ``fault`` says what it was, until a person re-arms."""
        if self.supervisor.stop_reason is None:
            _LOG.error("%s", error)
            self.fault = str(error)
        self.stop(error.reason)
