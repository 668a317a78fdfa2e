"""``main.py episodes``: find, show, label, trash, restore, verify and recover."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, Progress, QuietOption, emit, library_root
from core.clock import utc_iso
from core.errors import InputError, StopReason
from core.library import EpisodeFilter, EpisodeRow, Library, Report
from core.library.query import Corrections
from core.messages import Disturbance

app = typer.Typer(help="The episodes of a library.", no_args_is_help=True)

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The identifier, or the beginning of it.")]
QueryOption = Annotated[str, typer.Option(help="Words in task, notes, tags or operator.")]
TaskOption = Annotated[str | None, typer.Option(help="Only this task.", show_default=False)]
OperatorOption = Annotated[str | None, typer.Option(help="Only this operator.", show_default=False)]
StatusOption = Annotated[
    str | None, typer.Option(help="recording, complete, recovered or trashed.", show_default=False)
]
DemonstratorOption = Annotated[
    str | None, typer.Option(help="hand, expert, scan, or policy for attempts.", show_default=False)
]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", metavar="P", help="Only attempts of this policy.", show_default=False)
]
CorrectionsOption = Annotated[
    Corrections | None,
    typer.Option(
        help="Attempts in which a hand took over: only those, or those too besides demonstrations.", show_default=False
    ),
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only with this tag; again for more.")]


class Verdict(StrEnum):
    """What a person says of an episode."""

    TRUE = "true"
    FALSE = "false"
    NONE = "none"


SuccessOption = Annotated[
    Verdict | None, typer.Option(help="Only successes, failures, or those not yet judged (none).", show_default=False)
]


def episode_filter(
    query: str,
    task: str | None,
    operator: str | None,
    status: str | None,
    success: Verdict | None,
    tag: list[str] | None,
    demonstrator: str | None,
    policy: str | None,
    corrections: Corrections | None,
) -> EpisodeFilter:
    """The filter that the options of ``episodes list`` and ``datasets freeze`` describe; ``policy``: an identifier."""
    return EpisodeFilter(
        query=query,
        task=task,
        operator=operator,
        status=status,
        success=None if success in (None, Verdict.NONE) else success is Verdict.TRUE,
        unlabelled=success is Verdict.NONE,
        tags=tuple(tag or ()),
        demonstrator=demonstrator,
        policy=policy,
        corrections=corrections,
    )


def policy_id(library: Library, prefix: str | None) -> str | None:
    """The identifier of the policy that an option names, if it names one."""
    return None if prefix is None else library.models.policy(prefix).id


@app.command("list")
def list_episodes(
    query: QueryOption = "",
    task: TaskOption = None,
    operator: OperatorOption = None,
    status: StatusOption = None,
    success: SuccessOption = None,
    tag: TagOption = None,
    demonstrator: DemonstratorOption = None,
    policy: PolicyOption = None,
    corrections: CorrectionsOption = None,
    limit: Annotated[int, typer.Option(min=0, max=10_000, help="At most this many.")] = 100,
    offset: Annotated[int, typer.Option(min=0, help="Leave out the first ones.")] = 0,
    sort: Annotated[str, typer.Option(help="Column to sort by; newest first by default.")] = "created",
    ascending: Annotated[bool, typer.Option("--ascending", help="Smallest or oldest first.")] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """List episodes, the newest first."""
    with Library.open(library_root(library), writable=False) as opened:
        chosen = policy_id(opened, policy)
        wanted = episode_filter(query, task, operator, status, success, tag, demonstrator, chosen, corrections)
        page = opened.episodes.list(wanted, sort=sort, descending=not ascending, limit=limit, offset=offset)
    if as_json:
        emit({"episodes": page.rows, "total": page.total})
    elif not quiet:
        for row in page.rows:
            print(_line(row))
        print(f"{len(page.rows)} of {page.total} episodes", file=sys.stderr)


@app.command()
def show(
    episode: IdArgument, library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Show all that is known of an episode."""
    with Library.open(library_root(library), writable=False) as opened:
        details = opened.episodes.details(episode)
    shown = msgspec.to_builtins(details.episode) | {
        "streams": details.streams,
        "start_poses": details.start_poses,
        "metadata": details.metadata,
    }
    if as_json:
        emit(shown)
    elif not quiet:
        for name, value in msgspec.to_builtins(details.episode).items():
            print(f"{name:16} {_text(name, value)}")
        for stream in details.streams:
            print(
                f"{stream.topic:24} {stream.codec:9} {stream.frames:6} frames, {stream.dropped} dropped, "
                f"{stream.gaps} gaps, {stream.rate_hz:.2f} Hz, skew {stream.skew_ms:.1f} ms"
            )


