"""Starting a correspondence training from the window or the command line: what it needs, in one place."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.correspondence.config import EpisodeSpan, TrainingConfig
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError, ProcessError
from core.library.datasets import Dataset
from core.library.episodes import new_id
from core.library.learning import spans
from core.library.library import Library
from core.library.runs import MODELS, RunRow, last_status
from core.messages import CameraInfo
from core.processes.child import Child
from core.processes.jobs import (
    Ask,
    AskJob,
    JobEnded,
    JobEvent,
    JobProgress,
    StartJob,
    write_specification,
)
from robot.correspondence.specification import TRAINING_JOB, Specification
from robot.rig import RigConfig

_LOG = logging.getLogger(__name__)


def begin(library: Library, rig: RigConfig, config: TrainingConfig, dataset: Dataset, name: str = "") -> RunRow:
    """A run with its specification in its folder, ready for ``JobChild``. InputError says what is missing."""
    episodes = spans(library, dataset)
    shown = [span for span in episodes if not span.scan]
    cameras = _cameras(shown, library.cache) if shown else ()
    run = library.runs.begin("correspondence", dataset.id, msgspec.to_builtins(config), config.seed)
    specification = Specification(
        run=run.id,
        model=new_id(),
        name=name or f"{config.preset} on {dataset.name}",
        config=config,
        episodes=episodes,
        cameras=cameras,
        rig=rig.name,
        simulated=rig.simulated,
        captures=str(library.captures),
        cache=str(library.cache),
        models=str(library.root / MODELS),
        dataset=dataset.id,
        dataset_sha256=dataset.sha256,
    )
    write_specification(Path(run.path), specification)
    return run


def again(library: Library, prefix: str) -> RunRow:
    """A paused run, ready to go on. InputError when it is not paused."""
    run = library.runs.get(prefix)
    if run.status != "paused":
        raise InputError(f"Run {run.id} is {run.status}, and only a paused one can be resumed.")
    return library.runs.update(run.id, "running", run.metrics)


def finish(library: Library, run: RunRow, ended: JobEnded) -> RunRow:
    """Copy into the catalogue how a run ended, and its model if there is one."""
    library.models.adopt()
    return library.runs.update(run.id, ended.status, ended.result, ended.message)


class JobChild:
    """The process of one run. ``on_event`` gets stages, progress and, last, how it ended; from a thread."""

    def __init__(self, run: RunRow, on_event: Callable[[JobEvent], None]) -> None:
        self._run = run
        self._on_event = on_event
        self._ended = False
        threads = str(max(1, len(os.sched_getaffinity(0))))
        environment = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
        self._child = Child(TRAINING_JOB, JobEvent, self._hear, self._exited, environment)
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
    pck = metrics.get("pck")
    return line if pck is None else f"{line}, PCK@10 on held-out images {100 * pck['10']:.0f} %"


def _cameras(episodes: Sequence[EpisodeSpan], cache_dir: Path) -> tuple[CameraInfo, ...]:
    """The fixed cameras with depth that the first readable episode was recorded with."""
    reason = "none can be read"
    for span in episodes:
        try:
            with EpisodeReader(Path(span.path), cache_dir) as reader:
                cameras = [camera for role, camera in reader.cameras.items() if reader.frame_count(role)]
                fixed = [camera for camera in cameras if camera.X_WC is not None]
                for camera in fixed:
                    camera.require_usable()
                deep = [camera for camera in fixed if reader.depth(camera.role, 0) is not None]
        except (EpisodeFileError, InputError) as error:
            reason = str(error).rstrip(".")
            continue
        if deep:
            return tuple(deep)
        reason = "no fixed camera recorded any images" if not fixed else "its fixed cameras recorded no depth"
    raise InputError(f"Correspondence needs images with depth from a fixed camera: {reason}.")
