"""Room on the disk: what a recording is expected to write, when it may start, and minutes that do not jump."""

import itertools
import json
from pathlib import Path

import pytest

from core.episodes import disk
from core.episodes.recorder import Recorder
from core.errors import EpisodeFileError
from tests.core.episodes.making import camera, frame, metadata

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "results" / "storage.json"
RATE = 20e6


def test_the_estimate_for_new_cameras_is_what_the_storage_benchmark_measured() -> None:
    (measured,) = [run for run in json.loads(BENCHMARK.read_text())["runs"] if run["depth_codec"] == "png"]
    cameras = [camera(role, 640, 480) for role in ("one", "two", "three", "four")]
    assert disk.estimated_bytes_per_second(cameras) == pytest.approx(measured["megabytes_per_second"] * 1e6, rel=0.02)


def test_under_ten_minutes_a_recording_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = disk.RESERVE_BYTES + 600 * RATE
    monkeypatch.setattr(disk, "free_bytes", lambda path: needed - 600e6)
    with pytest.raises(EpisodeFileError, match=r"12\.4 GB free, room for 9\.5 of the 10\.0"):
        disk.check_free_space(tmp_path, RATE)
    monkeypatch.setattr(disk, "free_bytes", lambda path: needed + 1e6)
    assert disk.check_free_space(tmp_path, RATE) == pytest.approx(10.0, abs=0.01)


def test_the_minutes_left_do_not_jump_when_a_recording_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 50_000_000_000
    monkeypatch.setattr("core.episodes.recorder.free_bytes", lambda path: free)
    monkeypatch.setattr("core.episodes.writer.SYNC_PERIOD_NS", 0)
    recorder = Recorder(tmp_path / "one.mcap", metadata("one"), [camera()], synchronous=True, bytes_per_second=RATE)
    before = disk.minutes_left(free, RATE)
    minutes = [recorder.counters().minutes_left]
    for index in range(90):
        recorder.frame(frame(camera(), index))
        minutes.append(recorder.counters().minutes_left)
    recorder.finish()
    minutes.append(recorder.counters().minutes_left)
    assert minutes[0] == pytest.approx(before)
    assert minutes[-1] > before, "it writes much less than was expected"
    steps = [abs(later / earlier - 1) for earlier, later in itertools.pairwise(minutes)]
    assert max(steps) < 0.06


def test_what_is_written_outweighs_what_was_expected_in_time() -> None:
    assert disk.corrected_bytes_per_second(RATE, 0, 0.0) == RATE
    assert disk.corrected_bytes_per_second(RATE, 60 * 10_000_000, 60.0) == pytest.approx(15e6)
    assert disk.corrected_bytes_per_second(RATE, 6000 * 10_000_000, 6000.0) == pytest.approx(10e6, rel=0.02)
