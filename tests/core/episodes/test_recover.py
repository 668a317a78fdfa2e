"""Whatever happens to a file, what is intact of it is saved, and nothing is invented."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.episodes.header import EpisodeHeader, unfinished
from core.episodes.reader import EpisodeReader
from core.episodes.recorder import Recorder
from core.episodes.recover import StillRecordingError, is_finished, recover
from core.episodes.scan import FileScan, scan_file
from core.episodes.table import messages_in
from core.episodes.writer import EpisodeWriter
from core.errors import EpisodeFileError
from core.messages import EpisodeSummary, Integrity
from tests.core.episodes.making import FRAME_NS, camera, feed, frame, metadata, record, step

FRAMES = 20


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished episode, not to be changed."""
    path = tmp_path_factory.mktemp("whole") / "one.mcap"
    record(path, frames=FRAMES, disturbed=True)
    return path


def left_by_a_kill(whole: Path, folder: Path, keep: int) -> Path:
    """What is on the disk when the recorder was killed after ``keep`` bytes."""
    part = unfinished(folder / "one.mcap")
    part.write_bytes(whole.read_bytes()[:keep])
    return part


def message_counts(path: Path) -> Counter[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return Counter(message[0] for chunk in FileScan(descriptor) for message in messages_in(chunk.payload))
    finally:
        os.close(descriptor)


def require_frames_are_those_recorded(path: Path) -> list[int]:
    """Every frame in the file is bit for bit one that was recorded; returns which of the right camera there are."""
    with EpisodeReader(path) as reader:
        for role in reader.cameras:
            for position, sequence in enumerate(reader.sequences(role)):
                np.testing.assert_array_equal(
                    reader.depth(role, position), frame(camera(role), int(sequence)).depth, err_msg=f"{role} {sequence}"
                )
        return reader.sequences("right").tolist()


def test_a_kill_loses_nothing_that_was_written(whole: Path, tmp_path: Path) -> None:
    size = whole.stat().st_size
    part = left_by_a_kill(whole, tmp_path, size * 2 // 3)
    before = message_counts(part)
    summary = recover(part, tmp_path / "one.mcap")
    assert summary is not None
    assert summary.integrity == Integrity.RECOVERED
    assert message_counts(tmp_path / "one.mcap") == before
    assert not part.exists()
    frames = require_frames_are_those_recorded(tmp_path / "one.mcap")
    assert frames == list(range(len(frames)))
    assert summary.frames == 2 * len(frames) or summary.frames == 2 * len(frames) - 1


def test_recovering_a_whole_file_keeps_every_message_and_what_was_said_of_it(whole: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(whole, tmp_path / "copy.mcap"))
    with EpisodeReader(whole) as reader:
        written = reader.summary
    found = recover(copy, tmp_path / "one.mcap")
    assert found is not None
    assert written is not None
    assert (found.success, found.disturbed, found.start_poses) == (True, True, written.start_poses)
    same = ("frames", "dropped", "steps", "duration_s", "disturbance", "interventions", "judged")
    assert [getattr(found, name) for name in same] == [getattr(written, name) for name in same]
    assert message_counts(tmp_path / "one.mcap") == message_counts(whole)


def test_a_file_cut_anywhere_is_recovered_up_to_there(whole: Path, tmp_path: Path) -> None:
    size = whole.stat().st_size
    choose = random.Random(1)
    for number, keep in enumerate([0, 5, 40, 700, *(choose.randrange(size) for _ in range(12))]):
        folder = tmp_path / str(number)
        folder.mkdir()
        part = left_by_a_kill(whole, folder, keep)
        before = message_counts(part)
        fallback = EpisodeHeader(metadata("one"), (camera("right"), camera("wrist")), 0)
        summary = recover(part, folder / "one.mcap", fallback)
        assert (summary is None) == (sum(before.values()) == 0)
        if summary is not None:
            assert message_counts(folder / "one.mcap") == before
            require_frames_are_those_recorded(folder / "one.mcap")


def test_flipped_bits_cost_the_chunks_they_are_in_and_no_others(whole: Path, tmp_path: Path) -> None:
    original = message_counts(whole)
    choose = random.Random(2)
    for number in range(12):
        data = bytearray(whole.read_bytes())
        for _ in range(3):
            data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
        path = tmp_path / f"{number}.mcap"
        path.write_bytes(data)
        summary = recover(path, path, EpisodeHeader(metadata("one"), (camera("right"), camera("wrist")), 0))
        assert summary is not None
        found = message_counts(path)
        assert all(found[channel] <= original[channel] for channel in found)
        assert sum((original - found).values()) <= 3 * 60
        frames = require_frames_are_those_recorded(path)
        assert len(frames) >= FRAMES - 3


def test_a_wiped_beginning_is_survived(whole: Path, tmp_path: Path) -> None:
    data = bytearray(whole.read_bytes())
    data[: 64 * 1024] = bytes(64 * 1024)
    path = tmp_path / "one.mcap"
    path.write_bytes(data)
    summary = recover(path, path)
    assert summary is not None
    frames = require_frames_are_those_recorded(path)
    assert frames[-1] == FRAMES - 1
    with EpisodeReader(path) as reader:
        assert reader.metadata.task == "push_box"
        assert reader.stamps("right")[-1] == (FRAMES - 1) * FRAME_NS


def test_the_catalogue_can_say_what_an_episode_was_when_the_file_no_longer_does(whole: Path, tmp_path: Path) -> None:
    part = left_by_a_kill(whole, tmp_path, 200_000)
    data = bytearray(part.read_bytes())
    data[:3000] = bytes(3000)
    part.write_bytes(data)
    with pytest.raises(EpisodeFileError, match="no longer says what it is"):
        recover(part, tmp_path / "one.mcap")
    assert part.exists()
    recover(part, tmp_path / "one.mcap", EpisodeHeader(metadata("one"), (), 99))
    require_frames_are_those_recorded(tmp_path / "one.mcap")
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert {role: (info.width, info.height) for role, info in reader.cameras.items()} == {
            "right": (96, 64),
            "wrist": (96, 64),
        }
        assert reader.arrays()["stamp_ns"][-1] % 5_000_000 == 0
        assert (reader.stamps("right") % FRAME_NS == 0).all()


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [], synchronous=True)
    recorder.step(step(0))
    with pytest.raises(StillRecordingError):
        recover(unfinished(tmp_path / "one.mcap"), tmp_path / "one.mcap")
    recorder.finish()


def test_recovery_that_is_interrupted_keeps_the_original(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = left_by_a_kill(whole, tmp_path, 300_000)
    content = part.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        recover(part, tmp_path / "one.mcap")
    assert [path.name for path in tmp_path.iterdir()] == ["one.mcap.part"]
    assert part.read_bytes() == content


def test_a_file_killed_between_its_last_byte_and_its_name_counts_as_finished(whole: Path, tmp_path: Path) -> None:
    part = left_by_a_kill(whole, tmp_path, whole.stat().st_size)
    assert is_finished(part)
    part.write_bytes(part.read_bytes()[:-1])
    assert not is_finished(part)


def test_scanning_a_whole_file_finds_no_damage(whole: Path) -> None:
    chunks, findings = scan_file(whole)
    assert chunks > FRAMES
    assert findings.damage == []
    assert findings.header is not None
    assert findings.summary is not None


def test_reading_a_damaged_file_names_it_and_says_what_to_do(whole: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(EpisodeFileError, match=r"cut\.mcap is damaged: it has no end.*'episodes recover'"):
        EpisodeReader(cut)
    foreign = tmp_path / "foreign.mcap"
    foreign.write_bytes(b"PK\x03\x04" + bytes(1000))
    with pytest.raises(EpisodeFileError, match="is not an episode file"):
        EpisodeReader(foreign)
    with pytest.raises(EpisodeFileError, match="cannot be opened"):
        EpisodeReader(tmp_path / "absent.mcap")


def test_no_bytes_make_the_reader_fail_otherwise_than_in_words(whole: Path, tmp_path: Path) -> None:
    data = whole.read_bytes()
    path = tmp_path / "broken.mcap"
    choose = random.Random(3)
    for _ in range(60):
        broken = bytearray(data)
        begin = choose.choice([0, len(data) - 3000])
        for _ in range(choose.randrange(1, 30)):
            broken[begin + choose.randrange(3000)] = choose.randrange(256)
        path.write_bytes(broken)
        try:
            with EpisodeReader(path) as reader:
                reader.arrays()
                for index in range(reader.frame_count("right")):
                    reader.frame("right", index)
        except EpisodeFileError as error:
            assert "\n" not in str(error)


def test_one_damaged_frame_does_not_keep_the_others_from_being_read(whole: Path, tmp_path: Path) -> None:
    with EpisodeReader(whole) as reader:
        row = reader._table["/camera/right/rgb"][7]
    data = bytearray(whole.read_bytes())
    data[int(row["offset"]) + 500] ^= 0xFF
    path = tmp_path / "one.mcap"
    path.write_bytes(data)
    with EpisodeReader(path) as reader:
        with pytest.raises(EpisodeFileError, match="check sum of the chunk"):
            reader.rgb("right", 7)
        for index in (6, 8):
            np.testing.assert_array_equal(reader.depth("right", index), frame(camera(), index).depth)
        assert len(reader.arrays()["stamp_ns"]) > 0


def test_a_full_disk_keeps_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = record_until_the_disk_is_full(tmp_path, monkeypatch, closing_fits=True)
    assert (summary.integrity, summary.stop_reason) == (Integrity.CUT, "disk_full")
    frames = require_frames_are_those_recorded(tmp_path / "one.mcap")
    assert frames == list(range(len(frames)))
    assert len(frames) > 2


def test_a_disk_too_full_to_close_the_file_leaves_it_for_recovery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = record_until_the_disk_is_full(tmp_path, monkeypatch, closing_fits=False)
    assert summary.integrity == Integrity.UNFINISHED
    part = Path(summary.path)
    assert part.name == "one.mcap.part"
    before = message_counts(part)
    recovered = recover(part, tmp_path / "one.mcap")
    assert recovered is not None
    assert message_counts(tmp_path / "one.mcap") == before
    assert len(require_frames_are_those_recorded(tmp_path / "one.mcap")) > 2


def record_until_the_disk_is_full(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, closing_fits: bool, capacity: int = 150_000
) -> EpisodeSummary:
    """Record on a disk that, as real ones do, takes a part of the write that fills it and then refuses."""
    written = 0
    write = os.writev
    recorder = Recorder(folder / "one.mcap", metadata("one"), [camera("right"), camera("wrist")], synchronous=True)

    def limited(descriptor: int, parts: list[bytes]) -> int:
        nonlocal written
        size = sum(len(part) for part in parts)
        if written + size > capacity:
            room = max(0, capacity - written)
            if room == 0:
                raise OSError(28, "No space left on device")
            taken = os.write(descriptor, b"".join(bytes(part) for part in parts)[:room])
            written = capacity
            return taken
        written += size
        return write(descriptor, parts)

    monkeypatch.setattr(os, "writev", limited)
    feed(recorder, [camera("right"), camera("wrist")], FRAMES)
    while recorder.counters().error is None and recorder.step(step(999)):
        pass
    assert "No space left" in (recorder.counters().error or "")
    if closing_fits:
        monkeypatch.setattr(os, "writev", write)
    summary = recorder.finish()
    monkeypatch.undo()
    return summary


def test_a_recording_stops_by_itself_before_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.episodes.recorder.free_bytes", lambda path: 900_000_000)
    monkeypatch.setattr("core.episodes.writer.SYNC_PERIOD_NS", 0)
    recorder = Recorder(tmp_path / "one.mcap", metadata("one"), [camera()], synchronous=True)
    index = 0
    while recorder.frame(frame(camera(), index)):
        index += 1
        assert index < 100
    assert recorder.counters().stop_reason == "disk_full"
    summary = recorder.finish()
    assert (summary.integrity, summary.stop_reason) == (Integrity.OK, "disk_full")


def test_the_description_stands_at_both_ends_and_in_between(tmp_path: Path) -> None:
    writer = EpisodeWriter(tmp_path / "one.mcap", metadata("one"), [camera()])
    index = 0
    while writer.size < 400_000:
        taken = frame(camera(), index)
        writer.image(taken, writer.image_chunk(taken, [("/camera/right/rgb", "jpeg", os.urandom(40_000))]))
        index += 1
    writer.leave()
    data = unfinished(tmp_path / "one.mcap").read_bytes()
    assert data.count(b"reticle.episode") == 2
    wiped = bytearray(data)
    wiped[:200_000] = bytes(200_000)
    unfinished(tmp_path / "one.mcap").write_bytes(wiped)
    summary = recover(unfinished(tmp_path / "one.mcap"), tmp_path / "one.mcap")
    assert summary is not None
    assert summary.frames >= 4


def test_summaries_are_plain_messages(whole: Path) -> None:
    with EpisodeReader(whole) as reader:
        assert msgspec.json.decode(msgspec.json.encode(reader.summary), type=EpisodeSummary) == reader.summary
