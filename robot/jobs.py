"""The processes of runs, whatever is trained: started, asked, brought back, noted in the catalogue as they end."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import InputError, ProcessError
from core.library.library import Library
from core.library.models import MODELS
from core.library.runs import RunRow, last_status
from core.processes.child import Child
from core.processes.jobs import (
    CHECKPOINT_STATE,
    Ask,
    AskJob,
    JobEnded,
    JobEvent,
    JobProgress,
    StartJob,
    read_specification,
    write_specification,
)

_LOG = logging.getLogger(__name__)
MODULES = {"correspondence": "robot.correspondence.job", "policy": "robot.policies.job"}
"""The module that does the work of each kind of run."""


def again(library: Library, prefix: str) -> RunRow:
    """A paused run, ready to go on. InputError when it is not paused."""
    run = library.runs.get(prefix)
    if run.status != "paused":
        raise InputError(f"Run {run.id} is {run.status}, and only a paused one can be resumed.")
    _bring_here(library, Path(run.path))
    return library.runs.update(run.id, "queued", run.metrics)


def _bring_here(library: Library, folder: Path) -> None:
    """A library may have been moved or copied since a run began; let its specification name the files that are here.

    What cannot be read stays as it is: the job says what is wrong with it.
    """
    try:
        asked = read_specification(folder, dict[str, Any])
    except InputError:
        return
    before = Path(asked.get("models", library.root / MODELS)).parent
    if before != library.root:
        write_specification(folder, _rebased(asked, before, library.root))


def _rebased(value: Any, before: Path, now: Path) -> Any:
    """A specification whose paths below one folder lie below another."""
    if isinstance(value, dict):
        return {name: _rebased(each, before, now) for name, each in value.items()}
    if isinstance(value, list):
        return [_rebased(each, before, now) for each in value]
    inside = isinstance(value, str) and Path(value).is_absolute() and Path(value).is_relative_to(before)
    return str(now / Path(value).relative_to(before)) if inside else value


def start(library: Library, run: RunRow) -> RunRow:
    """Note in the catalogue that a run's turn has come."""
    return library.runs.update(run.id, "running", run.metrics)


def withdraw(library: Library, prefix: str, what: Ask) -> RunRow:
    """Take a run that waits out of the queue: paused when that is asked or it had begun before, else cancelled."""
    run = library.runs.get(prefix)
    if run.status != "queued":
        raise InputError(f"Run {run.id} is {run.status}, and only a queued one can be taken out of the queue.")
    if what is Ask.PAUSE or (Path(run.path) / CHECKPOINT_STATE).exists():
        return library.runs.update(run.id, "paused", run.metrics, "It was taken out of the queue and can be resumed.")
    return library.runs.update(run.id, "cancelled", run.metrics, "It was taken out of the queue before it began.")


def finish(library: Library, run: RunRow, ended: JobEnded) -> RunRow:
    """Copy into the catalogue how a run ended, and its model if there is one, by the name that the run has now."""
    adopted = library.models.adopt()
    name = library.runs.get(run.id).name
    for model in map(library.models.get, adopted):
        if model.run == run.id and name not in ("", model.name):
            library.models.rename(model.id, name)
    return library.runs.update(run.id, ended.status, ended.result, ended.message)


class JobChild:
    """The process of one run. ``on_event`` gets stages, progress and, last, how it ended; from a thread."""

    def __init__(self, run: RunRow, on_event: Callable[[JobEvent], None]) -> None:
        self._run = run
        self._on_event = on_event
        self._ended = False
        threads = str(max(1, len(os.sched_getaffinity(0))))
        environment = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        self._child = Child(MODULES[run.kind], JobEvent, self._hear, self._exited, environment)
        self._child.send(StartJob(run.path))

    def ask(self, what: Ask) -> None:
        """Pause or cancel; the job ends by itself then. Silent when it has ended."""
        try:
            self._child.send(AskJob(what))
        except ProcessError:
            _LOG.info("the job had ended already")

    def close(self, timeout_s: float = 60.0) -> None:
        """Let it end by itself, pausing it first when it still runs."""
        self._child.close(timeout_s)

    def _hear(self, event: Any) -> None:
        self._ended = self._ended or isinstance(event, JobEnded)
        self._on_event(event)

    def _exited(self, status: int, words: str) -> None:
        if self._ended:
            return
        _LOG.error("the training ended with %d: %s", status, words)
        last = last_status(Path(self._run.path))
        self._on_event(JobEnded(last.status, f"The training's process ended by itself. {last.message}", last.result))


def summary_of(progress: JobProgress) -> str:
    """A line about a running training."""
    metrics = progress.metrics
    line = f"step {metrics['step']}, loss {metrics['loss']:.3f}, {progress.remaining_s:.0f} s left"
    if (pck := metrics.get("pck")) is not None:
        line += f", PCK@10 on held-out images {100 * pck['10']:.0f} %"
    if (validation := metrics.get("validation_loss")) is not None:
        line += f", validation loss {validation:.3f}"
    if (success := metrics.get("success")) is not None:
        line += f", success {100 * success:.0f} %"
    return line
