"""The parent's side of the process that runs a policy: start it, let it drive, see what it sees. Qt-free."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import ProcessError
from core.processes.child import Child
from core.processes.shared_memory import Bus, MessageSubscriber, Session
from robot.policies.runner_messages import (
    INSIGHT_TOPIC,
    CloseRunner,
    Drive,
    OpenRunner,
    PolicyInsight,
    Rest,
    RunnerEvents,
)
from robot.rig import WatchdogConfig
from robot.station_messages import Ready

MODULE = "robot.policies.runner"


class RunnerClient:
    """Owns the process of one policy. ``on_event`` and ``on_exit`` are called from a reader thread.

    ``RunnerReady`` says that it may drive, ``RunnerTrouble`` why it cannot. Then: ``StationClient.give_to_policy``, and
    on ``LeaseGranted`` of the policy ``drive`` with that lease.
    """

    def __init__(
        self,
        session: Session,
        bus: Bus,
        folder: Path,
        ready: Ready,
        watchdogs: WatchdogConfig,
        on_event: Callable[[Any], None],
        on_exit: Callable[[int, str], None] | None = None,
    ) -> None:
        self._insights: MessageSubscriber[PolicyInsight] = bus.message_subscriber(INSIGHT_TOPIC, PolicyInsight)
        self.child = Child(MODULE, RunnerEvents, on_event, on_exit)
        objects = () if ready.task is None else ready.task.objects
        opening = OpenRunner(
            session.as_text(), str(folder), ready.rig, ready.simulated, ready.cameras, objects, watchdogs
        )
        try:
            self.child.send(opening)
        except ProcessError:
            self.child.close()
            raise

    def drive(self, lease: int) -> None:
        """Act under a lease that the station has granted; ProcessError when the process is gone."""
        self.child.send(Drive(lease))

    def rest(self) -> None:
        """Act no more; silent when the process is gone."""
        with contextlib.suppress(ProcessError):
            self.child.send(Rest())

    def newest_insight(self) -> PolicyInsight | None:
        """The newest unread insight, or None."""
        return self._insights.take()

    def close(self, timeout_s: float = 5.0) -> int:
        """End the process; returns its exit status."""
        with contextlib.suppress(ProcessError):
            self.child.send(CloseRunner())
        return self.child.close(timeout_s)
