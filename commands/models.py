"""``main.py models``: what came of the trainings."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.common import JsonOption, LibraryOption, QuietOption, emit, library_root, tell
from core.clock import utc_iso
from core.library import Library
from core.library.models import ModelRow

app = typer.Typer(help="Models.", no_args_is_help=True)
ModelArgument = Annotated[str, typer.Argument(metavar="ID", help="A model, or the beginning of its identifier.")]


@app.callback()
def models() -> None:
    """Models."""


@app.command("list")
def list_models(
    trashed: Annotated[bool, typer.Option("--trashed", help="The identifiers of those in the trash.")] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List the models, the newest first."""
    with Library.open(library_root(library), writable=False) as opened:
        found, thrown = opened.models.list(), opened.models.trashed()
    if trashed:
        _tell_trashed(thrown, as_json, quiet)
    elif as_json:
        emit({"models": found})
    elif not quiet:
        for model in found:
            print(_line(model))


@app.command()
def rename(
    model: ModelArgument,
    name: Annotated[str, typer.Argument(help="Its new name.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Call a model otherwise."""
    with Library.open(library_root(library)) as opened:
        tell("model", opened.models.rename(model, name), _line, as_json, quiet)


@app.command()
def trash(
    model: ModelArgument, library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Move a model to the trash, with its descriptor sets."""
    with Library.open(library_root(library)) as opened:
        tell("model", opened.models.trash(model), _line, as_json, quiet)


@app.command()
def restore(
    model: Annotated[str, typer.Argument(metavar="ID", help="A model in the trash, or how its identifier begins.")],
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring a model back from the trash."""
    with Library.open(library_root(library)) as opened:
        tell("model", opened.models.restore(model), _line, as_json, quiet)


def _tell_trashed(models: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    if as_json:
        emit({"models": models})
    elif not quiet:
        print("\n".join(models))


def _line(model: ModelRow) -> str:
    return f"{model.id}  {utc_iso(model.created_utc_ns)[:19]}  {model.kind:10} {model.name}"
