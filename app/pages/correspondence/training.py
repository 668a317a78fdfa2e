"""Training descriptors from this page: the window's queue of trainings, as far as it is about correspondence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from app.workers.trainings import Standing, TrainingQueue
from core.correspondence.config import LAPTOP
from core.library.query import EpisodeFilter
from core.library.runs import RunRow
from core.processes.jobs import Ask, JobEnded, JobProgress, JobStage, read_metrics
from robot.correspondence.start import begin as begin_training
from robot.rig import RigConfig

_KIND = "correspondence"
_BEGINS = Standing("Looking at the episodes")


@dataclass(frozen=True, slots=True)
class TrainingState(Standing):
    """What is going on. ``curve``: minutes and the share of points within 10 px, by every judgement so far;
    ``snapshot``: the newest picture of a match, empty for none.
    """

    curve: tuple[tuple[float, float], ...] = ()
    snapshot: str = ""


class Training(QObject):
    """The correspondence training that runs or, while another kind runs, waits; this page begins one at a time."""

    changed = Signal(object)
    """A ``TrainingState``, or None when nothing runs."""
    ended = Signal(str, str)
    """Status and a sentence."""

    def __init__(self, trainings: TrainingQueue, rig: RigConfig) -> None:
        super().__init__()
        self._trainings, self._rig = trainings, rig
        self._beginning = False
        self._asked: Ask | None = None
        self._judged_of = ""
        self._judged: list[dict[str, Any]] = []
        self.state: TrainingState | None = None
        trainings.changed.connect(self._show)
        trainings.progressed.connect(self._progressed)
        trainings.ended.connect(self._ended)

    def start(self, name: str = "", minutes: float = LAPTOP.minutes) -> None:
        """Train the laptop preset on all intact episodes."""
        if self.state is None:
            rig, config = self._rig, msgspec.structs.replace(LAPTOP, minutes=minutes)
            self._begin()
            self._trainings.add(
                lambda library: begin_training(library, rig, config, EpisodeFilter(), name),
                self._added,
                self._refused,
            )

    def resume(self, run: str) -> None:
        """Go on with a paused run."""
        if self.state is None:
            self._begin()
            self._trainings.resume(run, self._added, self._refused)

    def pause(self) -> None:
        """End it so that it can be resumed."""
        self._ask(Ask.PAUSE)

    def cancel(self) -> None:
        """End it and keep the best model so far."""
        self._ask(Ask.CANCEL)

    @property
    def _run(self) -> RunRow | None:
        runs = (self._trainings.running, *self._trainings.waiting)
        return next((run for run in runs if run is not None and run.kind == _KIND), None)

    def _ask(self, what: Ask) -> None:
        """Told as soon as there is a run."""
        run = self._run
        if run is not None:
            self._trainings.ask(run.id, what)
        elif self._beginning:
            self._asked = what

    def _begin(self) -> None:
        self._beginning, self._asked = True, None
        self._show()

    def _added(self, run: RunRow) -> None:
        self._beginning = False
        if self._asked is not None:
            self._trainings.ask(run.id, self._asked)

    def _refused(self, message: str) -> None:
        self._beginning = False
        self._show()
        self.ended.emit("failed", message)

    def _progressed(self, event: JobStage | JobProgress) -> None:
        if isinstance(event, JobProgress) and event.metrics.get("pck"):
            self._judged.append(event.metrics)
            self._show()

    def _ended(self, run: RunRow, event: JobEnded) -> None:
        if run.kind == _KIND:
            self.ended.emit(event.status, event.message)

    # What is shown --------------------------------------------------------------------------------------------------
    def _show(self) -> None:
        run = self._run
        if run is not None and run.id != self._judged_of:
            self._judged_of = run.id
            self._judged = [metrics for metrics in read_metrics(Path(run.path)) if metrics.get("pck")]
        standing = self._standing(run)
        self.state = None if standing is None else self._state(standing, run)
        self.changed.emit(self.state)

    def _standing(self, run: RunRow | None) -> Standing | None:
        if run is None:
            return _BEGINS if self._beginning else None
        running = self._trainings.running
        if running is None or run.id == running.id:
            return self._trainings.standing or _BEGINS
        return Standing(f"Waits for '{running.name}' to end")

    def _state(self, standing: Standing, run: RunRow | None) -> TrainingState:
        judged = self._judged if run is not None else []
        curve = tuple((metrics["elapsed_s"] / 60.0, metrics["pck"]["10"]) for metrics in judged)
        name = judged[-1].get("snapshot") if judged else None
        snapshot = "" if name is None or run is None else str(Path(run.path) / name)
        return TrainingState(
            standing.words,
            standing.fraction,
            standing.remaining_s,
            standing.short,
            curve=curve,
            snapshot=snapshot,
        )
