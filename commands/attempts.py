"""``main.py attempts``: what policies tried, and how often they succeeded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, QuietOption, emit, library_root, require
from commands.episodes import PolicyOption, TaskOption, policy_id
from core.attempts import words
from core.attempts.report import write_report
from core.clock import utc_iso, utc_ns
from core.library import EpisodeFilter, Library
from core.library.attempts import AttemptRow, TallyRow
from core.library.scores import matched
from robot.simulation.tasks import task_infos

app = typer.Typer(help="Attempts of policies.", no_args_is_help=True)


@app.command("list")
def list_attempts(
    policy: PolicyOption = None,
    task: TaskOption = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List attempts, the oldest first."""
    with Library.open(library_root(library), writable=False) as opened:
        rows = opened.attempts.list(_wanted(opened, policy, task))
    if as_json:
        emit({"rows": rows})
    elif not quiet:
        for row in rows:
            print(_line(row))


@app.command()
def tally(
    policy: PolicyOption = None,
    task: TaskOption = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Count successes by policy, task and disturbance."""
    with Library.open(library_root(library), writable=False) as opened:
        rows = opened.attempts.tally(_wanted(opened, policy, task))
        names = {model.id: model.name for model in opened.models.list("policy")}
    if as_json:
        emit({"rows": [_flat(row) for row in rows]})
    elif not quiet:
        for row in rows:
            low, high = (100 * end for end in row.score.wilson95)
            print(
                f"{names.get(row.policy, row.policy):32} {row.task:14} {row.disturbance:9} {row.attempts:5} attempts "
                f"{row.score.successes:5} successes {100 * row.score.rate:6.1f} % ({low:.1f} to {high:.1f}) "
                f"{row.score.mean_s:6.1f} s"
            )


@app.command()
def compare(
    first: Annotated[str, typer.Argument(help="A policy, by its identifier.")],
    second: Annotated[str, typer.Argument(help="The other one.")],
    task: TaskOption = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare two policies on the trials that both were judged at: the same starts."""
    with Library.open(library_root(library), writable=False) as opened:
        policies = [opened.models.policy(each) for each in (first, second)]
        found = matched(*(opened.attempts.list(EpisodeFilter(policy=each.id, task=task)) for each in policies))
    require(found.trials > 0, "These policies have no trial in common; try both with the same --seed.")
    names = [policy.name for policy in policies]
    if as_json:
        emit({"policies": [policy.id for policy in policies], "trials": found.trials, **msgspec.to_builtins(found)})
    elif not quiet:
        print(
            f"Both succeed: {found.both}, only '{names[0]}': {found.first_only}, only '{names[1]}': "
            f"{found.second_only}, neither: {found.neither}\n{words.verdict(found, *names)}"
        )


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
    policy: PolicyOption = None,
    task: TaskOption = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the evidence as a page (HTML) and as tables (CSV)."""
    with Library.open(library_root(library), writable=False) as opened:
        evidence = opened.scores.evidence(task_infos(), _wanted(opened, policy, task))
    require(bool(evidence), "No attempt matches, so there is nothing to report; try a policy first.")
    page = write_report(folder, evidence, utc_iso(utc_ns())[:16].replace("T", " ") + " UTC")
    if as_json:
        emit({"path": str(page), "policies": len(evidence)})
    elif not quiet:
        print(page)


def _wanted(library: Library, policy: str | None, task: str | None) -> EpisodeFilter:
    return EpisodeFilter(task=task, policy=policy_id(library, policy))


def _flat(row: TallyRow) -> dict[str, object]:
    """A row as the contract has it: the score beside the rest."""
    values = msgspec.structs.asdict(row)
    values.pop("score")
    return values | msgspec.structs.asdict(row.score)


def _line(row: AttemptRow) -> str:
    return (
        f"{row.id}  {row.policy}  {row.task:14} {row.trial if row.trial is not None else '-':>8}  "
        f"{row.outcome or 'not judged':10} {row.disturbance:9} {row.duration_s:6.1f} s  {row.stop_reason or ''}"
    ).rstrip()
