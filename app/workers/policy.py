"""The process that runs a policy: loaded once, told to drive and to rest; what it sees is taken newest first."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.errors import ProcessError
from core.processes.shared_memory import Bus, Session
from robot.policies.runner_client import RunnerClient
from robot.policies.runner_messages import PolicyInsight, Rested, RunnerReady, RunnerTrouble
from robot.rig import WatchdogConfig
from robot.station_messages import Ready

_LOG = logging.getLogger(__name__)
_CLOSING_S = 3.0


class PolicyWorker(QObject):
    """Owns at most one ``RunnerClient``. Nothing here waits for the process."""

    readied = Signal(object)
    rested = Signal(object)
    failed = Signal(str)
    """Why the policy cannot drive, or that its process ended by itself; it is not loaded any more."""

    _arrived = Signal(int, object)
    _ended = Signal(int, int, str)

    def __init__(self, session: Session, watchdogs: WatchdogConfig) -> None:
        super().__init__()
        self._session, self._watchdogs = session, watchdogs
        self._bus: Bus | None = None
        self._client: RunnerClient | None = None
        self._generation = 0
        self._trouble = ""
        self._closings: list[threading.Thread] = []
        self.folder: Path | None = None
        self.ready: RunnerReady | None = None
        self._arrived.connect(self._dispatch)
        self._ended.connect(self._finish)

    def open(self, folder: Path, ready: Ready) -> None:
        """Load another policy, or the same one for another scene; ``readied`` or ``failed`` follows."""
        self.close()
        self.folder, self._trouble = folder, ""
        generation = self._generation
        try:
            if self._bus is None:
                self._bus = Bus(self._session, "policies")
            self._client = RunnerClient(
                self._session,
                self._bus,
                folder,
                ready,
                self._watchdogs,
                lambda event: self._arrived.emit(generation, event),
                lambda status, words: self._ended.emit(generation, status, words),
            )
        except ProcessError as error:
            self._forget()
            self.failed.emit(str(error))

    def drive(self, lease: int) -> None:
        """Act under a lease that the station has granted."""
        try:
            if self._client is not None:
                self._client.drive(lease)
        except ProcessError as error:
            _LOG.warning("%s", error)

    def rest(self) -> None:
        """Act no more."""
        if self._client is not None:
            self._client.rest()

    def newest_insight(self) -> PolicyInsight | None:
        """The newest unread insight, or None."""
        return self._client.newest_insight() if self._client is not None else None

    def close(self) -> None:
        """End the process without waiting for it."""
        client = self._client
        self._forget()
        self._closings = [thread for thread in self._closings if thread.is_alive()]
        if client is not None:
            closing = threading.Thread(target=client.close, args=(_CLOSING_S,), name="policy closing", daemon=True)
            self._closings.append(closing)
            closing.start()

    def finish(self) -> None:
        """End the process and wait for its end."""
        self.close()
        for thread in self._closings:
            thread.join(2.0 * _CLOSING_S)

    def _forget(self) -> None:
        self._generation += 1
        self._client = self.folder = self.ready = None

    def _dispatch(self, generation: int, event: Any) -> None:
        if generation != self._generation:
            return
        if isinstance(event, RunnerReady):
            self.ready = event
            self.readied.emit(event)
        elif isinstance(event, RunnerTrouble):
            self._trouble = event.message
        elif isinstance(event, Rested):
            self.rested.emit(event)

    def _finish(self, generation: int, status: int, last_words: str) -> None:
        if generation != self._generation:
            return
        _LOG.error("the policy's process ended with %d: %s", status, last_words)
        trouble = self._trouble or "The policy's process ended by itself; start it again."
        self.close()
        self.failed.emit(trouble)
