"""``main.py attempts``: what policies tried, and how often they succeeded."""

from __future__ import annotations

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, QuietOption, emit, library_root
from commands.episodes import PolicyOption, TaskOption, policy_id
from core.library import EpisodeFilter, Library
from core.library.attempts import AttemptRow, TallyRow

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
