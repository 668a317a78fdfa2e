"""``main.py evaluate``: how good a model is, by the field's measures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, Progress, QuietOption, SeedOption, emit, library_root
from commands.train import DatasetOption
from core.errors import InputError
from core.library import Library
from core.library.learning import all_spans, spans

app = typer.Typer(help="Judge descriptors.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Judge descriptors."""


@app.command()
def correspondence(
    model: Annotated[str, typer.Option(help="A descriptor model: its name, or the beginning of its identifier.")],
    dataset: DatasetOption = None,
    pairs: Annotated[int, typer.Option(min=1, help="How many pairs of images.")] = 100,
    points: Annotated[int, typer.Option(min=1, help="How many points a pair.")] = 50,
    same_scene: Annotated[bool, typer.Option("--same-scene", help="Both images from one episode.")] = False,
    known_by: Annotated[
        str | None,
        typer.Option("--by", help="Who knows what corresponds: simulation, labels or reprojection; default: who can."),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="DIR", help="Write a report page and its JSON here.")] = None,
    library: LibraryOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Match points of pairs of images and compare with where they truly are. Pixels are those of 640x480."""
    from core.correspondence.checkpoint import load_model
    from core.correspondence.describer import Describer
    from core.correspondence.evaluation import evaluate as judge
    from core.correspondence.evaluation import summary
    from core.correspondence.pairs import FrameLoader
    from robot.correspondence.evaluation_pairs import Known, evaluation_pairs

    if known_by is not None and known_by not in list(Known):
        raise InputError(f"Nobody knows what corresponds by '{known_by}'; choose one of: {', '.join(Known)}.")
    known = None if known_by is None else Known(known_by)
    with Library.open(library_root(library), writable=False) as opened:
        chosen = opened.models.descriptor(model)
        network, _ = load_model(Path(chosen.path))
        episodes = spans(opened, opened.datasets.get(dataset)) if dataset else all_spans(opened)
        drawn = evaluation_pairs(opened, episodes, known, pairs, points, seed, same_scene=same_scene)
        cache = opened.cache
    loader = FrameLoader(cache)
    with Progress("Evaluating", len(drawn), quiet=quiet) as progress:
        found = judge(Describer(network), drawn, loader, lambda done, total: progress.advance() if done else None)
    loader.close()
    if report is not None:
        from core.correspondence.report import write_report

        write_report(report, chosen.name, found)
    result: dict[str, Any] = summary(found) | {"model": chosen.id}
    if as_json:
        emit(result | {"cdf": msgspec.to_builtins(found.cdf)})
    elif not quiet:
        shares = ", ".join(f"PCK@{limit} {100 * share:.1f} %" for limit, share in found.pck.items())
        print(f"{found.points} points of {found.pairs} pairs, known by {found.origin}: {shares}; ", end="")
        print(f"median {found.median_px:.1f} px, area {found.auc:.3f}.")
