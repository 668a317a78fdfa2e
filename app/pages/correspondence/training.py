"""Training from this page: a job in a process of its own, with progress, an estimate and a cancel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from PySide6.QtCore import QObject, Signal

from app.status import time_words
from app.workers.library import LibraryWorker
from core.correspondence.config import LAPTOP
from core.errors import ProcessError
from core.library.learning import dataset_or_all
from core.library.runs import RunRow, last_status
from core.processes.jobs import Ask, JobEnded, JobProgress, JobStage, read_metrics
from robot.correspondence.start import begin as begin_training
from robot.jobs import JobChild, again
from robot.jobs import finish as finish_training
from robot.rig import RigConfig

if TYPE_CHECKING:
    from core.library.library import Library

_QUIT_S = 20.0
_ENDING = {
    Ask.PAUSE: "Pausing; what was learned is kept",
    Ask.CANCEL: "Ending; the best so far is kept",
}


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What is going on, in words; ``fraction`` below zero while nobody can tell.

    ``curve``: minutes and the share of points within 10 px, by every judgement so far; ``snapshot``: the newest
    picture of a match, empty for none.
    """

    words: str
    fraction: float = -1.0
    remaining_s: float | None = None
    curve: tuple[tuple[float, float], ...] = ()
    snapshot: str = ""

    @property
    def brief(self) -> str:
        """For a narrow place: the share that is done and what is left."""
        if self.remaining_s is None:
            return "begins"
        return f"{100 * self.fraction:.0f} %, {time_words(self.remaining_s)}"


class Training(QObject):
    """One training at a time."""

    changed = Signal(object)
    """A ``TrainingState``, or None when nothing runs."""
    ended = Signal(str, str)
    """Status and a sentence."""

    _heard = Signal(object)

    def __init__(self, library: LibraryWorker, rig: RigConfig) -> None:
        super().__init__()
        self._library, self._rig = library, rig
        self._run: RunRow | None = None
        self._child: JobChild | None = None
        self.state: TrainingState | None = None
        self._judged: list[dict[str, Any]] = []
        self._asked: Ask | None = None
        self._closing = False
        self._heard.connect(self._hear)

    def start(self, name: str = "", minutes: float = LAPTOP.minutes) -> None:
        """Train the laptop preset on all intact episodes."""
        rig, config = self._rig, msgspec.structs.replace(LAPTOP, minutes=minutes)
        self._begin(lambda library: begin_training(library, rig, config, dataset_or_all(library, None), name))

    def resume(self, run: str) -> None:
        """Go on with a paused run."""
        self._begin(lambda library: again(library, run))

    def _begin(self, begin: Callable[[Library], RunRow]) -> None:
        if self.state is not None:
            return
        self._judged, self._asked = [], None
        self._show(TrainingState("Looking at the episodes"))
        self._library.write(begin, self._begun, self._refused)

    def pause(self) -> None:
        """End it so that it can be resumed."""
        self._ask(Ask.PAUSE)

    def cancel(self) -> None:
        """End it and keep the best model so far."""
        self._ask(Ask.CANCEL)

    def _ask(self, what: Ask) -> None:
        """Told to the job as soon as there is one."""
        if self.state is None:
            return
        self._asked = what
        if self._child is not None:
            self._child.ask(what)
        self._show(TrainingState(_ENDING[what]))

    def close(self) -> None:
        """The window closes: the training pauses by itself, and the library says so when it is opened again."""
        self._closing = True
        child, self._child = self._child, None
        if child is not None:
            child.ask(Ask.PAUSE)

    def _begun(self, run: RunRow) -> None:
        if self._closing:  # the row says running, and the library sets it right when it is opened again
            return
        self._run = run
        self._judged = [metrics for metrics in read_metrics(Path(run.path)) if metrics.get("pck")]
        try:
            self._child = JobChild(run, self._heard.emit)
        except ProcessError as error:
            last = last_status(Path(run.path))
            self._end(JobEnded(last.status, str(error), last.result))
            return
        if self._asked is not None:
            self._child.ask(self._asked)

    def _refused(self, message: str) -> None:
        self._show(None)
        self.ended.emit("failed", message)

    def _hear(self, event: JobStage | JobProgress | JobEnded) -> None:
        if isinstance(event, JobEnded):
            self._end(event)
        elif self._asked is not None:
            return
        elif isinstance(event, JobStage):
            share = event.done / event.total if event.total else -1.0
            counted = f", {event.done} of {event.total}" if event.total else ""
            self._show(TrainingState(f"{event.name}{counted}", share))
        else:
            self._judged += [event.metrics] if event.metrics.get("pck") else []
            self._show(TrainingState(progress_words(event), event.fraction, event.remaining_s))

    def _end(self, event: JobEnded) -> None:
        run, child = self._run, self._child
        self._run = self._child = None
        if child is not None:  # it may need seconds to leave, and the window must not wait
            threading.Thread(target=child.close, args=(_QUIT_S,), name="training's end", daemon=True).start()
        if run is None:
            return

        def finished(_: object) -> None:
            self._show(None)
            self.ended.emit(event.status, event.message)

        self._library.write(lambda library: finish_training(library, run, event), finished, self._refused)

    def _show(self, state: TrainingState | None) -> None:
        self.state = None if state is None else replace(state, curve=self._curve(), snapshot=self._snapshot())
        self.changed.emit(self.state)

    def _curve(self) -> tuple[tuple[float, float], ...]:
        return tuple((metrics["elapsed_s"] / 60.0, metrics["pck"]["10"]) for metrics in self._judged)

    def _snapshot(self) -> str:
        name = self._judged[-1].get("snapshot") if self._judged else None
        return "" if name is None or self._run is None else str(Path(self._run.path) / name)


def progress_words(event: JobProgress) -> str:
    """How far it is, how long it will take and how good it is by now."""
    left = f"{time_words(event.remaining_s)} left"
    pck = event.metrics.get("pck")
    good = f", {100 * pck['10']:.0f} % of points within 10 px" if pck else ""
    return f"{100 * event.fraction:.0f} %, {left}{good}"
