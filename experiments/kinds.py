"""How each kind of step is done: cut into pieces for workers, put together as the pieces come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from core.attempts.workspace import start_of
from core.library import Library
from core.library.query import EpisodeFilter
from core.library.runs import RunRow
from core.messages import EpisodeMetadata, EpisodeSummary, Floats, TargetError
from core.processes.jobs import JobEnded
from core.tasks import StartRange
from experiments.engine import PieceFailedError
from experiments.steps import Asked, Demonstrations, Descriptors, Looked, Matched, Policy, Step, Trial, Trials, Tried
from experiments.store import Store
from experiments.work import simulate, train
from robot.jobs import again, finish, start
from robot.lockstep import LockstepSpec, Rollout
from robot.lockstep_episodes import begin, discard
from robot.lockstep_pool import Job
from robot.rig import RigConfig
from robot.simulation.tasks import TASKS

DATASET = "all"
"""The data set of all demonstrations in a library of the store."""
_EPISODES, _TRIALS = 5, 10
"""Of how many a piece is made."""

Piece = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass
class Doing:
    """A step under way: ``pieces`` to hand out, ``take`` for what comes of each, ``end`` for the step's result once all
    came, ``drop`` when it is not to go on."""

    pieces: Sequence[Piece]
    take: Callable[[Any], None]
    end: Callable[[], Any]
    drop: Callable[[], None] = field(default=lambda: None)


def begun(step: Step, store: Store, rig: RigConfig) -> Doing:
    """Begin a step whose needs are done."""
    match step:
        case Demonstrations():
            return _demonstrations(step, store.library(step), rig)
        case Descriptors():
            return _training(step, store, lambda library: _descriptors(step, library, rig))
        case Policy():
            return _training(step, store, lambda library: _policy(step, store, library, rig))
        case Trials():
            return _trials(step, store, rig)
        case Asked():
            return _asked(step, store)
        case _:
            raise TypeError(type(step))


def _demonstrations(step: Demonstrations, library: Library, rig: RigConfig) -> Doing:
    spec = LockstepSpec(rig, step.task, step.cameras, step.rate_hz)
    there = {row.seed for row in library.episodes.list(EpisodeFilter(success=True), limit=10_000).rows}
    seeds = [seed for seed in range(step.seed, step.seed + step.episodes) if seed not in there]
    open_: dict[str, Path] = {}
    jobs = (begin(library, Job(None, _shown(step.task, seed), True), open_) for seed in seeds)

    def take(found: Sequence[tuple[Job, EpisodeSummary]]) -> None:
        for _, summary in found:
            library.episodes.complete(summary)
            del open_[summary.id]

    def end() -> dict[str, Any]:
        if all(dataset.name != DATASET for dataset in library.datasets.list()):
            library.datasets.freeze(DATASET, EpisodeFilter(task=step.task, demonstrations=True))
        return {"episodes": library.datasets.get(DATASET).episodes}

    pieces = [(simulate, (spec, chunk)) for chunk in _chunks(jobs, _EPISODES)]
    return Doing(pieces, take, end, lambda: discard(library, open_))


def _shown(task: str, seed: int) -> EpisodeMetadata:
    return EpisodeMetadata(
        id="",
        task=task,
        created_utc_ns=0,
        clock="lockstep",
        rig="",
        demonstrator="expert",
        simulated=True,
        seed=seed,
        distribution="train",
    )


def _training(step: Descriptors | Policy, store: Store, begin_run: Callable[[Library], RunRow]) -> Doing:
    """A run of the library, named by the step's key; one that was cut off goes on."""
    library = store.library(step.demonstrations)
    known = [run for run in library.runs.list() if run.name == step.key]
    paused = [run for run in known if run.status == "paused"]
    finished = [run for run in known if run.status == "done"]
    found: dict[str, Any] = {}
    if finished:
        found["run"] = finished[0]
        return Doing((), lambda _: None, lambda: _learned(library, finished[0]))
    run = start(library, again(library, paused[0].id) if paused else begin_run(library))

    def take(ended: JobEnded) -> None:
        found["run"] = finish(library, run, ended)
        if ended.status != "done":
            raise PieceFailedError(ended.message)

    return Doing([(train, (run,))], take, lambda: _learned(library, found["run"]))


def _learned(library: Library, run: RunRow) -> dict[str, Any]:
    model = next(each for each in library.models.list() if each.run == run.id)
    return {"model": model.id, "folder": model.path, "metrics": run.metrics}


def _descriptors(step: Descriptors, library: Library, rig: RigConfig) -> RunRow:
    from robot.correspondence.start import begin as begin_training

    return begin_training(library, rig, step.config, DATASET, step.key)


def _policy(step: Policy, store: Store, library: Library, rig: RigConfig) -> RunRow:
    from robot.policies.start import begin as begin_training

    config = step.config
    if step.descriptors is not None and (seen := store.done(step.descriptors)) is not None:
        config = msgspec.structs.replace(config, descriptor_model=seen.result["model"])
    return begin_training(library, rig, config, DATASET, step.key)


def _asked(step: Asked, store: Store) -> Doing:
    from experiments.looking import look

    learned = store.done(step.descriptors)
    assert learned is not None
    found: list[Looked] = []

    def take(came: tuple[bytes, tuple[Matched, ...]]) -> None:
        jpeg, matches = came
        found.append(Looked(str(store.keep_picture(step, jpeg)), matches))

    return Doing([(look, (learned.result["folder"], step))], take, lambda: found[0])


def _trials(step: Trials, store: Store, rig: RigConfig) -> Doing:
    from core.policies.checkpoint import read_policy_description
    from robot.policies.rollouts import jobs, lockstep_spec

    learned = store.done(step.policy)
    assert learned is not None
    folder = Path(learned.result["folder"])
    description = read_policy_description(folder)
    task = step.policy.demonstrations.task
    spec = lockstep_spec(description, rig, task, visuals=step.visuals)
    tried: Iterator[Job] = jobs(
        folder, description, task, range(step.seed, step.seed + step.count), visuals=step.visuals
    )
    rows: list[Trial] = []

    starts = TASKS.get(task).info.starts

    def take(found: Sequence[tuple[Job, Rollout]]) -> None:
        rows.extend(_trial(job.metadata.seed or 0, rollout, starts) for job, rollout in found)

    def end() -> Tried:
        scores = store.library(step.policy.demonstrations).scores
        training = [] if starts is None else scores.training_starts(description.id, starts)
        return Tried(tuple(sorted(rows, key=lambda row: row.seed)), tuple(map(_rounded, training)))

    pieces = [(simulate, (spec, chunk)) for chunk in _chunks(tried, _TRIALS)]
    return Doing(pieces, take, end)


def _trial(seed: int, rollout: Rollout, starts: StartRange | None) -> Trial:
    start = None if starts is None else start_of(rollout.start_poses, starts)
    error = rollout.final_error
    return Trial(
        seed=seed,
        success=rollout.success,
        duration_s=round(rollout.duration_s, 3),
        stop_reason=None if rollout.stop_reason is None else str(rollout.stop_reason),
        in_view=rollout.in_view,
        start=None if start is None else _rounded(start),
        error=TargetError(round(error.distance_m, 6), round(error.angle_rad, 6)),
    )


def _rounded(values: Floats) -> Floats:
    """To a tenth of a millimetre and of a thousandth of a degree."""
    return tuple(round(value, 4) for value in values)


def _chunks(jobs: Iterable[Job], size: int) -> Iterator[tuple[Job, ...]]:
    rest = iter(jobs)
    return iter(lambda: tuple(islice(rest, size)), ())
