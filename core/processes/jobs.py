"""Jobs: long work in a child process. A specification goes in, progress comes out; it can be paused and cancelled.

Every job has a folder: ``specification.json`` says what to do, ``status.json`` is the truth about how it stands, and
``metrics.jsonl`` is what it reported, line by line. Whoever owns the catalogue copies a summary. The end of the parent
pauses the job; SIGTERM cancels it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.clock import utc_ns
from core.episodes.disk import is_full
from core.errors import EndedEarlyError, InputError, ReticleError
from core.platform import replace_file
from core.processes.channel import Channel

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
STATUS = "status.json"
METRICS = "metrics.jsonl"
CHECKPOINT_STATE = "checkpoint.json"
"""A training whose folder has this can be resumed."""
SPECIFICATION = "specification.json"
_LATELY_BYTES = 32 * 1024


class Ask(StrEnum):
    """What a parent may ask of a running job."""

    PAUSE = "pause"
    CANCEL = "cancel"


class StartJob(msgspec.Struct, frozen=True, tag_field="type", tag="start"):
    """``folder`` is the job's own; its specification lies in it."""

    folder: str


class AskJob(msgspec.Struct, frozen=True, tag_field="type", tag="ask"):
    what: Ask


class JobStage(msgspec.Struct, frozen=True, tag_field="type", tag="stage"):
    """A part of the work that has begun or gone on: ``done`` of ``total``, in the stage's own counts."""

    name: str
    done: int = 0
    total: int = 0


class JobProgress(msgspec.Struct, frozen=True, tag_field="type", tag="progress"):
    """``metrics`` are the job's own; ``remaining_s`` is an estimate."""

    fraction: float
    remaining_s: float
    metrics: dict[str, Any]


class JobEnded(msgspec.Struct, frozen=True, tag_field="type", tag="ended"):
    """``status``: done, paused, cancelled or failed. ``result`` is the job's own; ``message`` is for a person."""

    status: str
    message: str = ""
    result: dict[str, Any] = {}


class JobStatus(msgspec.Struct, frozen=True):
    """What ``status.json`` says."""

    status: str
    message: str = ""
    result: dict[str, Any] = {}
    updated_utc_ns: int = 0


JobCommand = StartJob | AskJob
JobEvent = JobStage | JobProgress | JobEnded


class JobContext:
    """What a job's work gets: where it may write, how it reports and what is asked of it."""

    def __init__(self, channel: Channel, folder: Path) -> None:
        self.folder = folder
        self._channel = channel
        self._asked: Ask | None = None
        self._cancelled = threading.Event()
        signal.signal(signal.SIGTERM, lambda number, frame: self._cancelled.set())

    def asked(self) -> Ask | None:
        """The newest wish of the parent. A parent that is gone wants a pause."""
        while (command := self._channel.take()) is not None:
            if isinstance(command, AskJob):
                self._asked = command.what
        if self._cancelled.is_set():
            return Ask.CANCEL
        if self._asked is None and self._channel.closed.is_set():
            return Ask.PAUSE
        return self._asked

    def stage(self, name: str, done: int = 0, total: int = 0) -> None:
        """Report how far the work that comes before the training is; EndedEarlyError once a wish has come."""
        if self.asked() is not None:
            raise EndedEarlyError
        self._channel.send(JobStage(name, done, total))

    def progress(self, fraction: float, remaining_s: float, metrics: dict[str, Any]) -> None:
        """Report, and add a line to ``metrics.jsonl``."""
        with (self.folder / METRICS).open("ab") as file:
            file.write(msgspec.json.encode(metrics) + b"\n")
        self._channel.send(JobProgress(fraction, remaining_s, metrics))


def write_specification(folder: Path, specification: msgspec.Struct | dict[str, Any]) -> None:
    """Say what the job of this folder is to do."""
    replace_file(folder / SPECIFICATION, msgspec.json.format(msgspec.json.encode(specification)))


