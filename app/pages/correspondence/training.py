"""Training from this page: a job in a process of its own, with progress, an estimate and a cancel."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QProgressBar, QWidget

from app.actions import ActionBook
from app.theme import unit
from app.widgets.basics import ActionButton, EmptyState, column, text
from app.workers.library import LibraryWorker
from core.correspondence.config import LAPTOP
from core.errors import ProcessError
from core.library.learning import dataset_or_all
from core.library.runs import RunRow
from core.processes.jobs import Ask, JobEnded, JobProgress, JobStage
from robot.correspondence.start import JobChild
from robot.correspondence.start import begin as begin_training
from robot.correspondence.start import finish as finish_training
from robot.rig import RigConfig

if TYPE_CHECKING:
    from core.library.library import Library

_QUIT_S = 20.0


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What is going on, in words; ``fraction`` below zero while nobody can tell."""

    words: str
    fraction: float = -1.0
    remaining_s: float | None = None

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
        self._heard.connect(self._hear)

    def start(self) -> None:
        """Train the laptop preset on all intact episodes."""
        if self.state is not None:
            return
        self._show(TrainingState("Looking at the episodes"))
        rig = self._rig

        def begin(library: Library) -> RunRow:
            return begin_training(library, rig, LAPTOP, dataset_or_all(library, None))

        self._library.write(begin, self._begun, self._refused)

    def cancel(self) -> None:
        """End it and keep the best model so far."""
        if self._child is not None:
            self._child.ask(Ask.CANCEL)
            self._show(TrainingState("Ending; the best so far is kept"))

    def close(self) -> None:
        """The window closes: the training pauses by itself, and the library says so when it is opened again."""
        child, self._child = self._child, None
        if child is not None:
            child.ask(Ask.PAUSE)

    def _begun(self, run: RunRow) -> None:
        self._run = run
        try:
            self._child = JobChild(run, self._heard.emit)
        except ProcessError as error:
            self._refused(str(error))

    def _refused(self, message: str) -> None:
        self._show(None)
        self.ended.emit("failed", message)

    def _hear(self, event: JobStage | JobProgress | JobEnded) -> None:
        if isinstance(event, JobStage):
            share = event.done / event.total if event.total else -1.0
            counted = f", {event.done} of {event.total}" if event.total else ""
            self._show(TrainingState(f"{event.name}{counted}", share))
        elif isinstance(event, JobProgress):
            self._show(TrainingState(progress_words(event), event.fraction, event.remaining_s))
        else:
            self._end(event)

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
        self.state = state
        self.changed.emit(state)


def time_words(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def progress_words(event: JobProgress) -> str:
    """How far it is, how long it will take and how good it is by now."""
    left = f"{time_words(event.remaining_s)} left"
    pck = event.metrics.get("pck")
    good = f", {100 * pck['10']:.0f} % of points within 10 px" if pck else ""
    return f"{100 * event.fraction:.0f} %, {left}{good}"


class TrainingCard(QWidget):
    """No model yet: what is missing, the step that makes one, and how far it is."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._train = ActionButton(book, "training.start", primary=True, words="Train")
        self._cancel = ActionButton(book, "training.cancel", words="Cancel")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(unit() * 90)
        self._words = text("", muted=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        inside = QWidget()
        layout = column(gap=3)
        for widget in (self._train, self._words, self._bar, self._cancel):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.setLayout(layout)
        self._state = EmptyState("correspondence", "No model yet", "", inside)
        self.setLayout(column(self._state))
        self.show_episodes(0)
        self.show_state(None)

    def show_episodes(self, count: int) -> None:
        episodes = f"{count:,} episodes" if count != 1 else "1 episode"
        self._state.say(
            "No model yet",
            f"Here you point at a pixel and see where the robot sees the same in other images. A descriptor model has "
            f"to learn that first, from your {episodes}; it takes about {LAPTOP.minutes + 2:.0f} minutes.",
        )

    def show_state(self, state: TrainingState | None) -> None:
        running = state is not None
        self._train.setVisible(not running)
        for widget in (self._words, self._bar, self._cancel):
            widget.setVisible(running)
        if state is not None:
            self._words.setText(state.words)
            known = state.fraction >= 0
            self._bar.setRange(0, 1000 if known else 0)
            self._bar.setValue(round(1000 * max(0.0, state.fraction)))
