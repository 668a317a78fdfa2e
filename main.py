"""Reticle's entry: without a subcommand the window, otherwise a job without one (docs: COMMANDS in the README)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

os.environ.setdefault("MUJOCO_GL", "egl")

import typer

from commands import datasets, doctor, episodes, record
from commands.common import LibraryOption, RigOption, SeedOption, run_app

app = typer.Typer(
    name="reticle",
    help="Teach a robot arm by showing. Without a command, opens the window.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(episodes.app, name="episodes")
app.add_typer(datasets.app, name="datasets")
app.command("record")(record.record)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def window(
    context: typer.Context,
    library: LibraryOption = None,
    rig: RigOption = None,
    seed: SeedOption = 0,
) -> None:
    """Open the window."""
    if context.invoked_subcommand is not None:
        return
    from app.application import run

    raise typer.Exit(run(library, rig, seed))


if __name__ == "__main__":
    sys.exit(run_app(app))
