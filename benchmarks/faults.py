"""Real faults, and what they cost: ``python -m benchmarks.faults``. Needs root for the full disk (a small tmpfs).

Bars: nothing that was written before the fault is lost, and each fault is told in one sentence.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from benchmarks.machine import write
from core.clock import monotonic_ns
from core.episodes import disk
from core.episodes.header import EpisodeHeader
from core.episodes.recorder import Recorder
from core.episodes.recover import recover
from core.errors import ReticleError
from core.library import Library, new_id
from core.library.catalogue import NAME as CATALOGUE
from tests.core.episodes.making import camera, frame, metadata, record, step
from tests.core.episodes.test_recover import message_counts
from tests.core.library.making import add
from tests.core.library.making import write as write_episode

LOCKED_S = 10.0
DISK_BYTES = 24_000_000
DAMAGES = 100
ROLES = ("right", "wrist")


def full_disk(folder: Path) -> dict[str, Any]:
    """Record into a disk of 24 MB until it is full, make room, and recover."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder], check=False).returncode:
        return {"skipped": "no right to mount a small disk"}
    try:
        return _fill(folder)
    finally:
        subprocess.run(["umount", folder], check=True)


def _fill(folder: Path) -> dict[str, Any]:
    disk.RESERVE_BYTES = 0
    with Library.open(folder / "library") as library:
        before = add(library, frames=5)
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(6_000_000))
        info = metadata(new_id())
        cameras = [camera(role, 320, 240) for role in ROLES]
        _, path = library.episodes.begin(info, cameras)
        recorder = Recorder(path, info, cameras, synchronous=True)
        handed = 0
        while recorder.frame(frame(cameras[handed % 2], handed // 2)):
            recorder.step(step(handed))
            handed += 1
        sentence = recorder.counters().error
        summary = recorder.finish()
        try:
            row = library.episodes.complete(summary)
            catalogue = f"{row.status}, {row.integrity}"
        except ReticleError as error:
            catalogue = str(error)
        ballast.unlink()
        shutil.rmtree(folder / "library" / "cache")
        library.recover()
        row = library.episodes.get(info.id)
        return {
            "frames_handed_over": handed,
            "frames_saved": row.frames,
            "told": sentence,
            "catalogue_then": catalogue,
            "after_making_room": row.status,
            "other_episode_intact": library.verify([before.id]).damaged == [],
        }


def locked_catalogue(folder: Path) -> dict[str, Any]:
    """Another process holds the catalogue for ten seconds while an episode is saved and one is labelled."""
    context = multiprocessing.get_context("spawn")
    with Library.open(folder / "library") as library:
        other = add(library)
        summary = write_episode(library)
        held = context.Event()
        holder = context.Process(target=hold, args=(library.root / CATALOGUE, held))
        holder.start()
        held.wait(30)
        told = ""
        try:
            library.episodes.label([other.id], success=True)
        except ReticleError as error:
            told = str(error)
        readable = library.episodes.get(other.id).id == other.id
        begin_ns = monotonic_ns()
        saved = library.episodes.complete(summary)
        waited_s = (monotonic_ns() - begin_ns) / 1e9
        holder.join()
        return {
            "locked_s": LOCKED_S,
            "label_was_told": told,
            "readable_meanwhile": readable,
            "episode_saved_after_s": round(waited_s, 1),
            "episode": saved.status,
        }


def hold(path: Path, held: Event) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    held.set()
    time.sleep(LOCKED_S)
    connection.execute("ROLLBACK")
    connection.close()


def damaged_files(folder: Path) -> dict[str, Any]:
    """Cut and flip an episode at random places; compare what is saved with what was intact."""
    whole = folder / "whole.mcap"
    record(whole, frames=30, roles=ROLES)
    content, original = whole.read_bytes(), message_counts(whole)
    header = EpisodeHeader(metadata("whole"), tuple(camera(role) for role in ROLES), 0)
    choose = random.Random(0)
    lost: Counter[str] = Counter()
    worst: Counter[str] = Counter()
    for number in range(2 * DAMAGES):
        kind = ("cut", "flipped")[number % 2]
        data = bytearray(content)
        if kind == "cut":
            del data[choose.randrange(len(data)) :]
        else:
            data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
        path = folder / "damaged.mcap"
        path.write_bytes(data)
        intact = message_counts(path)
        recover(path, path, header)
        saved = message_counts(path) if path.exists() else Counter()
        lost[kind] += sum((intact - saved).values())
        worst[kind] = max(worst[kind], sum((original - saved).values()) if kind == "flipped" else 0)
    return {
        "files": 2 * DAMAGES,
        "intact_messages_lost": dict(lost),
        "messages_of_the_episode": sum(original.values()),
        "most_messages_lost_to_one_flipped_bit": worst["flipped"],
    }


def read_only(folder: Path) -> dict[str, Any]:
    """A folder that nobody may write to, as far as this user is told."""
    root = folder / "library"
    with Library.open(root) as library:
        row = add(library)
    for path in (root, *root.iterdir()):
        path.chmod(0o500 if path.is_dir() else 0o400)
    if subprocess.run(["mount", "--bind", "-o", "ro", root, root], check=False).returncode:
        return {"skipped": "no right to mount read-only"}
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", root], check=False)
        with Library.open(root, writable=False) as library:
            readable = library.episodes.get(row.id) == row
        try:
            Library.open(root).close()
            told = ""
        except ReticleError as error:
            told = str(error)
    finally:
        subprocess.run(["umount", root], check=True)
    return {"readable": readable, "writing_was_told": told}


def without_paths(figures: dict[str, Any], folder: str) -> dict[str, Any]:
    """Sentences name the library; where it was on this machine is nobody's concern."""
    return {name: each.replace(folder, "...") if isinstance(each, str) else each for name, each in figures.items()}


def main() -> int:
    figures: dict[str, Any] = {}
    for name, fault in (
        ("full_disk", full_disk),
        ("locked_catalogue", locked_catalogue),
        ("damaged_files", damaged_files),
        ("read_only_folder", read_only),
    ):
        with tempfile.TemporaryDirectory() as folder:
            figures[name] = without_paths(fault(Path(folder)), folder)
    write("faults", figures, "mcap", "sqlite-utils")
    return 0


if __name__ == "__main__":
    sys.exit(main())
