"""``main.py rollout``: try a policy in simulated time, in parallel; every attempt is an episode in the library."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from commands.common import (
    JsonOption,
    LibraryOption,
    QuietOption,
    RigOption,
    SeedOption,
    camera_roles,
    emit,
    library_root,
    names_in,
    require,
)
from commands.record import DISTRIBUTIONS
from core.attempts.statistics import Score
from core.clock import monotonic_ns
from core.library import Library
from core.library.attempts import AttemptRow, score_of
from core.messages import Disturbance
from robot.rig import DEFAULT_RIG, load_rig
from robot.simulation import variations

PolicyOption = Annotated[
    str, typer.Option("--policy", metavar="P", help="The policy: its name, or the beginning of its identifier.")
]


def rollout(
    policy: PolicyOption,
    task: Annotated[str | None, typer.Option(help="The task to try; default: what it was shown.")] = None,
    trials: Annotated[int, typer.Option(min=1, help="How many attempts.")] = 20,
    distribution: Annotated[str, typer.Option(help="Where starts are drawn from: train or test.")] = "test",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that simulate in parallel.")] = 1,
    cameras: Annotated[
        str, typer.Option(help="Roles to record by comma, or none; default: what the policy sees.")
    ] = "",
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
    """Try a policy: attempt i begins as seed + i says, and ends the same for any number of workers."""
    config = load_rig(rig or DEFAULT_RIG)
    require(distribution in DISTRIBUTIONS, f"There is no distribution '{distribution}'; choose train or test.")
    looks = tuple(sorted(variations.parse(names_in(visuals))))
    start_ns = monotonic_ns()
    from core.policies.checkpoint import read_policy_description
    from robot.lockstep_episodes import into_library
    from robot.policies import rollouts

    with Library.open(library_root(library)) as opened:
        model = opened.models.policy(policy)
        folder = Path(model.path)
        description = read_policy_description(folder)
        task = task or description.task
        spec = rollouts.lockstep_spec(description, config, task, recorded=camera_roles(cameras), visuals=looks)
        seeds = range(seed, seed + trials)
        jobs = rollouts.jobs(
            folder,
            description,
            task,
            seeds,
            distribution=distribution,
            disturbances=not no_disturbances,
            visuals=looks,
        )
        rows: list[AttemptRow] = []
        try:
            with closing(into_library(opened, spec, jobs, min(workers, trials))) as summaries:
                for summary in summaries:
                    rows.append(opened.attempts.get(summary.id))
                    if not quiet:
                        typer.echo(f"Attempt {len(rows)} of {trials}, {_line(rows[-1])}", err=True)
        finally:
            if rows and not as_json and not quiet:
                print(f"\n{model.name} at {task}, starts of the {distribution} distribution\n\n{_table(rows)}")
    if as_json:
        emit(_result(rows) | {"policy": model.id, "task": task, "wall_s": round((monotonic_ns() - start_ns) / 1e9, 3)})


def _result(rows: list[AttemptRow]) -> dict[str, object]:
    rows = sorted(rows, key=lambda row: row.trial or 0)
    score = score_of(rows)
    attempts = [
        {
            "id": row.id,
            "seed": row.trial,
            "outcome": row.outcome,
            "disturbance": row.disturbance,
            "duration_s": row.duration_s,
            "stop_reason": row.stop_reason,
        }
        for row in rows
    ]
    return {"attempts": attempts, **msgspec.to_builtins(score)}


def _line(row: AttemptRow) -> str:
    disturbed = "" if row.disturbance is Disturbance.NONE else ", disturbed"
    stopped = "" if row.stop_reason is None else f" ({row.stop_reason.replace('_', ' ')})"
    return f"seed {row.trial}: {row.outcome} after {row.duration_s:.1f} s{disturbed}{stopped}"


def _table(rows: list[AttemptRow]) -> str:
    """A line for every kind of disturbance, and one for all."""
    kinds = [kind for kind in Disturbance if any(row.disturbance is kind for row in rows)]
    lines = ["disturbance   attempts  successes      %  95 % interval  mean time"]
    lines += [table_line(kind, score_of([row for row in rows if row.disturbance is kind])) for kind in kinds]
    lines += [table_line("all", score_of(rows))] if len(kinds) > 1 else []
    silent = len(rows) - score_of(rows).trials
    return "\n".join([*lines, *([f"{silent} attempts ended without saying anything."] if silent else [])])


def table_line(name: str, score: Score) -> str:
    """A score in the columns of the table."""
    low, high = (100 * end for end in score.wilson95)
    interval = f"{low:.1f} to {high:.1f}"
    return (
        f"{name:12}  {score.trials:8}  {score.successes:9}  {100 * score.rate:5.1f}  {interval:>13}  "
        f"{score.mean_s:7.1f} s"
    )
