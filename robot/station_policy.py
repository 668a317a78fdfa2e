"""The station's side of a policy that drives: who may, how fast, and what it is told."""

from __future__ import annotations

from core.clock import Clock
from core.errors import InputError, ReticleError
from core.geometry import SE3
from core.messages import Source
from core.processes.channel import Channel
from core.processes.shared_memory import Bus
from core.representations.live_object_state import object_publisher
from robot.control_loop import ControlLoop
from robot.control_thread import ControlThread
from robot.policies.wishes import WISH_TOPIC, PolicyWish, WishSource
from robot.rig import RigConfig
from robot.station_messages import GrantPolicy, LeaseLost


class StationPolicy:
    """``grant`` is to be called from the station's main thread, the rest in the control thread."""

    def __init__(
        self, channel: Channel, config: RigConfig, loop: ControlLoop, control: ControlThread, bus: Bus, clock: Clock
    ) -> None:
        self._channel, self._config, self._loop, self._control = channel, config, loop, control
        wishes = bus.message_subscriber(WISH_TOPIC, PolicyWish)
        self._source = WishSource(wishes, loop, clock, config.watchdogs)
        self._tried = 0
        self._objects = object_publisher(bus) if config.simulated else None
        loop.add_source(Source.POLICY, self._source, self._source.watch)

    def grant(self, command: GrantPolicy) -> tuple[SE3, float]:
        """Give it the arm; returns where the arm is sent. ReticleError says why it does not get it."""
        _require_speed(command.speed)
        if not command.rate_hz > 0.0:
            raise InputError(f"A policy acts more than 0 times a second, not {command.rate_hz}.")
        if command.told and self._objects is None:
            raise InputError(
                f"This policy is told where objects are, which only a simulator knows, and '{self._config.title}' is "
                "real; deploy one that sees images."
            )
        return self._control.call(lambda: self._granted(command))

    def use_speed(self, speed: float) -> None:
        """The policy that drives may use that share of the speed limits; InputError for one that cannot be."""
        _require_speed(speed)

        def use() -> None:
            if self._loop.source is Source.POLICY:
                self._loop.speed_share = self._share(speed)

        self._control.call(use)

    def taken_by(self, source: Source, lease: int) -> tuple[SE3, float]:
        """Whoever drives, this source does now; returns where the arm is sent. A policy that loses it is told of."""
        beaten = self._loop.lease if self._loop.source is Source.POLICY else None
        start = self._loop.grant(source, lease)
        if beaten is not None:
            self._channel.send(LeaseLost(beaten, "You took the arm."))
        return start

    def let_go(self) -> None:
        """An attempt is over: the policy stands still, a hand that has taken over goes on."""
        if self._loop.source is Source.POLICY:
            self._channel.send(LeaseLost(self._loop.lease, "The attempt is over."))
            self._loop.revoke()

    def _granted(self, command: GrantPolicy) -> tuple[SE3, float]:
        if self._loop.source not in (None, Source.POLICY):
            raise ReticleError("Somebody else has the arm; let it go first, then give it to the policy.")
        self._control.tell_objects(self._objects if command.told else None)
        self._tried = command.tried
        start = self._loop.grant(Source.POLICY, command.lease, self._share(command.speed))
        self._source.granted(command.lease, command.rate_hz)
        return start

    def _share(self, speed: float) -> float:
        """What it may use of the speed limits: little at first, where things can break."""
        limits = self._config.limits
        if self._config.simulated or self._tried >= limits.first_attempts:
            return speed
        return min(speed, limits.first_speed_m_s / limits.speed_m_s)


def _require_speed(speed: float) -> None:
    if not 0.0 < speed <= 1.0:
        raise InputError(f"A policy drives at a speed over 0 and at most 1, not at {speed}.")
