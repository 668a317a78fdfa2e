"""Captures the empty workspace in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from ulid import ULID

from core.errors import ProcessError
from core.processes.child import Child
from core.processes.jobs import JobEnded, JobEvent, StartJob, write_specification
from core.processes.shared_memory import Session
from robot.correspondence.specification import CAPTURE_JOB, CaptureSpecification
from robot.station_messages import Ready


class CaptureWorker(QObject):
    """One capture at a time. ``ended`` brings how it ended; the message is for the person."""

    ended = Signal(object)
    _arrived = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._child: Child | None = None
        self._arrived.connect(self._finish)

    @property
    def running(self) -> bool:
        return self._child is not None

    def start(self, ready: Ready, library_root: Path) -> None:
        """Capture with the rig that is ready, into the library; does nothing while one runs."""
        if self._child is not None:
            return
        folder = library_root / "cache" / "jobs" / str(ULID())
        given = CaptureSpecification(
            self._session.as_text(), ready.simulated, ready.rig, ready.cameras, str(library_root / "captures")
        )
        try:
            folder.mkdir(mode=0o700, parents=True)
            write_specification(folder, given)
            self._child = Child(CAPTURE_JOB, JobEvent, self._hear, self._exited)
            self._child.send(StartJob(str(folder)))
        except (OSError, ProcessError) as error:
            self._finish(JobEnded("failed", f"The empty workspace could not be captured: {error}"))

    def close(self) -> None:
        """Let go of a capture that still runs."""
        child, self._child = self._child, None
        if child is not None:
            child.close(2.0)

    def _hear(self, event: Any) -> None:
        if isinstance(event, JobEnded):
            self._arrived.emit(event)

    def _exited(self, status: int, words: str) -> None:
        if status not in (0, 1):
            self._arrived.emit(JobEnded("failed", "The capture's process ended by itself; try again."))

    def _finish(self, ended: JobEnded) -> None:
        self.close()
        self.ended.emit(ended)