def read_specification(folder: Path, kind: type[T]) -> T:
    """What the job of this folder is to do; InputError when the file is missing or damaged."""
    try:
        return msgspec.json.decode((folder / SPECIFICATION).read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"{folder.name}/{SPECIFICATION} cannot be read ({error}); start a new run.") from None


def write_status(folder: Path, status: JobStatus) -> None:
    """Replace ``status.json`` as a whole."""
    replace_file(folder / STATUS, msgspec.json.format(msgspec.json.encode(status)))


def read_status(folder: Path) -> JobStatus | None:
    """What a job's folder says of it; None when it says nothing that can be read."""
    try:
        return msgspec.json.decode((folder / STATUS).read_bytes(), type=JobStatus)
    except (OSError, msgspec.MsgspecError):
        return None


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """What a job reported, in order; a line that a kill cut short is left out."""
    found: list[dict[str, Any]] = []
    if not (folder / METRICS).exists():
        return found
    for line in (folder / METRICS).read_bytes().splitlines():
        try:
            found.append(msgspec.json.decode(line))
        except msgspec.DecodeError:
            _LOG.warning("%s: a line that cannot be read was left out", folder.name)
    return found


def newest_metrics(folder: Path) -> dict[str, Any]:
    """The newest value of everything that a job reported lately; a long history is not read."""
    if not (folder / METRICS).exists():
        return {}
    with (folder / METRICS).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LATELY_BYTES))
        lines = file.read().splitlines()
    found: dict[str, Any] = {}
    for line in lines:
        with contextlib.suppress(msgspec.DecodeError):  # the first one read may lack its beginning, the last its end
            found |= {
                name: value
                for name, value in msgspec.json.decode(line, type=dict[str, Any]).items()
                if value is not None
            }
    return found


def serve(channel: Channel, work: Callable[[JobContext], JobEnded]) -> int:
    """Wait for the specification, do the work, say how it ended. Returns the exit status."""
    channel.listen(JobCommand)
    command = channel.wait(60.0)
    if not isinstance(command, StartJob):
        return 2
    folder = Path(command.folder)
    context = JobContext(channel, folder)
    ended = carry_out(work, context)
    try:
        write_status(folder, JobStatus(ended.status, ended.message, ended.result, utc_ns()))
    except OSError as error:
        _LOG.warning("how the job ended could not be written: %s", error)
    channel.send(ended)
    return 0 if ended.status != "failed" else 1


def carry_out(work: Callable[[JobContext], JobEnded], context: JobContext) -> JobEnded:
    """Do the work; whatever ends it is told in words."""
    try:
        write_status(context.folder, JobStatus("running", updated_utc_ns=utc_ns()))
        return work(context)
    except EndedEarlyError:
        return _ended_early(context)
    except ReticleError as error:
        return JobEnded("failed", str(error))
    except MemoryError:
        return JobEnded("failed", "There is not enough memory for this; choose a smaller size or fewer moments.")
    except OSError as error:
        return _hindered(error, context.folder)
    except Exception as error:  # noqa: BLE001  logged, and told to the parent in words
        _LOG.exception("the job failed")
        return JobEnded("failed", f"This should not have happened ({type(error).__name__}: {error}); please report it.")


def _ended_early(context: JobContext) -> JobEnded:
    """It was still getting ready: what was learned before stays, and what is only paused begins anew."""
    if (context.folder / CHECKPOINT_STATE).exists():
        return JobEnded("paused", "It was ended while it got ready; it can be resumed from where it was.")
    if context.asked() is Ask.PAUSE:
        return JobEnded("paused", "It was paused before its first step; resumed, it begins anew.")
    return JobEnded("cancelled", "It was ended before there was anything to keep; start it again.")


def _hindered(error: OSError, folder: Path) -> JobEnded:
    """What the system refused; a full disk is no failure of the work, which goes on from its checkpoint."""
    if is_full(error):
        return JobEnded("paused", f"The disk of {folder.parent} is full; free some space, then resume it.")
    return JobEnded("failed", f"{error.filename or folder}: {error.strerror or error}.")
