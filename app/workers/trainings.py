"""The trainings of the window, of every kind: one runs in a process of its own, the others wait for their turn."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.status import time_words
from app.workers.library import LibraryWorker
from core.errors import ProcessError
from core.library.runs import RunRow, last_status
from core.platform import free_bytes
from core.processes.jobs import Ask, JobEnded, JobEvent, JobProgress, JobStage
from robot.jobs import JobChild, again, finish, start, withdraw

if TYPE_CHECKING:
    from core.library.library import Library

_LOG = logging.getLogger(__name__)
_QUIT_S = 20.0
_ROOM_BYTES = 4 * 1024**2
"""With less free the catalogue may not take a change."""
_AGAIN_MS = 3000
_ENDING = {
    Ask.PAUSE: "Pausing; what was learned is kept",
    Ask.CANCEL: "Ending; the best so far is kept",
}
Begin = Callable[["Library"], RunRow]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the running training is, in words; ``fraction`` below zero while nobody can tell."""

    words: str
    fraction: float = -1.0
    remaining_s: float | None = None
    short: str = "begins"
    """What is said in a narrow place while nobody can tell how long it takes."""

    @property
    def brief(self) -> str:
        """For a narrow place: the share that is done and what is left."""
        if self.remaining_s is None:
            return self.short
        return f"{100 * self.fraction:.0f} %, {time_words(self.remaining_s)}"


