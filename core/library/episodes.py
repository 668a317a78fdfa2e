"""Episodes of a library: begin, complete, find, label, trim, trash, restore, and undo of all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from ulid import ULID

from core.episodes.disk import estimated_bytes_per_second
from core.episodes.reader import EpisodeReader
from core.episodes.scan import read_description
from core.errors import InputError, LibraryError
from core.library import journal, store
from core.library.catalogue import PATIENCE_TO_SAVE, Catalogue
from core.library.journal import Columns, Edit
from core.library.query import EpisodeFilter, count, order, where
from core.library.recording_rate import recent_bytes_per_second
from core.library.rows import (
    COLUMNS,
    EpisodeDetails,
    EpisodePage,
    EpisodeRow,
    episode_row,
    finished_path,
    trashed_path,
)
from core.library.statistics import Statistics, statistics
from core.library.thumbnails import Thumbnails
from core.messages import CameraInfo, Disturbance, EpisodeMetadata, EpisodeSummary, Floats, Integrity, StreamSummary
from core.platform import sync_directory

ALL = EpisodeFilter()
MOST_IN_A_PAGE = 10_000
Moves = list[tuple[Path, Path]]
_STREAM_COLUMNS = "topic, codec, frames, dropped, gaps, longest_gap_ms, rate_hz, skew_ms, bytes"


def new_id() -> str:
    """A fresh ULID: sorts by time of creation."""
    return str(ULID())


class Episodes:
    """The episodes of one library. Reads work from any thread; so do writes, one at a time."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue
        self._thumbnails = Thumbnails(root / "cache")

    def begin(self, metadata: EpisodeMetadata, cameras: Sequence[CameraInfo] = ()) -> tuple[str, Path]:
        """Note that a recording begins; returns its identifier and the path to give to the recorder.

        An empty ``metadata.id`` gets a new one; the recorder must then be given ``metadata`` with that identifier.
        """
        if not metadata.id:
            metadata = msgspec.structs.replace(metadata, id=new_id())
        with self._catalogue.writing() as connection:
            store.insert(connection, metadata, cameras)
        return metadata.id, finished_path(self._root, metadata.id)

    def bytes_per_second(self, cameras: Sequence[CameraInfo]) -> float:
        """What a recording with these cameras will write: as the newest with them did, else by the benchmark."""
        with self._catalogue.reading() as connection:
            return recent_bytes_per_second(connection, cameras) or estimated_bytes_per_second(cameras)

    def complete(self, summary: EpisodeSummary) -> EpisodeRow:
        """Note what came of a recording. One that could not be closed stays ``recording`` until it is recovered."""
        finished = summary.integrity != Integrity.UNFINISHED
        if finished and not finished_path(self._root, summary.id).exists():
            raise LibraryError(f"Episode {summary.id} has no file in {self._root / 'episodes'}; record it again.")
        header = read_description(finished_path(self._root, summary.id)) if finished else None
        with self._catalogue.writing(PATIENCE_TO_SAVE) as connection:
            self._require(connection, summary.id)
            if header is not None and header.metadata.id == summary.id:
                store.describe(connection, header)
            store.complete(connection, summary, "complete" if finished else "recording")
        return self.get(summary.id)

    def cancel(self, episode_id: str) -> None:
        """Note that a recording was aborted and left no file."""
        with self._catalogue.writing() as connection:
            self._require(connection, episode_id)
            connection.execute(
                "UPDATE episodes SET status = 'trashed', trashed_from = 'recording', integrity = ? WHERE id = ?",
                (Integrity.MISSING, episode_id),
            )

    def list(
        self,
        episodes: EpisodeFilter = ALL,
        sort: str = "created",
        descending: bool = True,
        limit: int = 100,
        offset: int = 0,
    ) -> EpisodePage:
        """A page of the episodes that match, and how many there are in all."""
        if not 0 <= limit <= MOST_IN_A_PAGE or offset < 0:
            raise InputError(f"A page holds 0 to {MOST_IN_A_PAGE} episodes and begins at 0 or later.")
        clause, values = where(episodes)
        by = order(sort, descending)
        with self._catalogue.reading() as connection:
            (total,) = connection.execute(*count(episodes)).fetchone()
            query = f"SELECT {COLUMNS} FROM episodes WHERE {clause} ORDER BY {by} LIMIT ? OFFSET ?"
            found = connection.execute(query, (*values, limit, offset)).fetchall()
        return EpisodePage(tuple(episode_row(self._root, row) for row in found), total)

    def ids(self, episodes: EpisodeFilter = ALL, sort: str = "created", descending: bool = True) -> tuple[str, ...]:
        """The identifiers of all episodes that match, in order."""
        clause, values = where(episodes)
        query = f"SELECT id FROM episodes WHERE {clause} ORDER BY {order(sort, descending)}"
        with self._catalogue.reading() as connection:
            return tuple(row[0] for row in connection.execute(query, values))

    def resolve(self, prefix: str) -> str:
        """The identifier that begins with ``prefix``; InputError when there is none or more than one."""
        with self._catalogue.reading() as connection:
            return _resolve(connection, prefix)

    def get(self, prefix: str) -> EpisodeRow:
        """The episode whose identifier begins with ``prefix``."""
        with self._catalogue.reading() as connection:
            episode_id = _resolve(connection, prefix)
            row = connection.execute(f"SELECT {COLUMNS} FROM episodes WHERE id = ?", (episode_id,)).fetchone()
        return episode_row(self._root, row)

    def details(self, prefix: str) -> EpisodeDetails:
        """The episode with its metadata and streams."""
        row = self.get(prefix)
        with self._catalogue.reading() as connection:
            number, text, poses = connection.execute(
                "SELECT number, metadata, start_poses FROM episodes JOIN descriptions ON episode = number WHERE id = ?",
                (row.id,),
            ).fetchone()
            query = f"SELECT {_STREAM_COLUMNS} FROM streams WHERE episode = ? ORDER BY topic"
            streams = tuple(StreamSummary(*stream) for stream in connection.execute(query, (number,)))
        metadata = msgspec.json.decode(text, type=EpisodeMetadata)
        return EpisodeDetails(row, metadata, streams, msgspec.json.decode(poses, type=dict[str, Floats]))

    def open(self, prefix: str) -> EpisodeReader:
        """A reader of the episode's file."""
        return EpisodeReader(Path(self.get(prefix).path), self._root / "cache")

    def tasks(self) -> tuple[str, ...]:
        """Every task that any episode has had, by name."""
        return self._names("SELECT name FROM tasks ORDER BY name")

    def operators(self) -> tuple[str, ...]:
        """Every operator who is named, by name."""
        return self._names("SELECT name FROM operators WHERE name <> '' ORDER BY name")

    def tags(self) -> tuple[str, ...]:
        """Every tag in use, by name."""
        return self._names("SELECT DISTINCT tag FROM episode_tags ORDER BY tag")

    def statistics(self, episodes: EpisodeFilter = ALL) -> Statistics:
        """Counts, minutes and success of the episodes that match."""
        with self._catalogue.reading() as connection:
            return statistics(connection, episodes)

    def thumbnail(self, prefix: str, moment: str = "first") -> bytes | None:
        """A small JPEG of the ``first`` or ``middle`` frame of the first camera; None when there is no image."""
        return self._thumbnails.get(self.get(prefix), moment)

    def label(
        self,
        ids: Sequence[str],
        *,
        success: bool | msgspec.UnsetType | None = msgspec.UNSET,
        notes: str | None = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        disturbance: Disturbance | None = None,
    ) -> Edit:
        """Set what is given on all these episodes, as one edit. ``success=None`` takes the verdict back.

        ``disturbance``: who disturbed an attempt, whatever its ticks say; InputError for other episodes.
        """
        added, removed = _clean(add_tags), set(_clean(remove_tags))

        def changed(before: Columns) -> Columns:
            after: Columns = {}
            if success is not msgspec.UNSET:
                after["success"] = None if success is None else int(bool(success))
            if notes is not None:
                after["notes"] = notes
            if added or removed:
                tags = (set(msgspec.json.decode(before["tags"])) | set(added)) - removed
                after["tags"] = msgspec.json.encode(sorted(tags)).decode()
            if disturbance is not None:
                if before["disturbance"] is None:
                    raise InputError("Only of an attempt of a policy is it said who disturbed it.")
                after |= {"disturbance": str(disturbance), "disturbed": int(disturbance is not Disturbance.NONE)}
            return after

        return self._edit("label", ids, changed)

    def trim(self, prefix: str, start_s: float | None, end_s: float | None) -> Edit:
        """Mark idle ends, in seconds from the first stamp; None, or the end itself, leaves that end whole.

        The file is never rewritten.
        """
        row = self.get(prefix)
        begin, end = start_s or 0.0, row.duration_s if end_s is None else end_s
        if not 0 <= begin < end <= row.duration_s + 1e-3:
            raise InputError(
                f"Episode {row.id} lasts {row.duration_s:.2f} s; "
                f"a trim from {begin:.2f} to {end:.2f} s is not inside it."
            )
        kept = {"trim_start_s": begin or None, "trim_end_s": end if end < row.duration_s - 1e-3 else None}
        return self._edit("trim", [row.id], lambda _: kept)

    def trash(self, ids: Sequence[str]) -> Edit:
        """Move episodes to the trash, where they stay until they are restored or purged."""

        def changed(before: Columns) -> Columns:
            if before["status"] == "recording":
                raise InputError("An episode that is still being recorded cannot go to the trash; stop it first.")
            if before["status"] == "trashed":
                return {}
            return {"status": "trashed", "trashed_from": before["status"]}

        return self._edit("trash", ids, changed)

    def restore(self, ids: Sequence[str]) -> Edit:
        """Bring episodes back from the trash."""

        def changed(before: Columns) -> Columns:
            if before["status"] != "trashed":
                return {}
            if before["trashed_from"] == "recording":
                raise InputError("An episode whose recording left no file cannot be restored.")
            return {"status": before["trashed_from"] or "complete", "trashed_from": None}

        return self._edit("restore", ids, changed)

    def undo(self) -> Edit | None:
        """Take back the newest label, trim, trash or restore; None when there is nothing to take back."""
        with self._catalogue.writing() as connection:
            return self._placed(connection, journal.undo(connection))

    def redo(self) -> Edit | None:
        """Make the edit again that was taken back last."""
        with self._catalogue.writing() as connection:
            return self._placed(connection, journal.redo(connection))

    def purge(self, ids: Sequence[str]) -> int:
        """Remove trashed episodes for good, with their corrected masks; those that a data set, an attempt or a label
        needs are refused."""
        with self._catalogue.writing() as connection:
            resolved = [_resolve(connection, prefix) for prefix in ids]
            for episode_id in resolved:
                number = _require_purgeable(connection, episode_id)
                connection.execute("DELETE FROM annotations WHERE episode = ?", (number,))
                connection.execute("DELETE FROM episodes WHERE number = ?", (number,))
        for episode_id in resolved:
            for path in (self._root / "trash").glob(f"{episode_id}.*"):
                path.unlink()
            self._thumbnails.forget(episode_id)
        return len(resolved)

    def _edit(self, action: str, prefixes: Sequence[str], changed: Any) -> Edit:
        with self._catalogue.writing() as connection:
            ids = [_resolve(connection, prefix) for prefix in prefixes]
            return self._placed(connection, journal.apply(connection, action, ids, changed)) or Edit(action, ())

    def _placed(self, connection: sqlite3.Connection, edit: Edit | None) -> Edit | None:
        """Move the files of an edit to where their rows now say they are; all of them or none."""
        moved: Moves = []
        try:
            for change in edit.changes if edit else ():
                if "status" in change.after:
                    moved += self._place(connection, change.id)
        except OSError as error:
            for source, target in reversed(moved):
                target.rename(source)
            raise LibraryError(
                f"An episode's file could not be moved in {self._root} ({error.strerror}); nothing was changed."
            ) from error
        if moved:
            for folder in ("episodes", "trash"):
                sync_directory(self._root / folder)
        return edit

    def _place(self, connection: sqlite3.Connection, episode_id: str) -> Moves:
        query = "SELECT status FROM episodes WHERE id = ?"
        found = connection.execute(query, (episode_id,)).fetchone()
        if found is None:  # removed for good since the edit that is being undone
            return []
        (status,) = found
        here, there = finished_path(self._root, episode_id), trashed_path(self._root, episode_id)
        source, target = (here, there) if status == "trashed" else (there, here)
        if target.exists() or not source.exists():
            return []
        source.rename(target)
        return [(source, target)]

    def _require(self, connection: sqlite3.Connection, episode_id: str) -> None:
        if connection.execute("SELECT 1 FROM episodes WHERE id = ?", (episode_id,)).fetchone() is None:
            raise InputError(f"There is no episode {episode_id} in {self._root}; begin it first.")

    def _names(self, query: str) -> tuple[str, ...]:
        with self._catalogue.reading() as connection:
            return tuple(row[0] for row in connection.execute(query))


