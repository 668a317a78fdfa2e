"""Attempts of a policy in simulated time, in processes apart: many at once, or a few beside a training."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType

from core.errors import InputError, ReticleError
from core.messages import EpisodeMetadata, Source
from core.policies.checkpoint import PolicyDescription, read_policy_description, save_policy
from core.policies.model import PolicyModel
from core.representations import REPRESENTATIONS
from core.representations.representation import RepresentationInfo
from robot.assembly import choose_cameras
from robot.lockstep import LockstepSpec, Rollout
from robot.lockstep_pool import Job, generate
from robot.rig import DEFAULT_RIG, RigConfig, load_rig
from robot.simulation.tasks import TASKS

_LOG = logging.getLogger(__name__)
_LAST, _LOOK_S = 10, 0.5
_FIRST_SEED = 500_000
"""Attempts beside a training begin at seeds that no data set and no test uses."""


def lockstep_spec(
    description: PolicyDescription,
    config: RigConfig,
    task: str,
    *,
    recorded: tuple[str, ...] | None = None,
    visuals: tuple[str, ...] = (),
) -> LockstepSpec:
    """The world that a policy is tried in: its camera as often as it looks, and those that are to be recorded besides.

    ``recorded`` None: what it sees. InputError when the rig or the task cannot be for this policy.
    """
    if not config.simulated:
        raise InputError(f"Simulated time needs a simulated rig; '{config.name}' is real.")
    info: RepresentationInfo = REPRESENTATIONS.get(description.setup.name).info
    _require_objects(description, task)
    camera = description.setup.camera
    seen = (camera.role,) if info.images and camera is not None else ()
    roles = tuple(dict.fromkeys((*seen, *(recorded or ()))))
    choose_cameras(config, roles)
    return LockstepSpec(config, task, roles, description.rate_hz if seen else None, visuals, recorded)


def _require_objects(description: PolicyDescription, task: str) -> None:
    there = TASKS.get(task).info.objects
    missing = [name for name in description.setup.object_points if name not in there]
    if missing:
        raise InputError(
            f"The policy '{description.name}' is told where the {missing[0]} is, and the task '{task}' has none; "
            f"try it at '{description.task}'."
        )


def jobs(
    folder: Path,
    description: PolicyDescription,
    task: str,
    seeds: Iterable[int],
    *,
    distribution: str = "test",
    disturbances: bool = True,
    visuals: tuple[str, ...] = (),
) -> Iterator[Job]:
    """An attempt at every seed, yet without files."""
    for seed in seeds:
        metadata = EpisodeMetadata(
            id="",
            task=task,
            created_utc_ns=0,
            clock="lockstep",
            rig="",
            demonstrator=Source.POLICY,
            simulated=True,
            seed=seed,
            distribution=distribution,
            visuals=visuals,
            policy=description.id,
        )
        yield Job(None, metadata, disturbances, policy=folder)


def attempts(folder: Path, task: str, seeds: Iterable[int], *, workers: int) -> Iterator[tuple[int, Rollout]]:
    """Seed and outcome of attempts that nobody keeps, as each ends; the same for any number of workers."""
    description = read_policy_description(folder)
    spec = lockstep_spec(description, load_rig(DEFAULT_RIG), task)
    with closing(generate(spec, jobs(folder, description, task, seeds), workers)) as results:
        for job, rollout in results:
            if isinstance(rollout, Rollout):
                yield job.metadata.seed or 0, rollout


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
                successes, self._done = successes + bool(rollout.success), self._done + 1
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
