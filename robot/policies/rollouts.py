"""Attempts of a policy in simulated time, in processes apart: many at once, or a few beside a training."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType

from ulid import ULID

from core.clock import utc_ns
from core.errors import ReticleError
from core.messages import EpisodeMetadata
from core.policies.checkpoint import PolicyDescription, read_policy_description, save_policy
from core.policies.model import PolicyModel
from core.representations import REPRESENTATIONS
from robot.lockstep import LockstepSpec, Rollout
from robot.lockstep_pool import Job, generate
from robot.rig import DEFAULT_RIG, load_rig

_LOG = logging.getLogger(__name__)
_LAST, _LOOK_S = 10, 0.5
_FIRST_SEED = 500_000
"""Attempts beside a training begin at seeds that no data set and no test uses."""


def lockstep_spec(description: PolicyDescription, task: str, visuals: tuple[str, ...] = ()) -> LockstepSpec:
    """The world that a policy is tried in: its camera alone, as often as it looks."""
    info = REPRESENTATIONS.get(description.setup.name).info
    camera = description.setup.camera
    roles = (camera.role,) if info.images and camera is not None else ()
    return LockstepSpec(load_rig(DEFAULT_RIG), task, roles, description.rate_hz if roles else None, visuals)


def attempts(
    folder: Path,
    task: str,
    seeds: Iterable[int],
    *,
    workers: int,
    distribution: str = "test",
    disturbances: bool = True,
    visuals: tuple[str, ...] = (),
) -> Iterator[tuple[int, Rollout]]:
    """Seed and outcome of every attempt, as each ends; outcomes do not depend on the number of workers."""
    spec = lockstep_spec(read_policy_description(folder), task, visuals)
    jobs = (Job(None, _metadata(task, seed, distribution, visuals), disturbances, policy=folder) for seed in seeds)
    with closing(generate(spec, jobs, workers)) as results:
        for job, rollout in results:
            if isinstance(rollout, Rollout):
                yield job.metadata.seed or 0, rollout


def _metadata(task: str, seed: int, distribution: str, visuals: tuple[str, ...]) -> EpisodeMetadata:
    return EpisodeMetadata(
        id=str(ULID()),
        task=task,
        created_utc_ns=utc_ns(),
        clock="lockstep",
        rig="",
        demonstrator="policy",
        simulated=True,
        seed=seed,
        distribution=distribution,
        visuals=visuals,
    )


class RolloutsBeside:
    """A few attempts at every tenth of a training, in one process apart; ``newest`` is what is known so far.

    A tenth that comes while one is being tried is left out; the last weights are tried for certain (``conclude``).
    Leaving waits for the attempt that runs, not for the rest.
    """

    def __init__(self, folder: Path, description: PolicyDescription, count: int) -> None:
        self._folder, self._description, self._count = folder / "tried", description, count
        self._tenth = self._done = 0
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self.newest: tuple[float, int] | None = None

    def milestone(self, tenth: int, model: PolicyModel) -> tuple[float, int] | None:
        """See ``Trainer.train``."""
        busy = self._thread is not None and self._thread.is_alive()
        if self._count and self._tenth < tenth < _LAST and not busy:
            self._begin(tenth, model)
        return self.newest

    def conclude(self, model: PolicyModel, stage: Callable[[str, int, int], None]) -> tuple[float, int] | None:
        """Success and number of attempts of the last weights; ``stage`` may raise to leave it at what is known."""
        if self._count:
            self._wait(stage)
            self._begin(_LAST, model)
            self._wait(stage)
        return self.newest

    def _begin(self, tenth: int, model: PolicyModel) -> None:
        self._tenth, self._done = tenth, 0
        folder = self._folder / f"{tenth:02d}"
        save_policy(folder, model, None, self._description)
        self._thread = threading.Thread(target=self._try, args=(folder,), name="rollouts", daemon=True)
        self._thread.start()

    def _wait(self, stage: Callable[[str, int, int], None]) -> None:
        while self._thread is not None and self._thread.is_alive():
            stage("Trying the policy", self._done, self._count)
            self._thread.join(_LOOK_S)

    def _try(self, folder: Path) -> None:
        seeds = range(_FIRST_SEED, _FIRST_SEED + self._count)
        successes = 0
        try:
            for _, rollout in attempts(folder, self._description.task, seeds, workers=1):
                successes, self._done = successes + rollout.success, self._done + 1
                if self._closing.is_set():
                    return
            self.newest = (successes / self._count, self._count)
        except (ReticleError, OSError) as error:
            _LOG.warning("the attempts beside the training ended: %s", error)

    def __enter__(self) -> RolloutsBeside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
