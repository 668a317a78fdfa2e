"""``main.py runs``: what was trained."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.common import JsonOption, LibraryOption, QuietOption, emit, library_root, tell
from core.clock import utc_iso
from core.library import Library
from core.library.runs import RunRow

app = typer.Typer(help="Trainings.", no_args_is_help=True)
RunArgument = Annotated[str, typer.Argument(metavar="ID", help="A run: its name, or the beginning of its identifier.")]


@app.callback()
def runs() -> None:
    """Trainings."""


@app.command("list")
def list_runs(
    kind: Annotated[str | None, typer.Option(help="correspondence or policy; default: both.")] = None,
    trashed: Annotated[bool, typer.Option("--trashed", help="The identifiers of those in the trash.")] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the runs, the newest first."""
    with Library.open(library_root(library), writable=False) as opened:
        found, thrown = opened.runs.list(kind), opened.runs.trashed()
    if as_json:
        emit({"runs": thrown if trashed else found})
    elif not quiet:
        print("\n".join(thrown if trashed else map(_line, found)))


@app.command()
def show(
    run: RunArgument, library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Show one run with what it was asked and what it reported last."""
    with Library.open(library_root(library), writable=False) as opened:
        found = opened.runs.get(run)
    if as_json:
        emit({"run": found})
    elif not quiet:
        print(_line(found))
        for title, values in (("Settings", found.config), ("Result", found.metrics)):
            print(f"{title}:")
            print("\n".join(f"  {key}: {value}" for key, value in values.items()))
        print(f"Folder: {found.path}")


@app.command()
def rename(
    run: RunArgument,
    name: Annotated[str, typer.Argument(help="Its new name.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Call a run otherwise."""
    with Library.open(library_root(library)) as opened:
        tell("run", opened.runs.rename(run, name), _line, as_json, quiet)


@app.command()
def note(
    run: RunArgument,
    words: Annotated[str, typer.Argument(metavar="TEXT", help="The note; an empty one takes it away.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write a note on a run."""
    with Library.open(library_root(library)) as opened:
        tell("run", opened.runs.note(run, words), _line, as_json, quiet)


@app.command()
def trash(
    run: RunArgument, library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Move a run to the trash; its model stays."""
    with Library.open(library_root(library)) as opened:
        tell("run", opened.runs.trash(run), _line, as_json, quiet)


@app.command()
def restore(
    run: Annotated[str, typer.Argument(metavar="ID", help="A run in the trash, or how its identifier begins.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring a run back from the trash."""
    with Library.open(library_root(library)) as opened:
        tell("run", opened.runs.restore(run), _line, as_json, quiet)


def _line(run: RunRow) -> str:
    said = "  ".join(words for words in (run.name, run.message, run.notes) if words)
    return f"{run.id}  {utc_iso(run.created_utc_ns)[:19]}  {run.kind:14} {run.status:9} {said}"
