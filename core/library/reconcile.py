"""Makes catalogue and files agree after whatever happened: run at every start, under the library's lock.

================================  ======================================================================
``recording``, finished file      completed from what stands in the file
``recording``, unfinished file    what is intact is rewritten and marked ``recovered``; locked ones are left
``recording``, no file            ``trashed``
a file without a row              a row from the file's own description
a row without a file              integrity ``missing``; never deleted
a file in the wrong folder        moved to where its row says it belongs
================================  ======================================================================
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core.episodes.header import FINISHED_SUFFIX, UNFINISHED_SUFFIX, EpisodeHeader
from core.episodes.recover import RECOVERING_SUFFIX, StillRecordingError, is_finished, recover
from core.episodes.scan import scan_file
from core.episodes.table import read_index
from core.errors import EpisodeFileError
from core.library import store
from core.library.catalogue import Catalogue
from core.library.rows import EPISODES, TRASH, finished_path, trashed_path, unfinished_path
from core.messages import CameraInfo, EpisodeMetadata, EpisodeSummary, Integrity
from core.platform import sync_directory, try_lock

log = logging.getLogger(__name__)

Progress = Callable[[str], None]


class Report(msgspec.Struct):
    """What was looked at and what was done, by identifier. ``messages``: one sentence for each thing to know.

    ``interrupted``: recordings whose program ended first, and which were saved all the same.
    ``recording``: files that another process is still writing; recover again when it has ended.
    """

    checked: int = 0
    damaged: list[str] = []
    recovered: list[str] = []
    interrupted: list[str] = []
    trashed: list[str] = []
    missing: list[str] = []
    recording: list[str] = []
    messages: list[str] = []


class Reconciler:
    """One pass over a library."""

    def __init__(self, root: Path, catalogue: Catalogue, progress: Progress = log.info) -> None:
        self._root = root
        self._catalogue = catalogue
        self._progress = progress
        self._repair_damaged = False
        self.report = Report()

    def run(self, *, repair_damaged: bool = False) -> Report:
        """Bring rows and files together. ``repair_damaged`` also rewrites finished files that are damaged."""
        self._repair_damaged = repair_damaged
        self._remove_partial_recoveries()
        rows = self._rows()
        self.report.checked = len(rows)
        files = {folder: _stems(self._root / folder, FINISHED_SUFFIX) for folder in (EPISODES, TRASH)}
        for episode_id in sorted(_stems(self._root / EPISODES, UNFINISHED_SUFFIX)):
            with self._contained(episode_id):
                self._unfinished(episode_id, rows.get(episode_id))
        for episode_id, (status, integrity) in rows.items():
            with self._contained(episode_id):
                if status == "recording":
                    self._recording(episode_id)
                else:
                    self._settled(episode_id, status, integrity, files)
        for folder, stems in files.items():
            for episode_id in sorted(stems - rows.keys()):
                with self._contained(episode_id):
                    self._without_row(episode_id, folder)
        return self.report

    def verify(self, ids: Sequence[str]) -> Report:
        """Hash every finished file and compare; what differs is looked at chunk by chunk and marked damaged."""
        for episode_id in ids:
            self._progress(f"Checking {episode_id}")
            self._verify(episode_id)
        return self.report

    def _rows(self) -> dict[str, tuple[str, str]]:
        with self._catalogue.reading() as connection:
            return {
                row[0]: (row[1], row[2]) for row in connection.execute("SELECT id, status, integrity FROM episodes")
            }

    def _remove_partial_recoveries(self) -> None:
        for path in (self._root / EPISODES).glob(f"*{RECOVERING_SUFFIX}"):
            path.unlink()

    @contextmanager
    def _contained(self, episode_id: str) -> Iterator[None]:
        """What is wrong with one episode is said, and keeps no other from being looked at."""
        try:
            yield
        except StillRecordingError:
            self.report.recording.append(episode_id)
        except (EpisodeFileError, OSError) as error:
            self._say(f"Episode {episode_id} could not be put in order: {error}")

    def _unfinished(self, episode_id: str, row: tuple[str, str] | None) -> None:
        """Turn an unfinished file into a finished one; a row that waits for it follows in the next pass."""
        part, target = unfinished_path(self._root, episode_id), finished_path(self._root, episode_id)
        _require_unlocked(part)
        if target.exists():
            self._unfinished_beside_finished(part, target)
        elif is_finished(part):
            part.rename(target)
            sync_directory(target.parent)
        else:
            self._rescue(part, target, episode_id)
        if target.exists() and row is None:
            self._without_row(episode_id, EPISODES)
            self.report.interrupted.append(episode_id)
        elif target.exists() and row is not None and row[0] != "recording":
            self._complete(episode_id)

    def _unfinished_beside_finished(self, part: Path, target: Path) -> None:
        """Recovery was stopped after it had put the new file in place: the old one has done its duty."""
        if is_finished(target):
            part.unlink()
            sync_directory(part.parent)
        else:
            self._say(f"{part.name} and {target.name} are both there and neither is whole; both were left.")

    def _rescue(self, part: Path, target: Path, episode_id: str) -> None:
        self._progress(f"Recovering {episode_id}")
        if recover(part, target, self._fallback(episode_id)) is None:
            part.unlink()
            sync_directory(part.parent)

    def _recording(self, episode_id: str) -> None:
        if finished_path(self._root, episode_id).exists():
            self._complete(episode_id)
            self.report.interrupted.append(episode_id)
        elif not unfinished_path(self._root, episode_id).exists():
            with self._catalogue.writing() as connection:
                connection.execute(
                    "UPDATE episodes SET status = 'trashed', trashed_from = 'recording', integrity = ? WHERE id = ?",
                    (Integrity.MISSING, episode_id),
                )
            self.report.trashed.append(episode_id)

    def _complete(self, episode_id: str) -> None:
        path = finished_path(self._root, episode_id)
        try:
            header, summary = described(path)
        except EpisodeFileError:
            self._repair(episode_id)
            return
        recovered = summary.integrity == Integrity.RECOVERED
        with self._catalogue.writing() as connection:
            store.describe(connection, header)
            store.complete(connection, summary, "recovered" if recovered else "complete")
        (self.report.recovered if recovered else self.report.messages).append(
            episode_id if recovered else f"Episode {episode_id} was complete and is in the catalogue now."
        )

    def _repair(self, episode_id: str) -> None:
        """Rewrite what is intact of a finished file."""
        try:
            summary = self._rewritten(finished_path(self._root, episode_id), episode_id)
        except (EpisodeFileError, OSError):
            self._mark(episode_id, Integrity.DAMAGED)
            self.report.damaged.append(episode_id)
            raise
        with self._catalogue.writing() as connection:
            store.complete(connection, summary, "recovered")
        self.report.recovered.append(episode_id)

    def _rewritten(self, path: Path, episode_id: str) -> EpisodeSummary:
        """Recover a finished file in its place; the damaged one is kept in the trash."""
        kept = trashed_path(self._root, episode_id).with_suffix(".mcap.damaged")
        if not kept.exists():
            os.link(path, kept)
        summary = recover(path, path, self._fallback(episode_id))
        if summary is None:
            raise EpisodeFileError(f"nothing in {path.name} is intact.")
        return summary

    def _settled(self, episode_id: str, status: str, integrity: str, files: dict[str, set[str]]) -> None:
        home, away = (TRASH, EPISODES) if status == "trashed" else (EPISODES, TRASH)
        present = episode_id in files[home]
        if not present and episode_id in files[away]:
            name = f"{episode_id}{FINISHED_SUFFIX}"
            (self._root / away / name).rename(self._root / home / name)
            for folder in (home, away):
                sync_directory(self._root / folder)
            present = True
        if not present and integrity != Integrity.MISSING and not self._is_there(episode_id, home):
            self._mark(episode_id, Integrity.MISSING)
        if not present and status != "trashed" and not self._is_there(episode_id, home):
            self.report.missing.append(episode_id)
        if present and integrity == Integrity.MISSING:
            self._mark(episode_id, Integrity.RECOVERED if status == "recovered" else Integrity.OK)
        if present and integrity == Integrity.DAMAGED and status != "trashed" and self._repair_damaged:
            self._repair(episode_id)

    def _is_there(self, episode_id: str, folder: str) -> bool:
        """Recovery may have made the file after the folders were read."""
        return (self._root / folder / f"{episode_id}{FINISHED_SUFFIX}").exists()

    def _without_row(self, episode_id: str, folder: str) -> None:
        path = self._root / folder / f"{episode_id}{FINISHED_SUFFIX}"
        try:
            header, summary = described(path)
        except EpisodeFileError as error:
            if not self._repair_damaged:
                self._say(f"{path.name} is in {folder} and not in the catalogue, and stays so: {error}")
                return
            self._rewritten(path, episode_id)
            header, summary = described(path)
        if header.metadata.id != episode_id:
            self._say(f"{path.name} says that it is episode {header.metadata.id}; give it that name to use it.")
            return
        status = "recovered" if summary.integrity == Integrity.RECOVERED else "complete"
        with self._catalogue.writing() as connection:
            store.insert(connection, header.metadata, header.cameras)
            store.complete(connection, summary, status)
            if folder == TRASH:
                connection.execute(
                    "UPDATE episodes SET status = 'trashed', trashed_from = ? WHERE id = ?", (status, episode_id)
                )
        self.report.recovered.append(episode_id)

    def _verify(self, episode_id: str) -> None:
        with self._catalogue.reading() as connection:
            status, integrity, sha256 = connection.execute(
                "SELECT status, integrity, sha256 FROM episodes WHERE id = ?", (episode_id,)
            ).fetchone()
        if status in ("recording", "trashed"):
            return
        self.report.checked += 1
        path = finished_path(self._root, episode_id)
        if not path.exists():
            self._mark(episode_id, Integrity.MISSING)
            self.report.missing.append(episode_id)
        elif file_sha256(path) == sha256:
            if integrity in (Integrity.DAMAGED, Integrity.MISSING):
                self._mark(episode_id, Integrity.RECOVERED if status == "recovered" else Integrity.OK)
        else:
            intact, findings = scan_file(path)
            self._mark(episode_id, Integrity.DAMAGED)
            self.report.damaged.append(episode_id)
            self._say(
                f"{path.name} differs from what was recorded: {len(findings.damage)} damaged stretches, "
                f"{intact} chunks intact; 'episodes recover' saves them."
            )

    def _fallback(self, episode_id: str) -> EpisodeHeader | None:
        with self._catalogue.reading() as connection:
            query = "SELECT metadata, cameras FROM descriptions JOIN episodes ON number = episode WHERE id = ?"
            row = connection.execute(query, (episode_id,)).fetchone()
        if row is None:
            return None
        metadata = msgspec.json.decode(row[0], type=EpisodeMetadata)
        return EpisodeHeader(metadata, msgspec.json.decode(row[1], type=tuple[CameraInfo, ...]), 0)

    def _mark(self, episode_id: str, integrity: Integrity) -> None:
        with self._catalogue.writing() as connection:
            connection.execute("UPDATE episodes SET integrity = ? WHERE id = ?", (integrity, episode_id))

    def _say(self, sentence: str) -> None:
        log.warning(sentence)
        self.report.messages.append(sentence)


def described(path: Path) -> tuple[EpisodeHeader, EpisodeSummary]:
    """What a finished file says of itself, with its size and hash; EpisodeFileError when it does not."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise EpisodeFileError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        index = read_index(descriptor, path)
    finally:
        os.close(descriptor)
    if index.summary is None:
        raise EpisodeFileError(f"{path.name} has lost the record that sums it up; 'episodes recover' counts it again.")
    size = path.stat().st_size
    return index.header, msgspec.structs.replace(index.summary, path=str(path), bytes=size, sha256=file_sha256(path))


def file_sha256(path: Path) -> str:
    """The hash of a whole file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_unlocked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not try_lock(descriptor):
            raise StillRecordingError(f"{path.name} is still being recorded.")
    finally:
        os.close(descriptor)


def _stems(folder: Path, suffix: str) -> set[str]:
    with os.scandir(folder) as entries:
        return {entry.name.removesuffix(suffix) for entry in entries if entry.name.endswith(suffix)}
