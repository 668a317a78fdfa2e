"""Episodes in parallel: worker processes each with a simulated rig of their own.

The parent writes the catalogue; workers write files and return summaries. Jobs are drawn lazily, one for each free
worker, so that an interrupt leaves few unfinished. Outcomes do not depend on the number of workers.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ProcessError
from core.messages import EpisodeMetadata, EpisodeSummary
from robot.lockstep import LockstepRig, LockstepSpec, Rollout
from robot.scan_path import Dome

if TYPE_CHECKING:
    from core.policies.policy import Policy


@dataclass(frozen=True, slots=True)
class Job:
    """One episode: its file (None: judged only, no file) and its metadata with seed and distribution.

    With a ``dome`` it is a scan, with a ``policy`` (its folder) an attempt of that, else the expert demonstrates.
    """

    path: Path | None
    metadata: EpisodeMetadata
    disturbances: bool
    dome: Dome | None = None
    policy: Path | None = None


Result = EpisodeSummary | Rollout | bool
_RIG: LockstepRig | None = None


def generate(spec: LockstepSpec, jobs: Iterable[Job], workers: int) -> Generator[tuple[Job, Result], None, None]:
    """Run all jobs; yields each with its summary (its success when it has no file, its rollout) as it ends.

    ProcessError when a worker dies. Closing the iterator ends the workers at once.
    """
    context = multiprocessing.get_context("spawn")
    with _single_threaded():
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_open_rig, initargs=(spec,))
        queue = iter(jobs)
        running: dict[Future[Result], Job] = {}
        try:
            yield from _drain(pool, queue, running, workers)
        except BrokenProcessPool as error:
            raise ProcessError(f"A simulation worker died ({error}); see the log above and try again.") from error
        finally:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)


def _drain(
    pool: ProcessPoolExecutor, queue: Iterator[Job], running: dict[Future[Result], Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    exhausted = False
    while not exhausted or running:
        while not exhausted and len(running) < workers:
            job = next(queue, None)
            if job is None:
                exhausted = True
            else:
                running[pool.submit(_run, job)] = job
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield running.pop(future), future.result()


def _open_rig(spec: LockstepSpec) -> None:
    global _RIG
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _RIG = LockstepRig(spec)


def _run(job: Job) -> Result:
    if _RIG is None:
        raise ProcessError("A simulation worker was used before it was opened.")
    return carry_out(_RIG, job)


def carry_out(rig: LockstepRig, job: Job) -> Result:
    """Run one job on a rig of this process."""
    if job.dome is not None and job.path is not None:
        return rig.record_scan(job.path, job.metadata, job.dome)
    if job.policy is not None:
        return rig.roll_out(job.path, job.metadata, _loaded(job.policy), disturbances=job.disturbances)
    return rig.record_expert(job.path, job.metadata, disturbances=job.disturbances)


@functools.cache
def _loaded(folder: Path) -> Policy:
    """The policy of a folder, loaded once in each worker."""
    from core.policies.policy import Policy

    return Policy.load(folder)


class _single_threaded:  # noqa: N801 - reads as a statement
    """Children started inside compute with one thread each: more are slower on shared cores."""

    _NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._NAMES}
        os.environ.update(dict.fromkeys(self._NAMES, "1"))

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