class TrainingQueue(QObject):
    """Queued runs start one after the other; nothing that a closed window left begins by itself.

    The order is kept in the library: ``left`` are the runs that were under way or waited when it was opened, and wait
    for a person to go on with them.
    """

    changed = Signal()
    """Another run is running, or others wait."""
    progressed = Signal(object)
    """A ``JobProgress`` or ``JobStage`` of the running one; ``standing`` says it in words."""
    ended = Signal(object, object)
    """A ``RunRow`` and its ``JobEnded``."""

    _heard = Signal(object)

    def __init__(self, library: LibraryWorker) -> None:
        super().__init__()
        self._library = library
        self._child: JobChild | None = None
        self._asked: Ask | None = None
        self._closing = False
        self.running: RunRow | None = None
        self.waiting: tuple[RunRow, ...] = ()
        self.left: tuple[str, ...] = ()
        self.standing: Standing | None = None
        self._heard.connect(self._hear)
        library.opened.connect(lambda _: library.read(lambda opened: opened.runs.queue(), self._remember))

    @property
    def brief(self) -> str:
        """For the strip, with how many wait; empty when nothing runs."""
        if self.standing is None:
            return ""
        return f"{self.standing.brief} (+{len(self.waiting)})" if self.waiting else self.standing.brief

    # Intents --------------------------------------------------------------------------------------------------------
    def add(self, begin: Begin, added: Callable[[RunRow], None], refused: Callable[[str], None]) -> None:
        """Put the run that ``begin`` makes at the end of the queue; ``refused`` says why there is none."""

        def begun(run: RunRow) -> None:
            if self._closing:  # it waits in the catalogue, which offers it when it is opened again
                return
            self.waiting += (run,)
            self.left = tuple(each for each in self.left if each != run.id)
            added(run)
            self._keep()
            self._next()

        self._library.write(begin, begun, refused)

    def resume(self, run: str, added: Callable[[RunRow], None], refused: Callable[[str], None]) -> None:
        """Put a paused run at the end of the queue."""
        self.add(lambda library: again(library, run), added, refused)

    def go_on(self, runs: Sequence[str], refused: Callable[[str], None]) -> None:
        """Put paused runs at the end of the queue, in this order."""
        for run in runs:
            self.resume(run, lambda run: None, refused)

    def leave(self) -> None:
        """Do not ask again for what was left; the runs stay paused."""
        self.left = ()
        self._keep()

    def to_front(self, run: str) -> None:
        """Let a run that waits be the next."""
        self.waiting = tuple(sorted(self.waiting, key=lambda each: each.id != run))
        self._keep()

    def ask(self, run: str, what: Ask) -> None:
        """Pause or end the running training; one that waits is taken out of the queue."""
        if self.running is not None and run == self.running.id:
            self._asked = what
            if self._child is not None:
                self._child.ask(what)
            self._stand(Standing(_ENDING[what], short="ends"))
        elif any(each.id == run for each in self.waiting):
            self.waiting = tuple(each for each in self.waiting if each.id != run)
            self._library.write(lambda library: withdraw(library, run, what), lambda _: self._keep())

    def close(self) -> None:
        """The window closes: the training pauses by itself, and the library says so when it is opened again."""
        self._closing = True
        child, self._child = self._child, None
        if child is not None:
            child.ask(Ask.PAUSE)

    def _remember(self, runs: tuple[str, ...]) -> None:
        self.left = runs
        self.changed.emit()

    def _keep(self) -> None:
        """Another run runs, or others wait: say it, and let the library know for the next time."""
        running = () if self.running is None else (self.running.id,)
        runs = (*running, *(each.id for each in self.waiting), *self.left)
        self._library.write(lambda library: library.runs.keep_queue(runs), lambda _: None, _LOG.warning)
        self.changed.emit()

    # Life of a run --------------------------------------------------------------------------------------------------
    def _next(self) -> None:
        if self.running is not None or not self.waiting or self._closing:
            return
        run, self.waiting = self.waiting[0], self.waiting[1:]
        self.running, self._asked = run, None
        self.standing = Standing("Begins")
        self._keep()
        self._note(lambda library: start(library, run), self._start)

    def _start(self, run: RunRow) -> None:
        if self._closing:  # the row says running, and the library sets it right when it is opened again
            return
        self.running = run
        self.changed.emit()
        try:
            self._child = JobChild(run, self._heard.emit)
        except ProcessError as error:
            last = last_status(Path(run.path))
            self._end(JobEnded(last.status, str(error), last.result))
            return
        if self._asked is not None:
            self._child.ask(self._asked)

    def _hear(self, event: JobEvent) -> None:
        if isinstance(event, JobEnded):
            self._end(event)
        elif self._asked is None:
            self._stand(standing_of(event))
            self.progressed.emit(event)

    def _stand(self, standing: Standing) -> None:
        self.standing = standing
        self.changed.emit()

    def _end(self, event: JobEnded) -> None:
        run, child = self.running, self._child
        self._child = None
        if child is not None:  # it may need seconds to leave, and the window must not wait
            threading.Thread(target=child.close, args=(_QUIT_S,), name="training's end", daemon=True).start()
        if run is not None and not self._closing:
            self._note(lambda library: finish(library, run, event), lambda _: self._over(event))

    def _note(self, work: Begin, done: Callable[[RunRow], None]) -> None:
        """Have the library note how the running one stands; on a full disk, as soon as there is room again."""

        def refused(message: str) -> None:
            if free_bytes(self._library.root) >= _ROOM_BYTES:
                self._over(JobEnded("failed", message))
            elif not self._closing:
                self._stand(Standing(message, short="disk full"))
                QTimer.singleShot(_AGAIN_MS, lambda: self._note(work, done))

        self._library.write(work, done, refused)

    def _over(self, event: JobEnded) -> None:
        run, self.running, self.standing = self.running, None, None
        self._keep()
        self.ended.emit(run, event)
        self._next()


def standing_of(event: JobStage | JobProgress) -> Standing:
    """What a job reports, in words."""
    if isinstance(event, JobStage):
        share = event.done / event.total if event.total else -1.0
        counted = f", {event.done} of {event.total}" if event.total else ""
        return Standing(f"{event.name}{counted}", share)
    return Standing(progress_words(event), event.fraction, event.remaining_s)


def progress_words(event: JobProgress) -> str:
    """How far it is, how long it will take and how good it is by now."""
    words = [f"{100 * event.fraction:.0f} %", f"{time_words(event.remaining_s)} left"]
    if (pck := event.metrics.get("pck")) is not None:
        words.append(f"{100 * pck['10']:.0f} % of points within 10 px")
    if (success := event.metrics.get("success")) is not None:
        words.append(f"{100 * success:.0f} % of rollouts succeed")
    return ", ".join(words)
