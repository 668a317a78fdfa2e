"""What the station drives by itself: home, a replay, a scan's sweep. Each holds the lease until it is over."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol, TypeVar

from core.clock import Clock
from core.errors import ReticleError
from core.geometry import SE3
from core.messages import Source
from core.processes.channel import Channel
from robot import station_messages as messages
from robot.control_loop import ControlLoop, SetpointSource
from robot.control_thread import ControlThread
from robot.replay import Trajectory, TrajectorySource


class Player(SetpointSource, Protocol):
    """A source of setpoints that comes to an end."""

    @property
    def finished(self) -> bool: ...


P = TypeVar("P", bound=Player)


class OwnDriving:
    """Its leases are negative, so that they are nobody else's. To be called from the station's main thread."""

    def __init__(self, channel: Channel, loop: ControlLoop, control: ControlThread, clock: Clock) -> None:
        self._channel, self._loop, self._control, self._clock = channel, loop, control, clock
        self._lease = 0

    @property
    def source(self) -> Source | None:
        """Who holds the lease."""
        return self._loop.source

    def refuse_while_stopped(self) -> None:
        if self._loop.stop_reason is not None:
            raise ReticleError(f"{self._loop.stop_reason.sentence} Re-arm it to go on.")

    def play(self, source: Source, path: Trajectory, speed: float, arrived: messages.Event, missed: str) -> None:
        """Drive along a trajectory until the arm stands at its end, or does not in time."""
        self.drive(
            source,
            lambda loop, lease: TrajectorySource(path, self._clock, source, lease, loop, speed),
            lambda player: arrived if player.arrived else self._missed(missed, player.goal),
        )

    def drive(
        self,
        source: Source,
        begin: Callable[[ControlLoop, int], P],
        over: Callable[[P], messages.Event | None] = lambda player: None,
    ) -> P:
        """Drive as what ``begin`` makes says, until it is finished; ``over`` says what came of it.

        ReticleError while the arm is stopped. Whoever takes the lease away ends it, and LeaseLost says so.
        """
        self.refuse_while_stopped()
        self._lease -= 1
        lease = self._lease

        def grant() -> P:
            self._loop.grant(source, lease)
            player = begin(self._loop, lease)
            self._loop.add_source(source, player)
            return player

        player = self._control.call(grant)
        self._control.when(
            lambda: player.finished or not self._holds(source, lease),
            lambda: self._driven(source, lease, player, over),
        )
        return player

    def let_go(self) -> None:
        """Nobody drives; the arm holds."""
        self._control.call(self._loop.revoke)

    def _holds(self, source: Source, lease: int) -> bool:
        return self._loop.source is source and self._loop.lease == lease

    def _driven(self, source: Source, lease: int, player: P, over: Callable[[P], messages.Event | None]) -> None:
        self._loop.remove_source(source, player)
        if not self._holds(source, lease):
            stopped = self._loop.stop_reason
            reason = stopped.sentence if stopped is not None else "The arm was let go or taken by another command."
            self._channel.send(messages.LeaseLost(lease, reason))
            return
        self._loop.revoke()
        event = over(player)
        if event is not None:
            self._channel.send(event)

    def _missed(self, sentence: str, goal: SE3) -> messages.Notice:
        distance, angle = self._loop.distance_to(goal)
        remain = f"{distance * 1000.0:.0f} mm and {math.degrees(angle):.0f} degrees remain."
        edge = " The arm is at the edge of its reach." if self._loop.at_edge else ""
        return messages.Notice(f"{sentence}: {remain}{edge}", "way")
