"""The sweep of a scan as a source of setpoints: from pose to pose, at each a rest until a picture is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto

from core.clock import NANOSECONDS, Clock
from core.geometry import SE3
from core.messages import Frame, Setpoint, Source
from robot.control_loop import ControlLoop
from robot.replay import Trajectory, TrajectorySource
from robot.rig import LimitsConfig
from robot.scan_path import Waypoint

_SPEED_SHARE = 0.95
_NEAR_M, _NEAR_RAD = 0.003, 0.02
_STILL_M, _STILL_RAD, _STILL_S = 0.0003, 0.001, 0.1
"""The hand rests when it is so near its goal and has moved so little for so long. The elbow may still be settling for
seconds, which no camera on the hand sees."""
_PICTURE_LIMIT_S = 2.0


class _Doing(Enum):
    WAITING = auto()
    GOING = auto()
    LOOKING = auto()


class Sweep:
    """Brings the hand along straight lines to ``poses`` (None: the next is not known yet) and waits for pictures.

    A pose that is not reached, or of which no picture comes within two seconds, is ``missed``. ``offer`` may be called
    from any thread, everything else from the control thread.
    """

    def __init__(
        self,
        poses: Iterator[Waypoint | None],
        role: str,
        limits: LimitsConfig,
        lease: int,
        loop: ControlLoop,
        clock: Clock,
    ) -> None:
        self._poses, self._role, self._lease, self._loop, self._clock = poses, role, lease, loop, clock
        self._speeds = _SPEED_SHARE * limits.speed_m_s, _SPEED_SHARE * limits.angular_speed_rad_s
        self.goal, self._width = loop.sent
        self._leg = self._leg_to(self.goal)
        self._doing = _Doing.WAITING
        self._still = (self.goal, clock.now_ns())
        self._at_view = False
        self._rests_since_ns = 0
        self._wants_picture = False
        self.taken = 0
        self.missed = 0
        self.share = 0.0
        self.finished = False

    @property
    def wants_picture(self) -> bool:
        """Whether the hand rests at a pose of which there is no picture yet."""
        return self._wants_picture

    @property
    def summary(self) -> str:
        """What it brought home, in a sentence."""
        words = f"The scan has {self.taken} picture{'' if self.taken == 1 else 's'}"
        missed = f"{self.missed} {'pose was' if self.missed == 1 else 'poses were'} not reached"
        return f"{words}; {missed}." if self.missed else f"{words}."

    def take(self) -> Setpoint:
        """The setpoint of now; to be asked for on every tick."""
        match self._doing:
            case _Doing.WAITING if not self.finished:
                self._go_on()
            case _Doing.GOING:
                self._arrive()
            case _Doing.LOOKING:
                self._look()
        return self._leg.take()

    def offer(self, frame: Frame) -> Frame | None:
        """The frame as the scan's next picture, numbered anew; None when it is not wanted."""
        if not self._wants_picture or frame.role != self._role or frame.capture_ns < self._rests_since_ns:
            return None
        self._wants_picture = False
        self.taken += 1
        return replace(frame, sequence=self.taken - 1)

    def _go_on(self) -> None:
        try:
            pose = next(self._poses)
        except StopIteration:
            self.finished = True
            return
        if pose is not None:
            self.share = pose.share
            self._leg = self._leg_to(pose.X_WE)
            self._at_view = pose.is_view
            self._doing = _Doing.GOING

    def _arrive(self) -> None:
        now_ns = self._clock.now_ns()
        if self._rests(now_ns):
            self._rests_since_ns, self._wants_picture = now_ns, self._at_view
            self._doing = _Doing.LOOKING
        elif self._leg.finished:
            self._miss()

    def _rests(self, now_ns: int) -> bool:
        """Whether the measured hand stands still at the goal."""
        still, since_ns = self._still
        moved_m, turned_rad = self._loop.distance_to(still)
        if (moved_m > _STILL_M or turned_rad > _STILL_RAD) and self._loop.state is not None:
            self._still = (self._loop.state.pose, now_ns)
            return False
        distance, angle = self._loop.distance_to(self.goal)
        return distance < _NEAR_M and angle < _NEAR_RAD and now_ns - since_ns >= _STILL_S * NANOSECONDS

    def _look(self) -> None:
        if not self._wants_picture:
            self._doing = _Doing.WAITING
        elif self._clock.now_ns() - self._rests_since_ns > _PICTURE_LIMIT_S * NANOSECONDS:
            self._miss()

    def _miss(self) -> None:
        self._wants_picture = False
        self.missed += 1
        self._doing = _Doing.WAITING

    def _leg_to(self, X_WE: SE3) -> TrajectorySource:
        """From where the hand was sent last, so that no setpoint jumps."""
        path = Trajectory.straight(self.goal, X_WE, self._width, *self._speeds)
        self.goal = X_WE
        return TrajectorySource(path, self._clock, Source.SCAN, self._lease, self._loop)
