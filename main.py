"""Reticle's entry: without a subcommand the window, otherwise a job without one (docs: COMMANDS in the README)."""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ.setdefault("MUJOCO_GL", "egl")

import typer

from commands import (
    attempts,
    datasets,
    demo,
    doctor,
    episodes,
    evaluate,
    experiment,
    latency,
    models,
    record,
    rollout,
    runs,
    train,
)
from commands.common import LibraryOption, RigOption, SeedOption, run_app
from core.errors import InputError

app = typer.Typer(
    name="reticle",
    help="Teach a robot arm by showing. Without a command, opens the window.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(episodes.app, name="episodes")
app.add_typer(datasets.app, name="datasets")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.add_typer(attempts.app, name="attempts")
app.command("record")(record.record)
app.command("rollout")(rollout.rollout)
app.command("demo")(demo.demo)
app.command("experiment")(experiment.experiment)
app.command("doctor")(doctor.doctor)
app.command("latency")(latency.latency)


@app.callback(invoke_without_command=True)
def window(
    context: typer.Context,
    library: LibraryOption = None,
    rig: RigOption = None,
    seed: SeedOption = 0,
) -> None:
    """Open the window; options given before a command hold for the command."""
    if context.invoked_subcommand is not None:
        given = {"library": library, "rig": rig, "seed": seed or None}
        defaults = {name: str(value) for name, value in given.items() if value is not None}
        context.default_map = _for_all_commands(context.command, defaults)
        return
    if not _has_display():
        raise InputError(
            "There is no display, so the window cannot open. Without one, record demonstrations in simulation with"
            " '.venv/bin/python main.py record --task reach_tr --episodes 3', then see"
            " '.venv/bin/python main.py episodes list'."
        )
    from app.application import run

    raise typer.Exit(run(library, rig, seed))


def _for_all_commands(command: Any, defaults: dict[str, str]) -> dict[str, Any]:
    """The same defaults for a command and all below it, as the command line library wants them."""
    below = getattr(command, "commands", {})
    return defaults | {name: _for_all_commands(child, defaults) for name, child in below.items()}


def _has_display() -> bool:
    """Whether Qt can open a window here; QT_QPA_PLATFORM=offscreen counts, it is asked for by name."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform != "linux" or any(os.environ.get(name) for name in names)


if __name__ == "__main__":
    sys.exit(run_app(app))
