"""From what a policy wishes to setpoints: the same way and the same guards live and in simulated time. No torch here.

A policy acts a few times a second and says where the hand should be at a later moment. In between the setpoint moves
on a straight line from where it is to there, and arrives at that moment: a wish that took long to come has less time
left, and one whose moment has passed is no longer worth following.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from core.clock import NANOSECONDS, Clock
from core.errors import StopReason
from core.geometry import SE3
from core.messages import Floats, RobotState, Setpoint, Source
from robot.rig import WatchdogConfig
from robot.safety import Supervisor, Verdict

WISH_TOPIC = "policy/wish"
"""Newest ``PolicyWish`` of the process that runs a policy."""
HOLD_AFTER, STOP_AFTER = 2, 4
"""Periods without a wish after which one was missed, so that the arm holds, and three in a row, so that it stops."""


class PolicyWish(msgspec.Struct, frozen=True, array_like=True):
    """Where a policy wants the hand at ``due_ns``. All stamps on the session's clock.

    ``observed_ns``: when what it acted on was captured; ``observation_sequence``: the control tick of that moment.
    With a ``fault``, a stop reason by name, it wishes nothing: it cannot act.
    """

    lease: int
    sequence: int
    stamp_ns: int
    observed_ns: int
    observation_sequence: int
    due_ns: int
    X_WE: Floats
    gripper_width_m: float
    fault: str = ""


class Loop(Protocol):
    """What is needed of the control loop."""

    supervisor: Supervisor

    @property
    def state(self) -> RobotState | None: ...
    @property
    def source(self) -> Source | None: ...
    @property
    def lease(self) -> int: ...
    @property
    def sent(self) -> tuple[SE3, float]: ...
    def stop(self, reason: StopReason) -> None: ...


class Follower:
    """The setpoint on its way from wish to wish, from where the hand is sent when it begins."""

    def __init__(self, supervisor: Supervisor, lease: int) -> None:
        self._supervisor, self._lease = supervisor, lease
        self._from: tuple[SE3, float] | None = None
        self._to: tuple[SE3, float] | None = None
        self._since_ns = self._due_ns = self._sequence = self._observation = 0

    def aim(self, wish: PolicyWish, start: tuple[SE3, float], now_ns: int) -> StopReason | None:
        """Turn to a wish; ``start``: where the hand is sent while there was none. What must not be is not followed, and
        the reason to stop is returned."""
        pose, width = start if self._to is None else self._present(now_ns)
        left_s = (wish.due_ns - now_ns) / NANOSECONDS
        verdict = self._supervisor.check_wish(wish.X_WE, wish.gripper_width_m, pose, left_s)
        if verdict.stop is not None:
            return verdict.stop
        self._from, self._to = (pose, width), (SE3.from_array(wish.X_WE), wish.gripper_width_m)
        self._since_ns, self._due_ns, self._observation = now_ns, wish.due_ns, wish.observation_sequence
        return None

    def setpoint(self, now_ns: int) -> Setpoint | None:
        """The setpoint of a tick; None before the first wish."""
        if self._to is None:
            return None
        pose, width = self._present(now_ns)
        self._sequence += 1
        return Setpoint(Source.POLICY, self._lease, self._sequence, now_ns, self._observation, pose.as_tuple(), width)

    def _present(self, now_ns: int) -> tuple[SE3, float]:
        if self._from is None or self._to is None:
            raise RuntimeError("there was no wish yet")
        (start, width), (goal, goal_width) = self._from, self._to
        share = min(1.0, (now_ns - self._since_ns) / max(self._due_ns - self._since_ns, 1))
        return start.interpolate(goal, share), width + share * (goal_width - width)


class WishReader(Protocol):
    """Where wishes come from: shared memory."""

    def take(self) -> PolicyWish | None: ...


class WishSource:
    """The station's source of setpoints while a policy drives, with the watch over how it does.

    To be used in the control thread. ``granted`` begins a lease.
    """

    def __init__(self, wishes: WishReader, loop: Loop, clock: Clock, watchdogs: WatchdogConfig) -> None:
        self._wishes, self._loop, self._clock, self._watchdogs = wishes, loop, clock, watchdogs
        self._follower = Follower(loop.supervisor, 0)
        self._period_s = 0.0
        self._granted_ns = 0
        self._heard_ns: int | None = None
        self._fault: StopReason | None = None

    def granted(self, lease: int, rate_hz: float) -> None:
        """A policy that acts so often has the arm now."""
        self._follower = Follower(self._loop.supervisor, lease)
        self._period_s = max(1.0 / rate_hz, self._watchdogs.policy_least_s)
        self._granted_ns, self._heard_ns, self._fault = self._clock.now_ns(), None, None

    def take(self) -> Setpoint | None:
        """The setpoint of this tick. One of another lease is handed on, to be refused and counted."""
        now_ns = self._clock.now_ns()
        wish = self._wishes.take()
        holds = self._loop.source is Source.POLICY
        if wish is not None and not (holds and wish.lease == self._loop.lease):
            return Setpoint(
                Source.POLICY, wish.lease, wish.sequence, now_ns, wish.observation_sequence, wish.X_WE,
                wish.gripper_width_m,
            )  # fmt: skip
        if wish is not None:
            self._hear(wish, now_ns)
        return self._follower.setpoint(now_ns) if holds else None

    def watch(self, now_ns: int) -> Verdict:
        """Whether the policy keeps its time, and what was wrong with its newest wish."""
        if self._fault is not None:
            return Verdict(stop=self._fault)
        if self._heard_ns is None:
            late = (now_ns - self._granted_ns) / NANOSECONDS > self._watchdogs.policy_first_s
            return Verdict(stop=StopReason.POLICY_DEADLINE) if late else Verdict()
        waited_s = (now_ns - self._heard_ns) / NANOSECONDS
        if waited_s > STOP_AFTER * self._period_s:
            return Verdict(stop=StopReason.POLICY_DEADLINE)
        return Verdict(brake="the policy is late") if waited_s > HOLD_AFTER * self._period_s else Verdict()

    def _hear(self, wish: PolicyWish, now_ns: int) -> None:
        if wish.fault:
            known = wish.fault in list(StopReason)
            self._fault = StopReason(wish.fault) if known else StopReason.SETPOINT_INVALID
        elif wish.due_ns > now_ns:
            self._heard_ns = now_ns
            self._fault = self._follower.aim(wish, self._loop.sent, now_ns)
