"""The catalogue: one writer, many readers, strict tables, a search index in step, copies, and errors in words."""

from __future__ import annotations

import multiprocessing
import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from core.errors import InputError, LibraryError
from core.library import EpisodeFilter, Library
from core.library import backup as backup_module
from core.library import library as library_module
from core.library.schema import NEWEST_VERSION, SEARCH_TRIGGERS
from core.platform import file_system, network_file_system
from tests.core.episodes.making import metadata
from tests.core.library.making import add, write


@contextmanager
def connected(library: Library) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(library.root / "catalog.sqlite", isolation_level=None)) as connection:
        yield connection


def test_a_new_library_has_its_folders_and_is_private(tmp_path: Path) -> None:
    with Library.open(tmp_path / "new" / "library") as library:
        names = {path.name for path in library.root.iterdir() if path.is_dir()}
        assert names >= {"episodes", "models", "runs", "annotations", "trash", "cache"}
        for path in library.root.rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path
        assert library.root.stat().st_mode & 0o777 == 0o700


def test_the_settings_that_keep_data_safe(library: Library) -> None:
    with connected(library) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (NEWEST_VERSION,)
        assert connection.execute("PRAGMA application_id").fetchone() != (0,)
        tables = connection.execute(
            "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
        ).fetchall()
    ours = {name for name, strict in tables if strict}
    assert ours >= {
        "tasks", "operators", "cameras", "calibrations", "episodes", "streams", "models", "runs", "attempts",
        "annotations", "datasets", "dataset_episodes",
    }  # fmt: skip
    with library._catalogue.writing() as connection:
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_second_writer_is_told_who_holds_the_library(library: Library) -> None:
    with pytest.raises(LibraryError, match=rf"is being used by .*process {os.getpid()}"):
        Library.open(library.root)
    library.close()
    Library.open(library.root).close()


def test_readers_see_what_is_written_and_cannot_write(library: Library) -> None:
    with Library.open(library.root, writable=False) as reader:
        row = add(library)
        assert reader.episodes.get(row.id) == row
        with pytest.raises(LibraryError, match="opened for reading only"):
            reader.episodes.label([row.id], success=True)


def test_reading_needs_a_library(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no library in"):
        Library.open(tmp_path, writable=False)
    assert list(tmp_path.iterdir()) == []


def test_a_network_file_system_is_refused_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "network_file_system", lambda path: "nfs4")
    with pytest.raises(LibraryError, match=r"on a network file system \(nfs4\).*choose a folder on a local disk"):
        Library.open(tmp_path / "library")


def test_a_local_disk_is_none(tmp_path: Path) -> None:
    assert file_system(tmp_path)
    assert network_file_system(tmp_path) is None


def test_a_folder_that_cannot_be_made_costs_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be used"):
        Library.open(tmp_path / "file" / "library")


