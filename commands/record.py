"""``main.py record``: expert demonstrations in simulated time, in parallel, into the library."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from ulid import ULID

from commands.common import (
    JsonOption,
    LibraryOption,
    Progress,
    QuietOption,
    RigOption,
    SeedOption,
    emit,
    library_root,
)
from core.clock import monotonic_ns, utc_ns
from core.errors import InputError, LibraryError, StopReason
from core.library.library import Library
from core.messages import EpisodeMetadata, EpisodeSummary
from robot.assembly import choose_cameras
from robot.lockstep import LockstepSpec
from robot.lockstep_pool import Job, generate
from robot.rig import DEFAULT_RIG, load_rig
from robot.simulation import variations
from robot.simulation.tasks import TASKS

DISTRIBUTIONS = ("train", "test")
_BROKEN = (StopReason.DISK_FULL, StopReason.RECORDING_FAILED)


def record(
    task: Annotated[str, typer.Option(help="The task to demonstrate.")],
    demonstrator: Annotated[
        str, typer.Option(help="Who demonstrates; without a window only the expert can.")
    ] = "expert",
    episodes: Annotated[int, typer.Option(min=1, help="How many episodes.")] = 1,
    distribution: Annotated[str, typer.Option(help="Where starts are drawn from: train or test.")] = "train",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that simulate in parallel.")] = 1,
    cameras: Annotated[str, typer.Option(help="Roles by comma, or none; default all of the rig.")] = "",
    rate: Annotated[float, typer.Option(min=1.0, max=60.0, help="Frames per second and camera.")] = 30.0,
    no_disturbances: Annotated[bool, typer.Option("--no-disturbances", help="Leave the scene alone.")] = False,
    visuals: Annotated[
        str, typer.Option(help="Visual variations by comma: light, background, clutter, occlusion.")
    ] = "",
    library: LibraryOption = None,
    rig: RigOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Record seeded expert demonstrations: episode i uses seed + i, whatever the number of workers."""
    config = load_rig(rig or DEFAULT_RIG)
    TASKS.get(task)
    _require(demonstrator == "expert", f"There is no demonstrator '{demonstrator}' without a window; use expert.")
    _require(config.simulated, f"The expert needs a simulated rig; '{config.name}' is real.")
    _require(distribution in DISTRIBUTIONS, f"There is no distribution '{distribution}'; choose train or test.")
    chosen = tuple(sorted(variations.parse(_names(visuals))))
    roles = _cameras(cameras)
    choose_cameras(config, roles)
    spec = LockstepSpec(config, task, roles, rate, chosen)
    start_ns = monotonic_ns()
    with Library.open(library_root(library)) as opened:
        begun: dict[str, Path] = {}
        jobs = _jobs(opened, begun, task, episodes, distribution, seed, chosen, disturbances=not no_disturbances)
        try:
            rows = _run(opened, generate(spec, jobs, min(workers, episodes)), begun, episodes, quiet)
        finally:
            _discard(opened, begun)
    successes = sum(bool(row["success"]) for row in rows)
    wall_s = round((monotonic_ns() - start_ns) / 1e9, 3)
    if as_json:
        emit({"episodes": rows, "successes": successes, "wall_s": wall_s})
    elif not quiet:
        print(f"{len(rows)} episodes recorded, {successes} successful, in {wall_s:.1f} s.")


def _run(
    library: Library,
    results: Generator[tuple[Job, EpisodeSummary | bool], None, None],
    begun: dict[str, Path],
    episodes: int,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Complete the catalogue's rows as episodes end."""
    rows: dict[int, dict[str, Any]] = {}
    with Progress("Recording", episodes, quiet=quiet) as progress, closing(results):
        for job, summary in results:
            if isinstance(summary, bool):
                continue
            library.episodes.complete(summary)
            del begun[summary.id]
            rows[job.metadata.seed or 0] = _row(library, summary)
            progress.advance()
            if summary.stop_reason in _BROKEN:
                raise LibraryError(f"Episode {summary.id}: {StopReason(summary.stop_reason).sentence}")
    return [rows[seed] for seed in sorted(rows)]


def _discard(library: Library, begun: dict[str, Path]) -> None:
    """An interrupted expert episode is worth nothing: it can be made again from its seed."""
    for episode_id, path in begun.items():
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink(missing_ok=True)
        library.episodes.cancel(episode_id)


def _jobs(
    library: Library,
    begun: dict[str, Path],
    task: str,
    episodes: int,
    distribution: str,
    seed: int,
    visuals: tuple[str, ...],
    disturbances: bool,
) -> Iterator[Job]:
    for index in range(episodes):
        metadata = EpisodeMetadata(
            id=str(ULID()),
            task=task,
            created_utc_ns=utc_ns(),
            clock="lockstep",
            rig="",
            demonstrator="expert",
            simulated=True,
            seed=seed + index,
            distribution=distribution,
            visuals=visuals,
        )
        _, path = library.episodes.begin(metadata)
        begun[metadata.id] = path
        yield Job(path, metadata, disturbances)


def _row(library: Library, summary: EpisodeSummary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "path": str(library.episodes.get(summary.id).path),
        "success": summary.success,
        "frames": summary.frames,
        "dropped": summary.dropped,
        "duration_s": summary.duration_s,
    }


def _cameras(text: str) -> tuple[str, ...] | None:
    if not text:
        return None
    return () if text == "none" else _names(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise InputError(sentence)