@app.command()
def label(
    episode: IdArgument,
    success: Annotated[
        Verdict | None, typer.Option(help="true, false, or none to take it back.", show_default=False)
    ] = None,
    notes: Annotated[str | None, typer.Option(help="Replaces the notes.", show_default=False)] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Adds a tag; again for more.")] = None,
    remove_tag: Annotated[list[str] | None, typer.Option("--remove-tag", help="Removes a tag.")] = None,
    disturbance: Annotated[
        Disturbance | None, typer.Option(help="Who disturbed an attempt of a policy.", show_default=False)
    ] = None,
    trim: Annotated[
        str | None, typer.Option(metavar="A:B", help="Keep A to B seconds; either may be empty.", show_default=False)
    ] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Say whether an episode succeeded, note, tag and trim it. The file is never rewritten."""
    ends = None if trim is None else parse_trim(trim)
    with Library.open(library_root(library)) as opened:
        if ends is not None:
            opened.episodes.trim(episode, *ends)
        verdict = _verdict(success)
        if verdict or notes is not None or tag or remove_tag or disturbance is not None:
            opened.episodes.label(
                [episode],
                notes=notes,
                add_tags=tag or (),
                remove_tags=remove_tag or (),
                disturbance=disturbance,
                **verdict,
            )
        _print_episode(opened.episodes.get(episode), as_json, quiet)


@app.command()
def trash(
    episode: IdArgument, library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Move an episode to the trash; 'restore' brings it back."""
    with Library.open(library_root(library)) as opened:
        opened.episodes.trash([episode])
        _print_episode(opened.episodes.get(episode), as_json, quiet)


@app.command()
def restore(
    episode: IdArgument, library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Bring an episode back from the trash."""
    with Library.open(library_root(library)) as opened:
        opened.episodes.restore([episode])
        _print_episode(opened.episodes.get(episode), as_json, quiet)


@app.command()
def verify(
    episode: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this one.", show_default=False)] = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Read every file again and compare it with what was recorded."""
    with Library.open(library_root(library)) as opened:
        found = opened.report
        total = 1 if episode else opened.episodes.list(limit=0).total
        with Progress("Checking", total, quiet=quiet) as progress:
            report = opened.verify([episode] if episode else None, lambda _: progress.advance())
    _print_report(_joined(found, report), as_json, quiet)
    if report.damaged or report.missing:
        typer.echo(f"reticle: {len(report.damaged)} damaged, {len(report.missing)} missing.", err=True)
        raise typer.Exit(1)


@app.command()
def recover(library: LibraryOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Finish what a crash interrupted and save what is intact of damaged files and of the catalogue."""

    def said(sentence: str) -> None:
        if not quiet:
            typer.echo(sentence, err=True)

    with Library.open(library_root(library), rebuild=True, progress=said) as opened:
        report = _joined(opened.report, opened.recover(progress=said))
    _print_report(report, as_json, quiet)


def parse_trim(text: str) -> tuple[float | None, float | None]:
    """``A:B`` in seconds; an empty end stays whole."""
    begin, separator, end = text.partition(":")
    try:
        if not separator:
            raise ValueError
        return (float(begin) if begin.strip() else None), (float(end) if end.strip() else None)
    except ValueError:
        raise InputError(f"A trim is two times in seconds, as in 1.5:12 or 1.5: or :12; '{text}' is not.") from None


def _verdict(success: Verdict | None) -> dict[str, Any]:
    if success is None:
        return {}
    return {"success": None if success is Verdict.NONE else success is Verdict.TRUE}


def _joined(first: Report, second: Report) -> Report:
    """Two passes over the same library as one report."""
    return Report(
        checked=max(first.checked, second.checked),
        damaged=sorted({*first.damaged, *second.damaged} - {*second.recovered}),
        recovered=sorted({*first.recovered, *second.recovered}),
        interrupted=sorted({*first.interrupted, *second.interrupted}),
        trashed=sorted({*first.trashed, *second.trashed}),
        missing=sorted({*first.missing, *second.missing}),
        messages=[*first.messages, *(each for each in second.messages if each not in first.messages)],
    )


def _print_report(report: Report, as_json: bool, quiet: bool) -> None:
    if as_json:
        emit(report)
    elif not quiet:
        print(f"{report.checked} checked")
        for name in ("damaged", "recovered", "trashed", "missing"):
            for episode_id in getattr(report, name):
                print(f"{name:10} {episode_id}")


def _print_episode(row: EpisodeRow, as_json: bool, quiet: bool) -> None:
    if as_json:
        emit(row)
    elif not quiet:
        print(_line(row))


def _line(row: EpisodeRow) -> str:
    verdict = {True: "success", False: "failure", None: "-"}[row.success]
    tags = " ".join(f"#{tag}" for tag in row.tags)
    state = row.status if row.integrity in ("ok", row.status) else f"{row.status}, {row.integrity}"
    return (
        f"{row.id}  {utc_iso(row.created_utc_ns)[:19]}  {row.task:14} {state:10} {verdict:8}"
        f"{row.duration_s:7.1f} s  {row.frames:6} frames  {row.dropped:3} dropped  {tags} {row.notes}"
    ).rstrip()


def _text(name: str, value: Any) -> str:
    if name == "created_utc_ns":
        return utc_iso(value)
    if name == "stop_reason" and value in set(StopReason):
        return f"{value}: {StopReason(value).sentence}"
    return "-" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