def _resolve(connection: sqlite3.Connection, prefix: str) -> str:
    wanted = prefix.strip().upper()
    if not wanted:
        raise InputError("An episode's identifier is needed; 'episodes list' shows them.")
    query = "SELECT id FROM episodes WHERE id >= ? AND id < ? ORDER BY id LIMIT 6"
    found = [row[0] for row in connection.execute(query, (wanted, wanted + "~"))]
    if not found:
        raise InputError(f"There is no episode '{prefix}'; 'episodes list' shows them.")
    if len(found) > 1 and found[0] != wanted:
        raise InputError(
            f"'{prefix}' could be {', '.join(found[:5])}{' ...' if len(found) > 5 else ''}; give more of it."
        )
    return str(found[0])


def _clean(tags: Sequence[str]) -> list[str]:
    cleaned = [" ".join(tag.split()) for tag in tags]
    if any(not tag for tag in cleaned):
        raise InputError("A tag needs at least one character.")
    return cleaned


_NEEDED_BY = {
    "a data set": "dataset_episodes WHERE episode = ?",
    "an attempt": "attempts WHERE episode = ?",
    "a label": "annotations WHERE kind = 'points' AND episode = ?",
}


def _require_purgeable(connection: sqlite3.Connection, episode_id: str) -> int:
    """The number of an episode that nothing needs."""
    number, status = connection.execute("SELECT number, status FROM episodes WHERE id = ?", (episode_id,)).fetchone()
    if status != "trashed":
        raise InputError(f"Episode {episode_id} is not in the trash; only trashed episodes can be removed for good.")
    for what, rows in _NEEDED_BY.items():
        if connection.execute(f"SELECT 1 FROM {rows}", (number,)).fetchone():
            raise InputError(f"Episode {episode_id} is part of {what} and cannot be removed for good.")
    return int(number)