def test_a_read_only_library_can_be_read_and_says_so_when_written() -> None:
    """In a process of its own, because root may write everywhere."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        child = multiprocessing.get_context("forkserver").Process(target=read_only, args=(Path(folder) / "library",))
        child.start()
        child.join(60)
        assert child.exitcode == 0


def read_only(root: Path) -> None:
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    with Library.open(root) as library:
        row = add(library)
    for path in (root, *root.iterdir()):
        path.chmod(0o500 if path.is_dir() else 0o400)
    with Library.open(root, writable=False) as reader:
        assert reader.episodes.get(row.id) == row
        assert len(reader.episodes.open(row.id).arrays()["q"]) > 0
    with pytest.raises(LibraryError, match=r"cannot be written.*make the folder and its files writable"):
        Library.open(root)
    for path in (root, *root.iterdir()):
        path.chmod(0o700)


def test_a_locked_catalogue_loses_nothing_and_says_so(library: Library) -> None:
    row = add(library)
    summary = write(library)
    with connected(library) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryError, match="locked by another program; close that program and try again"):
            library.episodes.label([row.id], success=True)
        with pytest.raises(LibraryError, match="locked"):
            library.episodes.complete(summary)
        assert library.episodes.get(row.id) == row
        assert library.episodes.get(summary.id).status == "recording"
        other.execute("ROLLBACK")
    assert library.episodes.complete(summary).status == "complete"
    assert library.episodes.label([row.id], success=True).ids == (row.id,)


def test_saving_waits_longer_than_anything_else_for_a_lock(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library", busy_timeout_ms=400) as library, connected(library) as other:
        summary = write(library)
        other.execute("BEGIN IMMEDIATE")
        saved = threading.Thread(target=library.episodes.complete, args=(summary,))
        saved.start()
        saved.join(0.6)
        assert saved.is_alive()
        other.execute("ROLLBACK")
        saved.join(10)
        assert library.episodes.get(summary.id).status == "complete"


def test_a_full_disk_while_writing_the_catalogue_changes_nothing(library: Library) -> None:
    row = add(library)
    with library._catalogue.writing() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    library._catalogue._require_writer().execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LibraryError, match=r"disk of .* is full, so the catalogue was not changed"):
        library.episodes.label([row.id], notes="long " * 100_000)
    assert library.episodes.get(row.id) == row


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
        connection.commit()
    with pytest.raises(LibraryError, match="database of another program"):
        Library.open(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_newer_catalogue_is_not_touched(library: Library) -> None:
    with connected(library) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST_VERSION + 1}")
    library.close()
    with pytest.raises(LibraryError, match="written by a newer Reticle"):
        Library.open(library.root)
    with pytest.raises(LibraryError, match="written by a newer Reticle"):
        Library.open(library.root, writable=False)


def test_lost_search_triggers_are_put_back_and_the_index_is_rebuilt(library: Library) -> None:
    row = add(library, notes="before", tags=("one",))
    with connected(library) as connection:
        for name in SEARCH_TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE episodes SET notes = 'afterwards', tags = '[\"two\"]'")
    library.close()
    with Library.open(library.root) as again:
        assert again.episodes.list(EpisodeFilter(query="afterwards", tags=("two",))).rows[0].id == row.id
        assert again.episodes.list(EpisodeFilter(query="before")).total == 0
        assert again.episodes.list(EpisodeFilter(tags=("one",))).total == 0


def test_a_calibration_never_changes(library: Library) -> None:
    add(library, frames=2)
    add(library, frames=2)
    with connected(library) as connection:
        assert connection.execute("SELECT count(*) FROM calibrations").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM episode_calibrations").fetchone() == (2,)
        with pytest.raises(sqlite3.IntegrityError, match="never changes"):
            connection.execute("UPDATE calibrations SET info = '{}'")


def test_the_tables_refuse_what_cannot_be(library: Library) -> None:
    row = add(library)
    with library._catalogue.writing() as connection:
        for change in ("status = 'lost'", "success = 2", "tags = '{}'", "trim_start_s = -1", "task = 'absent'"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(f"UPDATE episodes SET {change} WHERE id = ?", (row.id,))


def test_there_is_a_copy_a_day_and_they_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 11):
        monkeypatch.setattr(backup_module, "daily_name", lambda day=day: f"daily-2030-01-{day:02d}")
        for _ in range(2):
            with Library.open(tmp_path / "library") as library:
                if day == 1:
                    add(library)
    names = sorted(path.name for path in (tmp_path / "library" / "backups").iterdir())
    assert names == [f"daily-2030-01-{day:02d}.sqlite" for day in range(4, 11)]
    with closing(sqlite3.connect(tmp_path / "library" / "backups" / names[0])) as connection:
        assert connection.execute("SELECT count(*) FROM episodes").fetchone() == (2,)
        found = connection.execute("SELECT count(*) FROM episodes_search WHERE episodes_search MATCH 'slow'").fetchone()
        assert found == (2,)


def test_a_copy_that_fails_is_said_and_keeps_nobody_from_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_module, "back_up", fail)
    with Library.open(tmp_path / "library") as library:
        assert re.search("copy of the catalogue could not be made.*No space", library.report.messages[0])
        add(library)


def test_two_threads_may_write_and_read_at_once(library: Library) -> None:
    ids = [library.episodes.begin(metadata(""))[0] for _ in range(4)]

    def work(episode_id: str) -> list[str]:
        found = []
        for number in range(15):
            library.episodes.label([episode_id], notes=f"note {number}")
            found.append(library.episodes.get(episode_id).notes)
        return found

    with ThreadPoolExecutor(len(ids)) as pool:
        for found in pool.map(work, ids):
            assert found == [f"note {number}" for number in range(15)]
