"""Rows of the catalogue as the rest of the program sees them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from core.episodes.header import FINISHED_SUFFIX, UNFINISHED_SUFFIX
from core.messages import EpisodeMetadata, Floats, StreamSummary

EPISODES = "episodes"
TRASH = "trash"


class EpisodeRow(msgspec.Struct, frozen=True):
    """One episode of the catalogue. ``path`` is where its file is, or should be. Times are UTC; trim in seconds
    from the episode's first stamp, None for no trim at that end."""

    id: str
    task: str
    operator: str
    demonstrator: str
    status: str
    integrity: str
    success: bool | None
    notes: str
    tags: tuple[str, ...]
    trim_start_s: float | None
    trim_end_s: float | None
    created_utc_ns: int
    duration_s: float
    frames: int
    dropped: int
    steps: int
    bytes: int
    sha256: str
    disturbed: bool
    stop_reason: str | None
    rig: str
    simulated: bool
    seed: int | None
    distribution: str | None
    path: str


class EpisodeDetails(msgspec.Struct, frozen=True):
    """An episode with all that is known of it."""

    episode: EpisodeRow
    metadata: EpisodeMetadata
    streams: tuple[StreamSummary, ...]
    start_poses: dict[str, Floats]


class EpisodePage(msgspec.Struct, frozen=True):
    """A part of a list, and how long the whole list is."""

    rows: tuple[EpisodeRow, ...]
    total: int


COLUMNS = (
    "id, task, operator, demonstrator, status, integrity, success, notes, tags, trim_start_s, trim_end_s, "
    "created_utc_ns, duration_s, frames, dropped, steps, bytes, sha256, disturbed, stop_reason, rig, simulated, seed, "
    "distribution"
)
_NAMES = COLUMNS.split(", ")
_TAGS = msgspec.json.Decoder(tuple[str, ...])


def finished_path(root: Path, episode_id: str) -> Path:
    return root / EPISODES / f"{episode_id}{FINISHED_SUFFIX}"


def unfinished_path(root: Path, episode_id: str) -> Path:
    return root / EPISODES / f"{episode_id}{UNFINISHED_SUFFIX}"


def trashed_path(root: Path, episode_id: str) -> Path:
    return root / TRASH / f"{episode_id}{FINISHED_SUFFIX}"


def path_of(root: Path, episode_id: str, status: str) -> Path:
    """Where the file of an episode with that status belongs."""
    if status == "trashed":
        return trashed_path(root, episode_id)
    return unfinished_path(root, episode_id) if status == "recording" else finished_path(root, episode_id)


def episode_row(root: Path, values: sqlite3.Row | tuple[Any, ...]) -> EpisodeRow:
    """From the columns ``COLUMNS``."""
    row = dict(zip(_NAMES, values, strict=True))
    row["success"] = None if row["success"] is None else bool(row["success"])
    row["disturbed"] = bool(row["disturbed"])
    row["simulated"] = bool(row["simulated"])
    row["tags"] = _TAGS.decode(row["tags"])
    return EpisodeRow(**row, path=str(path_of(root, row["id"], row["status"])))
