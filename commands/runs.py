"""``main.py runs``: what was trained."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.common import JsonOption, LibraryOption, QuietOption, emit, library_root
from core.clock import utc_iso
from core.library import Library

app = typer.Typer(help="Trainings.", no_args_is_help=True)


@app.callback()
def runs() -> None:
    """Trainings."""


@app.command("list")
def list_runs(
    kind: Annotated[str | None, typer.Option(help="correspondence or policy; default: both.")] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the runs, the newest first."""
    with Library.open(library_root(library), writable=False) as opened:
        found = opened.runs.list(kind)
    if as_json:
        emit({"runs": found})
    elif not quiet:
        for run in found:
            print(f"{run.id}  {utc_iso(run.created_utc_ns)[:19]}  {run.kind:14} {run.status:9} {run.message}")
