"""A job that is no run: one at a time in a process of its own, in a folder of the library's cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal
from ulid import ULID

from core.errors import ProcessError
from core.processes.child import Child
from core.processes.jobs import JobEnded, JobEvent, JobStage, StartJob, write_specification


class OneJob(QObject):
    """``ended`` brings how it ended; the message is for the person."""

    ended = Signal(object)
    staged = Signal(object)
    """How far it is."""
    _arrived = Signal(int, object)

    def __init__(self, module: str, hindered: str, parent: QObject | None = None) -> None:
        """``hindered``: the beginning of the sentence that says that it could not be done."""
        super().__init__(parent)
        self._module, self._hindered = module, hindered
        self._child: Child | None = None
        self._generation = 0
        self._arrived.connect(self._dispatch)

    @property
    def running(self) -> bool:
        return self._child is not None

    def begin(self, library_root: Path, specification: msgspec.Struct) -> None:
        """Start it; does nothing while one runs."""
        if self._child is not None:
            return
        folder = library_root / "cache" / "jobs" / str(ULID())
        self._generation += 1
        generation = self._generation
        try:
            folder.mkdir(mode=0o700, parents=True)
            write_specification(folder, specification)
            self._child = Child(
                self._module,
                JobEvent,
                lambda event: self._arrived.emit(generation, event),
                lambda status, words: self._exited(generation, status),
            )
            self._child.send(StartJob(str(folder)))
        except (OSError, ProcessError) as error:
            self._finish(JobEnded("failed", f"{self._hindered}: {error}"))

    def close(self) -> None:
        """Let go of one that still runs."""
        child, self._child = self._child, None
        self._generation += 1
        if child is not None:
            child.close(2.0)

    def _exited(self, generation: int, status: int) -> None:
        """Called from the reader's thread."""
        if status not in (0, 1):
            self._arrived.emit(generation, JobEnded("failed", f"{self._hindered}: its process ended by itself."))

    def _dispatch(self, generation: int, event: Any) -> None:
        if generation != self._generation:
            return
        if isinstance(event, JobEnded):
            self._finish(event)
        elif isinstance(event, JobStage):
            self.staged.emit(event)

    def _finish(self, ended: JobEnded) -> None:
        self.close()
        self.ended.emit(ended)
