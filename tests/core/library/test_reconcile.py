"""At every start catalogue and files are made to agree, whatever came between."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from core.episodes.header import unfinished
from core.episodes.recorder import Recorder
from core.library import EpisodeFilter, Library
from tests.core.episodes.making import camera, feed, metadata, step
from tests.core.library.making import add, snapshot, write


def reopened(library: Library) -> Library:
    library.close()
    return Library.open(library.root)


def damage(path: str | Path, position: int, length: int = 8) -> None:
    with Path(path).open("r+b") as file:
        file.seek(position)
        file.write(os.urandom(length))


def test_a_finished_file_whose_row_was_not_written_is_completed(library: Library) -> None:
    summary = write(library, frames=4, success=True)
    with reopened(library) as again:
        row = again.episodes.get(summary.id)
        assert (row.status, row.success, row.frames, row.sha256) == ("complete", True, 4, summary.sha256)
        assert again.report.interrupted == [summary.id]
        with reopened(again) as third:
            assert third.report.interrupted == []


def test_an_unfinished_file_is_recovered_and_a_second_time_changes_nothing(library: Library) -> None:
    summary = write(library, frames=9)
    path = Path(summary.path)
    unfinished(path).write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    path.unlink()
    with reopened(library) as again:
        assert again.report.recovered == again.report.interrupted == [summary.id]
        row = again.episodes.get(summary.id)
        assert (row.status, row.integrity) == ("recovered", "recovered")
        assert 2 <= row.frames < 9
        assert again.verify().damaged == []
        before = snapshot(again.root)
        with reopened(again) as third:
            third.recover()
            assert third.report.recovered == []
            assert snapshot(third.root) == before


def test_a_recording_that_left_no_file_goes_to_the_trash(library: Library) -> None:
    episode_id, _ = library.episodes.begin(metadata(""))
    with reopened(library) as again:
        assert again.report.trashed == [episode_id]
        assert again.episodes.get(episode_id).status == "trashed"
        assert again.episodes.list().total == 0


def test_an_unfinished_file_with_nothing_in_it_goes_too(library: Library) -> None:
    episode_id, path = library.episodes.begin(metadata(""))
    unfinished(path).write_bytes(b"\x89MCAP0\r\n")
    with reopened(library) as again:
        assert again.report.trashed == [episode_id]
        assert list((again.root / "episodes").iterdir()) == []


def test_a_file_without_a_row_gets_one_from_its_own_description(library: Library) -> None:
    row = add(library, frames=3, success=True, notes="from afar", tags=("x",))
    library.close()
    for suffix in ("", "-wal", "-shm"):
        (library.root / f"catalog.sqlite{suffix}").unlink(missing_ok=True)
    with Library.open(library.root) as again:
        assert again.episodes.get(row.id) == row
        assert again.episodes.list(EpisodeFilter(query="afar", tags=("x",))).total == 1


def test_a_row_without_a_file_is_missing_and_never_deleted(library: Library) -> None:
    row = add(library)
    away = library.root / "elsewhere"
    Path(row.path).rename(away)
    with reopened(library) as again:
        assert again.report.missing == [row.id]
        assert again.episodes.get(row.id).integrity == "missing"
        away.rename(row.path)
        with reopened(again) as third:
            assert third.report.missing == []
            assert third.episodes.get(row.id).integrity == "ok"


def test_a_file_in_the_wrong_folder_is_moved_to_where_its_row_says(library: Library) -> None:
    row = add(library)
    moved = library.root / "trash" / Path(row.path).name
    Path(row.path).rename(moved)
    with reopened(library) as again:
        assert Path(row.path).exists()
        assert not moved.exists()
        assert again.episodes.get(row.id) == row


def test_a_recording_in_progress_is_left_alone(library: Library) -> None:
    info = metadata("01HSTILLRECORDING000000000")
    _, path = library.episodes.begin(info)
    recorder = Recorder(path, info, [camera()], synchronous=True)
    feed(recorder, [camera()], 3)
    with reopened(library) as again:
        assert again.episodes.get(info.id).status == "recording"
        recorder.step(step(500))
        summary = recorder.finish()
        assert again.episodes.complete(summary).status == "complete"


def test_a_recovery_that_was_stopped_after_its_rename_is_finished(library: Library) -> None:
    summary = write(library, frames=3)
    shutil.copy(summary.path, unfinished(Path(summary.path)))
    (library.root / "episodes" / f"{summary.id}.mcap.recovering").write_bytes(b"half")
    with reopened(library) as again:
        assert [path.name for path in (again.root / "episodes").iterdir()] == [f"{summary.id}.mcap"]
        assert again.episodes.get(summary.id).status == "complete"


def test_damage_is_found_by_verify_and_mended_by_recover(library: Library) -> None:
    whole, broken = add(library, frames=6), add(library, frames=6)
    damage(broken.path, broken.bytes // 2)
    report = library.verify()
    assert (report.checked, report.damaged) == (2, [broken.id])
    assert "'episodes recover' saves them" in report.messages[0]
    assert library.episodes.get(broken.id).integrity == "damaged"
    assert library.recover().recovered == [broken.id]
    row = library.episodes.get(broken.id)
    assert (row.status, row.integrity) == ("recovered", "recovered")
    assert 4 <= row.frames < 6
    assert library.verify().damaged == []
    assert library.episodes.get(whole.id) == whole
    assert (library.root / "trash" / f"{broken.id}.mcap.damaged").exists()


def test_a_damaged_file_that_was_put_right_is_no_longer_damaged(library: Library) -> None:
    row = add(library)
    content = Path(row.path).read_bytes()
    damage(row.path, 1000)
    assert library.verify([row.id[:20]]).damaged == [row.id]
    Path(row.path).write_bytes(content)
    assert library.verify().damaged == []
    assert library.episodes.get(row.id).integrity == "ok"


def test_a_finished_file_that_lost_its_end_before_its_row_was_written_is_mended(library: Library) -> None:
    summary = write(library, frames=5)
    os.truncate(summary.path, summary.bytes - 50)
    with reopened(library) as again:
        assert again.report.recovered == [summary.id]
        assert again.episodes.get(summary.id).frames == 5


def test_a_stranger_in_the_folder_is_said_and_left(library: Library) -> None:
    add(library)
    stranger = library.root / "episodes" / "holiday.mcap"
    stranger.write_bytes(b"not one of ours")
    with reopened(library) as again:
        assert any("holiday.mcap" in sentence for sentence in again.report.messages)
        assert stranger.exists()
        assert again.episodes.list().total == 1


def test_a_copy_under_another_name_does_not_take_its_place(library: Library) -> None:
    row = add(library)
    shutil.copy(row.path, library.root / "episodes" / "01HCOPY0000000000000000000.mcap")
    with reopened(library) as again:
        assert again.episodes.list().total == 1
        assert any("says that it is episode" in sentence for sentence in again.report.messages)


@pytest.mark.parametrize("position", [0, 4096, 5 * 4096])
def test_a_damaged_catalogue_is_said_and_rebuilt_on_request(library: Library, position: int) -> None:
    rows = [add(library, notes=f"number {number}") for number in range(3)]
    library.back_up("yesterday")
    library.close()
    catalogue = library.root / "catalog.sqlite"
    with sqlite3.connect(catalogue) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    damage(catalogue, position, 4 * 4096)
    with Library.open(library.root, rebuild=True) as again:
        assert {row.id for row in again.episodes.list().rows} == {row.id for row in rows}
        assert any("set aside as" in sentence for sentence in again.report.messages)
    assert list(library.root.glob("catalog.damaged-*"))


def test_a_catalogue_that_is_no_database_costs_one_sentence(library: Library) -> None:
    library.close()
    for suffix in ("-wal", "-shm"):
        (library.root / f"catalog.sqlite{suffix}").unlink(missing_ok=True)
    (library.root / "catalog.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(Exception, match=r"is damaged; 'episodes recover' rebuilds it"):
        Library.open(library.root)


def test_a_recording_in_progress_is_reported(library: Library) -> None:
    info = metadata("01HSTILLRECORDING000000000")
    _, path = library.episodes.begin(info)
    recorder = Recorder(path, info, [], synchronous=True)
    with reopened(library) as again:
        assert again.report.recording == [info.id]
        recorder.step(step(0))
        recorder.finish()
        assert again.recover().recording == []
        assert again.episodes.get(info.id).status == "complete"


def test_one_episode_that_cannot_be_put_in_order_keeps_no_other_waiting(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = add(library), add(library)
    for row in (stuck, other):
        Path(row.path).rename(library.root / "trash" / Path(row.path).name)
    rename = Path.rename

    def refuse(source: Path, target: Path) -> Path:
        if source.stem == stuck.id:
            raise OSError(1, "Operation not permitted")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with reopened(library) as again:
        assert any(f"{stuck.id} could not be put in order" in sentence for sentence in again.report.messages)
        assert Path(other.path).exists()


def test_a_damaged_file_without_a_row_comes_back_on_request(library: Library) -> None:
    row = add(library, frames=8)
    library.close()
    for suffix in ("", "-wal", "-shm"):
        (library.root / f"catalog.sqlite{suffix}").unlink(missing_ok=True)
    os.truncate(row.path, row.bytes - 60)
    with Library.open(library.root) as again:
        assert again.episodes.list().total == 0
        assert any("not in the catalogue" in sentence for sentence in again.report.messages)
        assert again.recover().recovered == [row.id]
        assert again.episodes.get(row.id).frames == 8
