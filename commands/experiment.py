"""``main.py experiment``: a table or figure of the paper from nothing, demonstrations included."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.common import JsonOption, QuietOption, RigOption, emit, require
from core.platform import default_library
from robot.rig import DEFAULT_RIG, load_rig


def experiment(
    name: Annotated[str, typer.Argument(help="table1, table1-visuals, table2, figure4 to figure6, or claims.")],
    scale: Annotated[str, typer.Option(help="smoke, laptop (hours on two cores) or paper (a GPU).")] = "laptop",
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where its libraries and results lie; what is there is used.", show_default=False
        ),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where results are written; default: in that folder.", show_default=False),
    ] = None,
    only: Annotated[str, typer.Option(help="Only cells and pictures whose name holds these words.")] = "",
    address: Annotated[str, typer.Option(metavar="RAY", help="A Ray cluster; default: workers on this machine.")] = "",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes on this machine; default: one for each core.", show_default=False),
    ] = None,
    rig: RigOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Reproduce a table or figure of the paper. What is done is kept: run it again to go on."""
    from experiments.cells import Scale
    from experiments.registry import EXPERIMENTS

    require(name in EXPERIMENTS, f"There is no experiment '{name}'; choose one of: {', '.join(EXPERIMENTS)}.")
    require(scale in set(Scale), f"There is no scale '{scale}'; choose one of: {', '.join(Scale)}.")
    config = load_rig(rig or DEFAULT_RIG)
    require(config.simulated, f"Experiments need a simulated rig; '{config.name}' is real.")
    root = folder or default_library().with_name("experiments")
    from experiments.run import Run, renew, results_of

    def say(sentence: str) -> None:
        if not quiet:
            typer.echo(sentence, err=True)

    shared = results or root / "results"
    made = results_of(name, Scale(scale), shared)
    table = Run(made, root, config, say).finish(only, address or None, workers)
    renew(Scale(scale), shared)
    if as_json:
        emit({"table": table, "path": str(made.folder)})
    elif not quiet:
        print((made.folder / "table.md").read_text())
        print(f"Results: {made.folder}")
    broken = [cell for cell in table.cells if cell["error"]]
    if broken:
        first = broken[0]
        say(f"{len(broken)} cells have no figure: {first['row']}, {first['column']}: {first['error']}")
        raise typer.Exit(1)
