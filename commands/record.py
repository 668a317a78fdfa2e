"""``main.py record``: expert demonstrations and scans in simulated time, in parallel, into the library."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import msgspec
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
from core.static_scenes import SCAN, object_names
from core.tasks import TaskInfo
from robot.assembly import choose_cameras
from robot.lockstep import LockstepSpec
from robot.lockstep_pool import Job, Result, generate
from robot.rig import DEFAULT_RIG, WRIST, load_rig
from robot.scan_path import Dome
from robot.simulation import variations
from robot.simulation.tasks import TASKS

EXPERT = "expert"
DISTRIBUTIONS = ("train", "test")
_BROKEN = (StopReason.DISK_FULL, StopReason.RECORDING_FAILED)


def record(
    task: Annotated[str, typer.Option(help="The task to demonstrate.")],
    demonstrator: Annotated[
        str, typer.Option(help="expert, or scan: the arm sweeps its camera over the still scene.")
    ] = EXPERT,
    episodes: Annotated[int, typer.Option(min=1, help="How many episodes.")] = 1,
    distribution: Annotated[str, typer.Option(help="Where starts are drawn from: train or test.")] = "train",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that simulate in parallel.")] = 1,
    cameras: Annotated[str, typer.Option(help="Roles by comma, or none; default all of the rig.")] = "",
    rate: Annotated[float, typer.Option(min=1.0, max=60.0, help="Frames per second and camera.")] = 30.0,
    no_disturbances: Annotated[bool, typer.Option("--no-disturbances", help="Leave the scene alone.")] = False,
    visuals: Annotated[
        str, typer.Option(help="Visual variations by comma: light, background, clutter, occlusion.")
    ] = "",
    objects: Annotated[
        str,
        typer.Option(help="What lies in a scanned scene, by comma: mug, or shoe/red with its class; default: task's."),
    ] = "",
    views: Annotated[int, typer.Option(min=12, max=2000, help="About how many pictures a scan takes.")] = 400,
    library: LibraryOption = None,
    rig: RigOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Record seeded expert demonstrations or scans: episode i uses seed + i, whatever the number of workers."""
    config = load_rig(rig or DEFAULT_RIG)
    info: TaskInfo = TASKS.get(task).info
    known = f"There is no demonstrator '{demonstrator}' without a window; use {EXPERT} or {SCAN}."
    _require(demonstrator in (EXPERT, SCAN), known)
    _require(config.simulated, f"Simulated time needs a simulated rig; '{config.name}' is real.")
    _require(distribution in DISTRIBUTIONS, f"There is no distribution '{distribution}'; choose train or test.")
    chosen = tuple(sorted(variations.parse(_names(visuals))))
    names = object_names(objects or ", ".join(info.objects)) if demonstrator == SCAN else ()
    roles = (WRIST,) if demonstrator == SCAN else _cameras(cameras)
    choose_cameras(config, roles)
    spec = LockstepSpec(config, task, roles, rate, chosen)
    start_ns = monotonic_ns()
    with Library.open(library_root(library)) as opened:
        begun: dict[str, Path] = {}
        common = EpisodeMetadata(
            id="",
            task=task,
            created_utc_ns=0,
            clock="lockstep",
            rig="",
            demonstrator=demonstrator,
            tags=names,
            simulated=True,
            distribution=distribution,
            visuals=chosen,
            objects=names,
        )
        dome = Dome.of(views) if demonstrator == SCAN else None
        jobs = _jobs(opened, begun, common, range(seed, seed + episodes), dome, disturbances=not no_disturbances)
        try:
            rows = _run(opened, generate(spec, jobs, min(workers, episodes)), begun, episodes, quiet)
        finally:
            _discard(opened, begun)
    successes = sum(bool(row["success"]) for row in rows)
    wall_s = round((monotonic_ns() - start_ns) / 1e9, 3)
    if as_json:
        emit({"episodes": rows, "successes": successes, "wall_s": wall_s})
    elif not quiet:
        judged = "" if demonstrator == SCAN else f", {successes} successful"
        print(f"{len(rows)} episodes recorded{judged}, in {wall_s:.1f} s.")


def _run(
    library: Library,
    results: Generator[tuple[Job, Result], None, None],
    begun: dict[str, Path],
    episodes: int,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Complete the catalogue's rows as episodes end."""
    rows: dict[int, dict[str, Any]] = {}
    with Progress("Recording", episodes, quiet=quiet) as progress, closing(results):
        for job, summary in results:
            if not isinstance(summary, EpisodeSummary):
                continue
            library.episodes.complete(summary)
            del begun[summary.id]
            rows[job.metadata.seed or 0] = _row(library, summary)
            progress.advance()
            if summary.stop_reason in _BROKEN:
                raise LibraryError(f"Episode {summary.id}: {StopReason(summary.stop_reason).sentence}")
    return [rows[seed] for seed in sorted(rows)]


def _discard(library: Library, begun: dict[str, Path]) -> None:
    """An interrupted episode in simulated time is worth nothing: it can be made again from its seed."""
    for episode_id, path in begun.items():
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink(missing_ok=True)
        library.episodes.cancel(episode_id)


def _jobs(
    library: Library,
    begun: dict[str, Path],
    common: EpisodeMetadata,
    seeds: Iterable[int],
    dome: Dome | None,
    *,
    disturbances: bool,
) -> Iterator[Job]:
    for seed in seeds:
        metadata = msgspec.structs.replace(common, id=str(ULID()), created_utc_ns=utc_ns(), seed=seed)
        _, path = library.episodes.begin(metadata)
        begun[metadata.id] = path
        yield Job(path, metadata, disturbances, dome)


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
