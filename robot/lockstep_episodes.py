"""Episodes of simulated time into a library: begun as a worker is free, completed as they end, in parallel."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from core.clock import utc_ns
from core.errors import LibraryError, StopReason
from core.library.episodes import new_id
from core.library.library import Library
from core.messages import EpisodeSummary
from robot.lockstep import LockstepSpec, Rollout
from robot.lockstep_pool import Job, generate

_BROKEN = (StopReason.DISK_FULL, StopReason.RECORDING_FAILED)


def into_library(
    library: Library, spec: LockstepSpec, jobs: Iterable[Job], workers: int
) -> Generator[EpisodeSummary, None, None]:
    """Run jobs, whose identifiers and paths are given to them here; yields each summary once its row is complete.

    Closing the iterator, or an error, leaves nothing of what had not ended: it can be made again from its seed.
    LibraryError when a file could not be written to its end.
    """
    begun: dict[str, Path] = {}
    try:
        with closing(generate(spec, _begin(library, jobs, begun), workers)) as results:
            for _, result in results:
                summary = result.summary if isinstance(result, Rollout) else result
                if not isinstance(summary, EpisodeSummary):
                    continue
                library.episodes.complete(summary)
                del begun[summary.id]
                yield summary
                if summary.stop_reason in _BROKEN:
                    raise LibraryError(f"Episode {summary.id}: {StopReason(summary.stop_reason).sentence}")
    finally:
        discard(library, begun)


def _begin(library: Library, jobs: Iterable[Job], begun: dict[str, Path]) -> Iterator[Job]:
    for job in jobs:
        yield begin(library, job, begun)


def begin(library: Library, job: Job, begun: dict[str, Path]) -> Job:
    """The job with a row, an identifier and a path, which are noted in ``begun``."""
    metadata = msgspec.structs.replace(job.metadata, id=new_id(), created_utc_ns=utc_ns())
    _, begun[metadata.id] = library.episodes.begin(metadata)
    return dataclasses.replace(job, path=begun[metadata.id], metadata=metadata)


def discard(library: Library, begun: dict[str, Path]) -> None:
    """Leave nothing of what was begun and did not end."""
    for episode_id, path in begun.items():
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink(missing_ok=True)
        library.episodes.cancel(episode_id)
