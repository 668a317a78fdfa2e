"""``main.py datasets``: freeze the episodes that match, and list what was frozen."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, QuietOption, emit, library_root
from commands.episodes import (
    CorrectionsOption,
    DemonstratorOption,
    OperatorOption,
    PolicyOption,
    QueryOption,
    StatusOption,
    SuccessOption,
    TagOption,
    TaskOption,
    episode_filter,
    policy_id,
)
from core.clock import utc_iso
from core.library import Library
from core.policies.config import PolicyConfig

app = typer.Typer(help="Frozen data sets.", no_args_is_help=True)


@app.command()
def freeze(
    name: Annotated[str, typer.Argument(help="What to call the data set.")],
    query: QueryOption = "",
    task: TaskOption = None,
    operator: OperatorOption = None,
    status: StatusOption = None,
    success: SuccessOption = None,
    tag: TagOption = None,
    demonstrator: DemonstratorOption = None,
    policy: PolicyOption = None,
    corrections: CorrectionsOption = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fix the episodes that match now, with their trims, under a name; attempts of policies only when asked for."""
    with Library.open(library_root(library)) as opened:
        chosen = policy_id(opened, policy)
        wanted = episode_filter(query, task, operator, status, success, tag, demonstrator, chosen, corrections)
        dataset = opened.datasets.freeze(name, wanted)
        kinds = opened.datasets.kinds(dataset.id)
    if len(kinds) > 1 and not quiet:
        typer.echo(
            f"reticle: the episodes of '{dataset.name}' were not all recorded alike: {' '.join(kinds)}", err=True
        )
    if as_json:
        emit(msgspec.to_builtins(dataset) | {"kinds": kinds})
    elif not quiet:
        print(f"{dataset.id}  {dataset.name}: {dataset.episodes} episodes, sha256 {dataset.sha256}")


@app.command()
def preview(
    dataset: Annotated[str | None, typer.Option(metavar="D", help="A frozen data set; default: what matches.")] = None,
    representation: Annotated[str, typer.Option(help="Of the policy that would learn.")] = "dd-2d",
    camera: Annotated[str, typer.Option(help="Role of the camera it would see; default: the task's own.")] = "",
    failures: Annotated[bool, typer.Option("--failures", help="Learn from failures too.")] = False,
    query: QueryOption = "",
    task: TaskOption = None,
    operator: OperatorOption = None,
    success: SuccessOption = None,
    tag: TagOption = None,
    demonstrator: DemonstratorOption = None,
    policy: PolicyOption = None,
    corrections: CorrectionsOption = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say what a policy would learn from, what is left out, and why."""
    from robot.policies.demonstrated import demonstrated

    config = PolicyConfig(representation=representation, camera=camera)
    with Library.open(library_root(library), writable=False) as opened:
        chosen = policy_id(opened, policy)
        source = dataset or episode_filter(query, task, operator, None, success, tag, demonstrator, chosen, corrections)
        _, found = demonstrated(opened, config, source, failures=failures)
    if as_json:
        emit(msgspec.to_builtins(found))
    elif not quiet:
        print(f"{len(found.kept)} episodes, {found.minutes:.1f} min")
        for each in found.left_out:
            print(each.words)
        if found.problem:
            print(found.problem)


@app.command("list")
def list_datasets(library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List the data sets, the newest first."""
    with Library.open(library_root(library), writable=False) as opened:
        found = opened.datasets.list()
    if as_json:
        emit({"datasets": found})
    elif not quiet:
        for dataset in found:
            print(
                f"{dataset.id}  {utc_iso(dataset.created_utc_ns)[:19]}  {dataset.name:24} "
                f"{dataset.episodes:6} episodes  {dataset.sha256[:16]}"
            )
