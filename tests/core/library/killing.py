"""Real kills of real recorders: a child records into a library and is killed with SIGKILL, by the clock or at a point.

Before every kill the child notes, in a file of its own, what it had handed over and what it had been told is complete.
After it the library is opened as at any start, and compared with those notes.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from core.clock import monotonic_ns, utc_ns
from core.episodes import intake, mcap_file
from core.episodes.recorder import Recorder
from core.library import Library, new_id
from core.library.catalogue import NAME as CATALOGUE
from core.messages import Frame
from tests.core.episodes.making import camera, frame, metadata, step
from tests.core.library.making import add, snapshot

ROLES = ("right", "left")
FRAME_S = 1 / 30
POINTS = ("clock", "encode", "write", "sync", "finish", "rename", "commit", "backup", "migrate")
MOST_LOST = 2


@dataclass
class Outcome:
    """What one kill did."""

    point: str
    lost_frames: int = 0
    problems: list[str] = field(default_factory=list)


def kill_once(library: Path, notes: Path, point: str, seed: int, live: bool) -> Outcome:
    """Start a recorder, have it killed, recover twice, and say what was lost."""
    choose = random.Random(seed)
    notes.unlink(missing_ok=True)
    if point == "migrate":
        lose_catalogue(library)
    context = multiprocessing.get_context("forkserver")
    child = context.Process(target=record_until_killed, args=(library, notes, point, seed, live), daemon=True)
    child.start()
    if point == "clock":
        child.join(choose.uniform(0.05, 1.2))
        child.kill()
    child.join(60)
    outcome = Outcome(point)
    if child.exitcode != -signal.SIGKILL:
        outcome.problems.append(f"the child ended with {child.exitcode}")
    judge(library, notes, outcome)
    return outcome


def lose_catalogue(root: Path) -> None:
    """Leave a library of files only, so that the next opening creates the tables and finds every episode again."""
    with Library.open(root) as opened:
        if not opened.episodes.list().total:
            add(opened)
            add(opened, frames=3)
    for suffix in ("", "-wal", "-shm"):
        (root / (CATALOGUE + suffix)).unlink(missing_ok=True)


def judge(library: Path, notes: Path, outcome: Outcome) -> None:
    """Compare the library, opened anew, with what the child had been told."""
    begun, handed, completed, started_complete = read_notes(notes)
    with Library.open(library) as opened:
        for episode_id, sha256 in completed.items():
            row = opened.episodes.get(episode_id)
            if row.status != "complete" or row.sha256 != sha256:
                outcome.problems.append(f"completed {episode_id} is {row.status}")
        for episode_id in begun - completed.keys():
            lost = handed.get(episode_id, 0) - opened.episodes.get(episode_id).frames
            outcome.lost_frames = max(outcome.lost_frames, lost)
            if lost > (0 if episode_id in started_complete else MOST_LOST):
                outcome.problems.append(f"{episode_id} lost {lost} frames")
        files = {path.stem for path in (library / "episodes").glob("*.mcap")}
        if files - set(opened.episodes.ids()):
            outcome.problems.append("an episode's file has no row")
    first = snapshot(library)
    with Library.open(library) as opened:
        opened.recover()
    if snapshot(library) != first:
        outcome.problems.append("a second recovery changed something")


def read_notes(notes: Path) -> tuple[set[str], dict[str, int], dict[str, str], set[str]]:
    """Episodes begun, frames handed over by episode, hashes of completed ones, those whose file was finished."""
    begun: set[str] = set()
    handed: dict[str, int] = {}
    completed: dict[str, str] = {}
    finished: set[str] = set()
    for line in notes.read_bytes().splitlines() if notes.exists() else ():
        kind, episode_id, value = msgspec.json.decode(line)
        if kind == "begun":
            begun.add(episode_id)
        elif kind == "frame":
            handed[episode_id] = handed.get(episode_id, 0) + 1
        elif kind == "finished":
            finished.add(episode_id)
        else:
            completed[episode_id] = value
    return begun, handed, completed, finished


def record_until_killed(library: Path, notes: Path, point: str, seed: int, live: bool) -> None:
    """The child: episode after episode until it dies."""
    choose = random.Random(seed)
    log = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(kind: str, episode_id: str, value: object = None) -> None:
        os.write(log, msgspec.json.encode((kind, episode_id, value)) + b"\n")

    arm(point, choose)
    images = {role: [frame(camera(role, 160, 120), index) for index in range(4)] for role in ROLES}
    with Library.open(library) as opened:
        while True:
            episode_id = new_id()
            info = metadata(episode_id, created_utc_ns=utc_ns(), clock="wall" if live else "lockstep")
            cameras = [camera(role, 160, 120) for role in ROLES]
            _, path = opened.episodes.begin(info, cameras)
            note("begun", episode_id)
            recording = Recorder(path, info, cameras, synchronous=not live)
            for index in paced(choose.randrange(5, 25), live):
                recording.step(step(index))
                for role in ROLES:
                    if recording.frame(numbered(images[role][index % 4], index)):
                        note("frame", episode_id)
            summary = recording.finish(success=True)
            note("finished", episode_id)
            opened.episodes.complete(summary)
            note("completed", episode_id, summary.sha256)
            opened.back_up("now")


def paced(count: int, live: bool) -> Iterator[int]:
    """Numbers at 30 Hz, or as fast as they are taken."""
    begin_ns = monotonic_ns()
    for index in range(count):
        if live:
            time.sleep(max(0.0, index * FRAME_S - (monotonic_ns() - begin_ns) / 1e9))
        yield index


def numbered(image: Frame, index: int) -> Frame:
    stamp_ns = monotonic_ns()
    return Frame(image.role, index, stamp_ns, stamp_ns, image.rgb, image.depth, image.X_WC)


def arm(point: str, choose: random.Random) -> None:
    """Arrange for this process to be killed at the n-th passing of a point, before or after it."""
    countdown, before = choose.randrange(1, 12), choose.random() < 0.5

    def passing(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            nonlocal countdown
            countdown -= 1
            if countdown <= 0 and before:
                die()
            result = call(*arguments, **named)
            if countdown <= 0:
                die()
            return result

        return wrapped

    if point == "encode":
        intake.encode_rgb = passing(intake.encode_rgb)
    elif point == "write":
        os.writev = torn(os.writev, countdown * 3)
    elif point == "sync":
        countdown = min(countdown, 3)
        os.fdatasync = passing(os.fdatasync)
    elif point == "finish":
        countdown = min(countdown, 3)
        mcap_file.McapFile.finish = passing(mcap_file.McapFile.finish)  # type: ignore[method-assign]
    elif point == "rename":
        countdown = min(countdown, 3)
        Path.rename = passing(Path.rename)  # type: ignore[method-assign]
    elif point in ("commit", "backup", "migrate"):
        arm_sqlite(point, countdown, before, choose.randrange(1, 400))


def torn(write: Callable[[int, Any], int], countdown: int) -> Callable[[int, Any], int]:
    """A write that gets half of its bytes to the file and then the process dies."""
    left = countdown

    def wrapped(descriptor: int, parts: list[bytes]) -> int:
        nonlocal left
        left -= 1
        if left <= 0:
            data = b"".join(bytes(part) for part in parts)
            os.write(descriptor, data[: len(data) // 2])
            die()
        return write(descriptor, parts)

    return wrapped


def arm_sqlite(point: str, countdown: int, before: bool, instructions: int) -> None:
    """Die at a commit, or after so many instructions of a backup or a migration."""
    connect = sqlite3.connect

    class Killing(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            nonlocal countdown
            if point == "backup" and sql.startswith("VACUUM INTO"):
                self.set_progress_handler(die, instructions)
            if point == "migrate" and sql.startswith("CREATE"):
                self.set_progress_handler(die, instructions)
            countdown -= point == "commit" and sql == "COMMIT"
            if countdown <= 0 and before:
                die()
            cursor = super().execute(sql, *parameters)
            if countdown <= 0 and point == "commit":
                die()
            return cursor

    def killing_connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        return connect(*arguments, factory=Killing, **named)

    sqlite3.connect = killing_connect  # type: ignore[assignment]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
