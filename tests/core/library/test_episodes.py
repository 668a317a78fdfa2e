"""Episodes of a library: found by anything that is known of them, labelled, trimmed, trashed, and all of it undone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.episodes.disk import estimated_bytes_per_second
from core.episodes.header import unfinished
from core.episodes.recorder import Recorder
from core.errors import InputError, LibraryError
from core.library import EpisodeFilter, Library, new_id
from core.messages import Integrity
from tests.core.episodes.making import camera, feed, frame, metadata
from tests.core.library.making import add, write


def test_an_episode_is_recorded_listed_and_played(library: Library) -> None:
    row = add(library, frames=5, success=True, notes="first", tags=("b", "a", "a"))
    page = library.episodes.list()
    assert (page.total, page.rows) == (1, (row,))
    assert (row.status, row.integrity, row.success, row.tags) == ("complete", "ok", True, ("a", "b"))
    assert (row.frames, row.dropped, row.task, row.operator) == (5, 0, "push_box", "Ada")
    with library.episodes.open(row.id) as reader:
        np.testing.assert_array_equal(reader.depth("right", 2), frame(camera(), 2).depth)
    details = library.episodes.details(row.id)
    assert details.metadata.notes == "first"
    assert [stream.topic for stream in details.streams] == ["/camera/right/depth", "/camera/right/rgb", "/state"]


def test_a_recording_that_has_begun_is_listed_as_such(library: Library) -> None:
    episode_id, path = library.episodes.begin(metadata(""))
    assert path == library.root / "episodes" / f"{episode_id}.mcap"
    assert library.episodes.get(episode_id).status == "recording"


def test_completing_needs_the_file(library: Library) -> None:
    summary = write(library)
    Path(summary.path).unlink()
    with pytest.raises(LibraryError, match="has no file"):
        library.episodes.complete(summary)


def test_an_unclosed_recording_stays_recording_until_it_is_recovered(library: Library) -> None:
    summary = write(library)
    part = Path(summary.path + ".part")
    Path(summary.path).rename(part)
    row = library.episodes.complete(msgspec.structs.replace(summary, integrity=Integrity.UNFINISHED, path=str(part)))
    assert (row.status, row.integrity) == ("recording", "unfinished")
    assert library.recover().messages
    assert library.episodes.get(row.id).status == "complete"


def test_any_unambiguous_beginning_of_an_identifier_will_do(library: Library) -> None:
    first, second = add(library), add(library)
    assert library.episodes.get(first.id.lower()) == first
    common = next(size for size in range(1, 27) if first.id[:size] != second.id[:size])
    assert library.episodes.get(second.id[:common]).id == second.id
    with pytest.raises(InputError, match=f"could be {first.id}, {second.id}; give more of it"):
        library.episodes.get(first.id[: common - 1])
    for wrong in ("zzz", "%", "01' OR '1'='1"):
        with pytest.raises(InputError, match="There is no episode"):
            library.episodes.get(wrong)
    with pytest.raises(InputError, match="identifier is needed"):
        library.episodes.get(" ")


def test_every_filter_and_their_conjunction(library: Library) -> None:
    box = add(library, task="push_box", operator="Ada", success=True, tags=("clean",), created_utc_ns=100)
    plate = add(library, task="push_plate", operator="Bob", success=False, tags=("clean", "slow"), created_utc_ns=200)
    free = add(library, task="free", operator="Ada", demonstrator="hand", notes="Zucker & Salz", created_utc_ns=300)
    gone = add(library, task="free", operator="Ada")
    library.episodes.trash([gone.id])

    def found(**wanted: object) -> list[str]:
        page = library.episodes.list(EpisodeFilter(**wanted), descending=False)  # type: ignore[arg-type]
        assert page.total == len(page.rows)
        return [row.id for row in page.rows]

    assert found() == [box.id, plate.id, free.id]
    assert found(task="push_box") == [box.id]
    assert found(operator="Ada") == [box.id, free.id]
    assert found(demonstrator="hand") == [free.id]
    assert found(success=True) == [box.id]
    assert found(success=False) == [plate.id]
    assert found(unlabelled=True) == [free.id]
    assert found(tags=("clean",)) == [box.id, plate.id]
    assert found(tags=("clean", "slow")) == [plate.id]
    assert found(since=200) == [plate.id, free.id]
    assert found(until=200) == [box.id]
    assert found(status="trashed") == [gone.id]
    assert found(status="complete") == [box.id, plate.id, free.id]
    assert found(task="push_box", operator="Bob") == []
    assert found(query="zuck") == [free.id]
    assert found(query="push cle") == [box.id, plate.id]
    assert found(query="push_pl") == [plate.id]
    assert found(query="ada salz") == [free.id]
    with pytest.raises(InputError, match="choose one of: recording, complete, recovered, trashed"):
        found(status="lost")


@pytest.mark.parametrize(
    "text", ['"', "a OR b", "NOT", "notes:x", "*", "(", "'; DROP TABLE episodes", "^a", "a-b", "NEAR(a b)", "\x00"]
)
def test_no_search_text_is_an_operator(library: Library, text: str) -> None:
    add(library, notes="nothing of the kind")
    library.episodes.list(EpisodeFilter(query=text))
    assert library.episodes.list().total == 1


def test_lists_are_sorted_by_known_columns_only_and_paged(library: Library) -> None:
    rows = [add(library, created_utc_ns=number, task=task) for number, task in enumerate("bca")]
    assert [row.task for row in library.episodes.list(sort="task", descending=False).rows] == ["a", "b", "c"]
    assert [row.task for row in library.episodes.list(limit=2).rows] == ["a", "c"]
    page = library.episodes.list(limit=2, offset=2)
    assert ([row.task for row in page.rows], page.total) == (["b"], 3)
    assert library.episodes.ids() == tuple(row.id for row in reversed(rows))
    with pytest.raises(InputError, match="cannot be sorted by 'id; DROP'; choose one of: created"):
        library.episodes.list(sort="id; DROP")
    with pytest.raises(InputError, match="A page holds"):
        library.episodes.list(limit=-1)


def test_labels_of_many_episodes_change_together_and_come_back_together(library: Library) -> None:
    rows = [add(library, tags=("old",)) for _ in range(3)]
    ids = [row.id for row in rows]
    library.episodes.label(ids, success=True, notes="good", add_tags=["new  tag"], remove_tags=["old"])
    assert {(row.success, row.notes, row.tags) for row in library.episodes.list().rows} == {
        (True, "good", ("new tag",))
    }
    assert library.episodes.list(EpisodeFilter(tags=("old",))).total == 0
    assert library.episodes.list(EpisodeFilter(query="new")).total == 3
    edit = library.episodes.undo()
    assert edit is not None
    assert (edit.action, edit.ids) == ("label", tuple(ids))
    assert [library.episodes.get(row.id) for row in rows] == rows
    library.episodes.redo()
    assert library.episodes.list(EpisodeFilter(query="new", success=True)).total == 3


def test_a_verdict_can_be_taken_back(library: Library) -> None:
    row = add(library, success=True)
    library.episodes.label([row.id], success=None)
    assert library.episodes.get(row.id).success is None


def test_a_label_on_one_unknown_episode_changes_none(library: Library) -> None:
    row = add(library)
    with pytest.raises(InputError):
        library.episodes.label([row.id, "nobody"], success=True)
    assert library.episodes.get(row.id).success is None
    with pytest.raises(InputError, match="at least one character"):
        library.episodes.label([row.id], add_tags=["  "])


def test_a_trim_never_rewrites_the_file(library: Library) -> None:
    row = add(library, frames=20)
    before = Path(row.path).read_bytes()
    library.episodes.trim(row.id, 0.1, 0.5)
    trimmed = library.episodes.get(row.id)
    assert (trimmed.trim_start_s, trimmed.trim_end_s, trimmed.sha256) == (0.1, 0.5, row.sha256)
    assert Path(row.path).read_bytes() == before
    assert library.episodes.statistics().total.minutes == pytest.approx(0.4 / 60)
    for begin, end in ((0.5, 0.4), (-0.1, 0.2), (0.0, 99.0), (0.3, 0.3)):
        with pytest.raises(InputError, match="is not inside it"):
            library.episodes.trim(row.id, begin, end)
    library.episodes.undo()
    assert library.episodes.get(row.id) == row


def test_trash_and_restore_move_the_file_there_and_back(library: Library) -> None:
    row = add(library)
    library.episodes.trash([row.id])
    trashed = library.episodes.get(row.id)
    assert (trashed.status, Path(trashed.path).parent.name) == ("trashed", "trash")
    assert Path(trashed.path).exists()
    assert not Path(row.path).exists()
    library.episodes.restore([row.id])
    assert library.episodes.get(row.id) == row
    assert Path(row.path).exists()
    library.episodes.undo()
    assert Path(trashed.path).exists()
    library.episodes.undo()
    assert Path(row.path).exists()
    assert library.episodes.undo() is None


def test_trashing_one_leaves_all_others_as_they_were(library: Library) -> None:
    rows = [add(library) for _ in range(4)]
    library.episodes.trash([rows[1].id])
    assert library.episodes.ids(descending=False) == tuple(row.id for row in rows if row is not rows[1])
    assert all(Path(row.path).exists() for row in rows if row is not rows[1])


def test_a_recording_cannot_be_trashed(library: Library) -> None:
    summary = write(library)
    with pytest.raises(InputError, match="still being recorded"):
        library.episodes.trash([summary.id])


def test_a_cancelled_recording_is_trashed_without_a_file(library: Library) -> None:
    episode_id, _ = library.episodes.begin(metadata(""))
    library.episodes.cancel(episode_id)
    assert library.episodes.get(episode_id).status == "trashed"
    with pytest.raises(InputError, match="left no file"):
        library.episodes.restore([episode_id])


def test_an_edit_after_an_undo_forgets_what_could_be_redone(library: Library) -> None:
    row = add(library)
    library.episodes.label([row.id], notes="one")
    library.episodes.undo()
    library.episodes.label([row.id], notes="two")
    assert library.episodes.redo() is None
    library.episodes.undo()
    assert library.episodes.get(row.id).notes == row.notes


def test_an_edit_that_changes_nothing_is_no_step_of_undo(library: Library) -> None:
    row = add(library, notes="same")
    library.episodes.label([row.id], notes="other")
    assert library.episodes.label([row.id], notes="other").changes == ()
    library.episodes.undo()
    assert library.episodes.get(row.id).notes == "same"


def test_a_file_that_cannot_be_moved_changes_nothing(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [add(library) for _ in range(3)]
    rename = Path.rename

    def refuse(source: Path, target: Path) -> Path:
        if source.stem == rows[2].id:
            raise OSError(30, "Read-only file system")
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(LibraryError, match="Read-only file system"):
        library.episodes.trash([row.id for row in rows])
    assert library.episodes.list().total == 3
    assert all(Path(row.path).exists() for row in rows)


def test_only_trashed_episodes_that_nothing_needs_can_be_purged(library: Library) -> None:
    kept, free = add(library), add(library)
    library.datasets.freeze("mine", EpisodeFilter())
    late = add(library)
    library.episodes.trash([kept.id, late.id])
    with pytest.raises(InputError, match="is not in the trash"):
        library.episodes.purge([free.id])
    with pytest.raises(InputError, match="part of a data set"):
        library.episodes.purge([late.id, kept.id])
    assert library.episodes.purge([late.id]) == 1
    assert list((library.root / "trash").iterdir()) == [Path(library.episodes.get(kept.id).path)]


def test_statistics_by_task_and_operator(library: Library) -> None:
    add(library, task="a", operator="Ada", success=True)
    add(library, task="a", operator="Bob", success=False)
    add(library, task="b", operator="Bob")
    found = library.episodes.statistics()
    assert (found.total.episodes, found.total.successes, found.total.failures, found.total.unlabelled) == (3, 1, 1, 1)
    assert (found.by_task["a"].rate, found.by_task["b"].rate) == (0.5, None)
    assert found.by_operator["Bob"].episodes == 2
    assert library.episodes.statistics(EpisodeFilter(task="b")).total.episodes == 1
    assert library.episodes.statistics(EpisodeFilter(task="none")).total.episodes == 0


def test_a_trim_that_leaves_all_changes_nothing(library: Library) -> None:
    row = add(library, frames=20)
    library.episodes.label([row.id], notes="kept")
    library.episodes.trim(row.id, 0.0, row.duration_s)
    undone = library.episodes.undo()
    assert undone is not None and undone.action == "label"


def test_names_for_completion(library: Library) -> None:
    add(library, task="b", operator="", tags=("x",))
    add(library, task="a", operator="Ada", tags=("x", "y"))
    assert library.episodes.tasks() == ("a", "b")
    assert library.episodes.operators() == ("Ada",)
    assert library.episodes.tags() == ("x", "y")


def test_thumbnails_are_small_kept_and_forgotten(library: Library) -> None:
    row = add(library, frames=9)
    first, middle = library.episodes.thumbnail(row.id), library.episodes.thumbnail(row.id, "middle")
    assert first is not None
    assert middle is not None
    assert first != middle
    assert first[:2] == b"\xff\xd8"
    Path(row.path).rename(library.root / "moved")
    assert library.episodes.thumbnail(row.id) == first
    assert library.episodes.thumbnail(add(library).id) is None


def test_an_episode_that_is_being_recorded_has_no_thumbnail_and_no_warning(
    library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    episode_id, path = library.episodes.begin(metadata(""))
    unfinished(path).write_bytes(b"")
    assert library.episodes.thumbnail(episode_id) is None
    assert not caplog.records


def test_identifiers_sort_by_time() -> None:
    ids = [new_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [each[:10] for each in ids] == sorted(each[:10] for each in ids)


def test_undo_passes_over_what_was_removed_for_good(library: Library) -> None:
    row = add(library)
    library.episodes.label([row.id], notes="x")
    library.episodes.trash([row.id])
    library.episodes.purge([row.id])
    assert library.episodes.undo() is not None
    assert library.episodes.undo() is not None
    assert library.episodes.list().total == 0


def test_the_row_says_what_the_recorder_knew_and_keeps_what_somebody_said_meanwhile(library: Library) -> None:
    asked = metadata(new_id(), rig="", simulated=False, seed=None, notes="asked")
    _, path = library.episodes.begin(asked)
    knew = msgspec.structs.replace(asked, rig="simulated", simulated=True, seed=7)
    recorder = Recorder(path, knew, [camera()], synchronous=True)
    feed(recorder, [camera()], 2)
    library.episodes.label([asked.id], notes="said meanwhile", success=False)
    row = library.episodes.complete(recorder.finish(True))
    assert (row.rig, row.simulated, row.seed) == ("simulated", True, 7)
    assert (row.notes, row.success) == ("said meanwhile", False)
    assert library.episodes.details(row.id).metadata == knew


def test_the_room_that_a_recording_needs_is_learned_from_the_newest_with_the_same_cameras(library: Library) -> None:
    wrist = [camera("wrist")]
    unknown = library.episodes.bytes_per_second([camera()])
    assert unknown == estimated_bytes_per_second([camera()])
    rows = [add(library, frames=40, created_utc_ns=index) for index in range(7)]
    newest = rows[2:]
    measured = sum(row.bytes for row in newest) / sum(row.frames for row in newest) * camera().rate_hz
    assert library.episodes.bytes_per_second([camera()]) == pytest.approx(measured)
    assert library.episodes.bytes_per_second(wrist) == estimated_bytes_per_second(wrist), "other cameras"
    faster = msgspec.structs.replace(camera(), rate_hz=60.0)
    assert library.episodes.bytes_per_second([faster]) == estimated_bytes_per_second([faster])
    library.episodes.trash([row.id for row in rows])
    assert library.episodes.bytes_per_second([camera()]) == unknown


def test_an_old_row_whose_cameras_cannot_be_read_hinders_no_recording(library: Library) -> None:
    whole, odd = add(library, frames=40), add(library, frames=40)
    with library.episodes._catalogue.writing() as connection:
        connection.execute(
            """UPDATE descriptions SET cameras = '[{"role":"right"}]'
            WHERE episode = (SELECT number FROM episodes WHERE id = ?)""",
            (odd.id,),
        )
    measured = whole.bytes / whole.frames * camera().rate_hz
    assert library.episodes.bytes_per_second([camera()]) == pytest.approx(measured)
