"""``main.py record``: expert demonstrations and scans in simulated time, in parallel, into the library."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Annotated, Any

import msgspec
import typer

from commands.common import (
    JsonOption,
    LibraryOption,
    Progress,
    QuietOption,
    RigOption,
    SeedOption,
    camera_roles,
    emit,
    library_root,
    names_in,
    require,
)
from core.clock import monotonic_ns
from core.library import EpisodeRow, Library
from core.messages import EpisodeMetadata, EpisodeSummary
from core.static_scenes import SCAN, object_names
from core.tasks import TaskInfo
from robot.assembly import choose_cameras
from robot.lockstep import LockstepSpec
from robot.lockstep_episodes import into_library
from robot.lockstep_pool import Job
from robot.rig import DEFAULT_RIG, WRIST, load_rig
from robot.scan_path import Dome
from robot.simulation import variations
from robot.simulation.tasks import TASKS

EXPERT = "expert"
DISTRIBUTIONS = ("train", "test")


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
    require(demonstrator in (EXPERT, SCAN), known)
    require(config.simulated, f"Simulated time needs a simulated rig; '{config.name}' is real.")
    require(distribution in DISTRIBUTIONS, f"There is no distribution '{distribution}'; choose train or test.")
    chosen = tuple(sorted(variations.parse(names_in(visuals))))
    names = object_names(objects or ", ".join(info.objects)) if demonstrator == SCAN else ()
    roles = (WRIST,) if demonstrator == SCAN else camera_roles(cameras)
    choose_cameras(config, roles)
    spec = LockstepSpec(config, task, roles, rate, chosen)
    start_ns = monotonic_ns()
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
    jobs = (
        Job(None, msgspec.structs.replace(common, seed=each), not no_disturbances, dome)
        for each in range(seed, seed + episodes)
    )
    with Library.open(library_root(library)) as opened:
        rows = _run(opened, into_library(opened, spec, jobs, min(workers, episodes)), episodes, quiet)
    successes = sum(bool(row["success"]) for row in rows)
    wall_s = round((monotonic_ns() - start_ns) / 1e9, 3)
    if as_json:
        emit({"episodes": rows, "successes": successes, "wall_s": wall_s})
    elif not quiet:
        judged = "" if demonstrator == SCAN else f", {successes} successful"
        print(f"{len(rows)} episodes recorded{judged}, in {wall_s:.1f} s.")


def _run(
    library: Library, summaries: Generator[EpisodeSummary, None, None], episodes: int, quiet: bool
) -> list[dict[str, Any]]:
    """Tell how far it is; returns the rows in the order of their seeds."""
    rows: dict[int, dict[str, Any]] = {}
    with Progress("Recording", episodes, quiet=quiet) as progress, closing(summaries):
        for summary in summaries:
            row = library.episodes.get(summary.id)
            rows[row.seed or 0] = _row(row)
            progress.advance()
    return [rows[seed] for seed in sorted(rows)]


def _row(row: EpisodeRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "path", "success", "frames", "dropped", "duration_s")}
