"""``main.py train``: train a model on recorded episodes, without a window."""

from __future__ import annotations

import queue
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from commands.common import (
    JsonOption,
    LibraryOption,
    QuietOption,
    RigOption,
    SeedOption,
    emit,
    library_root,
)
from core.errors import InputError, ReticleError
from core.learning.settings import with_settings
from core.library import Library
from core.library.query import EpisodeFilter
from core.library.runs import RunRow
from core.processes.jobs import Ask, JobEnded, JobEvent, JobProgress, JobStage
from robot.rig import DEFAULT_RIG, load_rig

_Choice = TypeVar("_Choice", bound=StrEnum)
app = typer.Typer(help="Train descriptors and policies.", no_args_is_help=True)

DatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", metavar="D", help="A frozen data set; default: all that can be learned from."),
]
SettingsOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the preset.")
]
NameOption = Annotated[str, typer.Option(help="What to call what comes of it.")]
ResumeOption = Annotated[
    str | None, typer.Option("--resume", metavar="RUN", help="Go on with a paused run, as it was asked for.")
]


@app.callback()
def train() -> None:
    """Train descriptors and policies."""


@app.command()
def correspondence(
    dataset: DatasetOption = None,
    preset: Annotated[str, typer.Option(help="laptop or paper.")] = "laptop",
    minutes: Annotated[float | None, typer.Option(min=0.0, help="Minutes of training; default: the preset's.")] = None,
    loss: Annotated[
        str | None, typer.Option(help="contrastive, expectation, expectation-3d or info-nce; default: the preset's.")
    ] = None,
    settings: SettingsOption = None,
    name: NameOption = "",
    resume: ResumeOption = None,
    library: LibraryOption = None,
    rig: RigOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train dense descriptors on demonstrations and scans; only what the cameras gave is used."""
    from core.correspondence.config import Loss
    from core.correspondence.config import preset as preset_of

    config = with_settings(preset_of(preset), _settings(settings or []))
    if loss is not None and loss not in list(Loss):
        raise InputError(f"There is no loss '{loss}'; choose one of: {', '.join(Loss)}.")
    changes: dict[str, Any] = {"seed": seed} | ({} if loss is None else {"loss": Loss(loss)})
    changes |= {} if minutes is None else {"minutes": minutes}
    config = msgspec.structs.replace(config, **changes)
    if config.minutes <= 0 and config.steps <= 0:
        raise InputError("Nothing would be trained: give --minutes, or --set steps=1000.")
    from robot.correspondence.start import begin

    def begun(opened: Library) -> RunRow:
        return begin(opened, load_rig(rig or DEFAULT_RIG), config, dataset or EpisodeFilter(), name)

    run, ended = _trained(library, resume, quiet, begun)
    _report(run, ended, as_json, quiet)


@app.command()
def policy(
    dataset: DatasetOption = None,
    task: Annotated[str | None, typer.Option(help="Learn only the episodes of this task.", show_default=False)] = None,
    representation: Annotated[
        str, typer.Option(help="gt-3d, gt-2d, ae, ae-mask, ae-e2e, e2e, e2e-34, dd-2d or dd-3d.")
    ] = "dd-2d",
    mode: Annotated[
        str, typer.Option(help="How dense descriptors are optimised: fixed, set, dense or pretrained.")
    ] = "fixed",
    network: Annotated[str, typer.Option(help="mlp or lstm.")] = "mlp",
    preset: Annotated[str, typer.Option(help="default, contact (for pushing) or paper.")] = "default",
    model: Annotated[str, typer.Option("--model", metavar="M", help="The descriptor model; default: the newest.")] = "",
    camera: Annotated[str, typer.Option(help="Role of the camera it sees; default: the task's own.")] = "",
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of training; default: the preset's.")] = None,
    no_noise: Annotated[bool, typer.Option("--no-noise", help="Leave the observed hand as it was recorded.")] = False,
    settings: SettingsOption = None,
    name: NameOption = "",
    resume: ResumeOption = None,
    library: LibraryOption = None,
    rig: RigOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a policy on demonstrations of one task."""
    if dataset and task:
        raise InputError("A data set is as it was frozen; give --dataset or --task.")
    from core.policies.config import NO_NOISE, Mode, Network
    from core.policies.config import preset as preset_of
    from core.representations import REPRESENTATIONS

    info = REPRESENTATIONS.get(representation).info
    chosen = _choice(Mode, mode, "mode")
    config = preset_of(preset, _choice(Network, network, "network"), learns_to_see=info.learns_to_see(chosen))
    given = {
        "representation": representation,
        "mode": chosen,
        "descriptor_model": model,
        "camera": camera,
        "seed": seed,
    }
    config = msgspec.structs.replace(config, **given | ({} if steps is None else {"steps": steps}))
    config = msgspec.structs.replace(config, noise=NO_NOISE) if no_noise else config
    config = with_settings(config, _settings(settings or []))
    from robot.policies.start import begin

    def begun(opened: Library) -> RunRow:
        return begin(opened, load_rig(rig or DEFAULT_RIG), config, dataset or EpisodeFilter(task=task), name)

    run, ended = _trained(library, resume, quiet, begun)
    if "policy" not in ended.result:
        raise ReticleError(ended.message)
    if as_json:
        emit({"run": run.id, **ended.result})
    elif not quiet:
        print(_policy_line(ended.result))


def _policy_line(result: dict[str, Any]) -> str:
    judged = result.get("validation_loss")
    on_held_out = "" if judged is None else f", {judged:.4f} on held-out episodes"
    return (
        f"Policy {result['policy']} after {result['steps']} steps in {result['wall_s']:.0f} s "
        f"({result['step_ms']:.1f} ms a step): loss {result['train_loss']:.4f}{on_held_out}."
    )


def _choice(kind: type[_Choice], text: str, word: str) -> _Choice:
    try:
        return kind(text)
    except ValueError:
        raise InputError(f"There is no {word} '{text}'; choose one of: {', '.join(kind)}.") from None


def _trained(
    root: Path | None, resume: str | None, quiet: bool, begun: Callable[[Library], RunRow]
) -> tuple[RunRow, JobEnded]:
    """Run a new training, or a paused one, to its end."""
    from robot.jobs import again

    with Library.open(library_root(root)) as library:
        run = begun(library) if resume is None else again(library, resume)
        return run, follow(library, run, quiet)


def follow(library: Library, run: RunRow, quiet: bool) -> JobEnded:
    """Run a job to its end. Ctrl-C cancels it and keeps the best that it has."""
    from robot.jobs import JobChild, finish, start

    events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
    child = JobChild(start(library, run), events.put)
    ended: JobEnded | None = None
    interrupted = False
    try:
        while ended is None:
            try:
                ended = _hear(events, quiet)
            except KeyboardInterrupt:
                interrupted = True
                child.ask(Ask.CANCEL)
    finally:
        child.close()
    finish(library, run, ended)
    if interrupted:
        raise KeyboardInterrupt
    return ended


def _hear(events: queue.SimpleQueue[JobEvent], quiet: bool) -> JobEnded | None:
    """Say what the job reports next; returns how it ended, if it did."""
    from robot.jobs import summary_of

    event = events.get()
    if isinstance(event, JobEnded):
        return event
    line = summary_of(event) if isinstance(event, JobProgress) else _stage(event)
    if line and not quiet:
        typer.echo(line, err=True)
    return None


def _stage(stage: object) -> str:
    if not isinstance(stage, JobStage):
        return ""
    if not stage.total:
        return stage.name
    tenth = max(1, stage.total // 10)
    worth = stage.done % tenth == 0 or stage.done == stage.total
    return f"{stage.name}: {stage.done} of {stage.total}" if worth else ""


def _report(run: RunRow, ended: JobEnded, as_json: bool, quiet: bool) -> None:
    if "model" not in ended.result:
        raise ReticleError(ended.message)
    result = ended.result
    if as_json:
        emit({"run": run.id, **result})
    elif not quiet:
        metrics = result["metrics"]
        print(
            f"Model {result['model']} after {result['steps']} steps in {result['wall_s']:.0f} s: on held-out images "
            f"PCK@10 {100 * metrics['pck']['10']:.1f} %, median {metrics['median_px']:.1f} px."
        )


def _settings(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set wants KEY=VALUE, not '{text}'.")
        found[key] = value
    return found
