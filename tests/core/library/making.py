"""Libraries for tests, with small real episodes in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from core.episodes.recorder import Recorder
from core.library import EpisodeRow, Library, new_id
from core.messages import EpisodeSummary
from tests.core.episodes.making import camera, feed, metadata


def add(library: Library, *, frames: int = 0, success: bool | None = None, **changes: object) -> EpisodeRow:
    """Record an episode into a library; without frames it takes a millisecond."""
    return library.episodes.complete(write(library, frames=frames, success=success, **changes))


def write(library: Library, *, frames: int = 0, success: bool | None = None, **changes: object) -> EpisodeSummary:
    """Record an episode's file and begin its row, but do not complete it."""
    info = metadata(new_id(), **changes)
    cameras = [camera()] if frames else []
    _, path = library.episodes.begin(info, cameras)
    recorder = Recorder(path, info, cameras, synchronous=True)
    feed(recorder, cameras, max(frames, 2))
    return recorder.finish(success)


def snapshot(root: Path) -> dict[str, object]:
    """Everything that matters of a library: its rows, and the names and contents of its files."""
    with sqlite3.connect(f"file:{root / 'catalog.sqlite'}?mode=ro", uri=True) as connection:
        tables = ("episodes", "descriptions", "streams", "episode_tags", "datasets", "dataset_episodes", "journal")
        rows: dict[str, Sequence[object]] = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables
        }
    connection.close()
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for folder in ("episodes", "trash")
        for path in sorted((root / folder).iterdir())
    }
    return {"rows": rows, "files": files}
