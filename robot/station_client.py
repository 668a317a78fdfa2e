"""The parent's side of a station: start it, command it, read its newest state. Qt-free.

The window wraps this in signals (app/workers); commands and tests use it as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec

from core.clock import monotonic_ns
from core.errors import ProcessError
from core.geometry import SE3
from core.messages import Setpoint, Source, Step
from core.processes.child import Child
from core.processes.heartbeat import HeartbeatThread
from core.processes.shared_memory import Bus, FrameSubscriber, MessageSubscriber, Session
from robot.station_messages import (
    STATUS_TOPIC,
    STEP_TOPIC,
    Command,
    Events,
    GrantLease,
    GrantPolicy,
    Open,
    RevokeLease,
    Shutdown,
    StationSpec,
    StationStatus,
    frame_topic,
    setpoint_topic,
)

MODULE = "robot.station"


class StationClient:
    """Owns a station process. ``on_event`` and ``on_exit`` are called from a reader thread.

    ``heartbeat.tick()`` must be called at 20 Hz or more by whoever watches the person's screen.
    """

    def __init__(
        self,
        spec: StationSpec,
        session: Session,
        on_event: Callable[[Any], None],
        on_exit: Callable[[int, str], None] | None = None,
    ) -> None:
        self.session = session
        self.bus = Bus(session, "parent")
        self.heartbeat = HeartbeatThread(self.bus)
        self._steps: MessageSubscriber[Step] = self.bus.message_subscriber(STEP_TOPIC, Step)
        self._statuses: MessageSubscriber[StationStatus] = self.bus.message_subscriber(STATUS_TOPIC, StationStatus)
        self._setpoints = self.bus.message_publisher(setpoint_topic(Source.HAND), 1024)
        self._lease = 0
        self._sequence = 0
        self.child = Child(MODULE, Events, on_event, on_exit)
        try:
            self.child.send(Open(msgspec.structs.replace(spec, session=session.as_text())))
        except ProcessError:
            self.child.close()
            raise
        self.heartbeat.start()

    def send(self, command: Command) -> None:
        """Send a command; ProcessError when the station is gone."""
        self.child.send(command)

    def frames(self, role: str) -> FrameSubscriber:
        """A reader of the newest frame of a camera."""
        return self.bus.frame_subscriber(frame_topic(role))

    def newest_step(self) -> Step | None:
        """The newest unread control step, or None."""
        return self._steps.take()

    def newest_status(self) -> StationStatus | None:
        """The newest unread status, or None."""
        return self._statuses.take()

    def take_lease(self) -> int:
        """Ask for the arm; returns the lease number. ``LeaseGranted`` says from which pose to start."""
        self._lease += 1
        self.send(GrantLease(Source.HAND, self._lease))
        return self._lease

    def give_to_policy(self, rate_hz: float, *, speed: float = 1.0, tried: int = 0, told: bool = False) -> int:
        """Ask for the arm for a policy, see ``GrantPolicy``; returns the lease that its runner is to drive under."""
        self._lease += 1
        self.send(GrantPolicy(self._lease, rate_hz, speed, tried, told))
        return self._lease

    def release_lease(self) -> None:
        self.send(RevokeLease())

    def publish_setpoint(self, X_WE: SE3, gripper_width_m: float, observation_sequence: int = 0) -> Setpoint:
        """Publish a setpoint of the hand under the current lease; repeat it at 20 Hz or more while driving."""
        self._sequence += 1
        setpoint = Setpoint(
            Source.HAND,
            self._lease,
            self._sequence,
            monotonic_ns(),
            observation_sequence,
            X_WE.as_tuple(),
            gripper_width_m,
        )
        self._setpoints.publish(setpoint)
        return setpoint

    def close(self, timeout_s: float = 8.0) -> int:
        """Close the station in order: it brakes, closes its episode and exits. Returns its exit status."""
        with contextlib.suppress(ProcessError):
            self.send(Shutdown())
        status = self.child.close(timeout_s)
        self.heartbeat.stop()
        return status
