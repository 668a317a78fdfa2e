"""Reading an episode: by time, by index, from the cache, from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.episodes import reader as reader_module
from core.episodes.reader import EpisodeReader
from core.episodes.recorder import Recorder
from core.errors import EpisodeFileError
from tests.core.episodes.making import FRAME_NS, TICK_NS, camera, frame, hand_pose, metadata, record, step

FRAMES = 10


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reader") / "one.mcap"
    record(path, frames=FRAMES)
    return path


def test_a_time_finds_the_newest_frame_captured_by_then(path: Path) -> None:
    with EpisodeReader(path) as reader:
        assert reader.index_at("right", -1) == 0
        assert reader.index_at("right", 3 * FRAME_NS) == 3
        assert reader.index_at("right", 4 * FRAME_NS - 1) == 3
        assert reader.index_at("right", 10**15) == FRAMES - 1


def test_time_zero_is_the_first_stamp(path: Path) -> None:
    with EpisodeReader(path) as reader:
        assert reader.start_ns == 0
        assert reader.end_ns == (FRAMES - 1) * FRAME_NS
        assert reader.duration_s == pytest.approx((FRAMES - 1) / 30)


def test_the_cache_gives_the_same_and_is_not_needed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EpisodeReader(path, tmp_path) as reader:
        first = reader.arrays()
    monkeypatch.setattr(reader_module, "build_table", None)
    monkeypatch.setattr(reader_module, "build_arrays", None)
    with EpisodeReader(path, tmp_path) as reader:
        second = reader.arrays()
        np.testing.assert_array_equal(reader.depth("wrist", 3), frame(camera("wrist"), 3).depth)
        assert reader.events() == []
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_a_stale_or_damaged_cache_is_built_again(path: Path, tmp_path: Path) -> None:
    copy, cache = tmp_path / "one.mcap", tmp_path / "cache"
    copy.write_bytes(path.read_bytes())
    with EpisodeReader(copy, cache) as reader:
        reader.arrays()
    for stored in (cache / "tables").iterdir():
        stored.write_bytes(stored.read_bytes()[: stored.stat().st_size // 2])
    with EpisodeReader(copy, cache) as reader:
        assert len(reader.arrays()["stamp_ns"]) > 0
    copy.unlink()
    record(copy, frames=3)
    with EpisodeReader(copy, cache) as reader:
        assert reader.frame_count("right") == 3


def test_a_cache_that_cannot_be_written_is_no_error(path: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    with EpisodeReader(path, blocked) as reader:
        assert reader.frame_count("right") == FRAMES


def test_threads_may_share_a_reader(path: Path) -> None:
    with EpisodeReader(path) as reader, ThreadPoolExecutor(8) as pool:
        wanted = [(role, index) for role in ("right", "wrist") for index in range(FRAMES)] * 3
        for (role, index), found in zip(wanted, pool.map(lambda each: reader.depth(*each), wanted), strict=True):
            np.testing.assert_array_equal(found, frame(camera(role), index).depth)


def test_a_moving_camera_has_the_pose_of_each_frame(path: Path) -> None:
    with EpisodeReader(path) as reader:
        for index in range(FRAMES):
            expected = camera("wrist").pose(hand_pose(index * FRAME_NS // TICK_NS))
            np.testing.assert_allclose(reader.X_WC("wrist", index).as_array(), expected.as_array(), atol=1e-12)


def test_an_unknown_camera_and_a_frame_beyond_the_end_are_named(path: Path) -> None:
    with EpisodeReader(path) as reader:
        with pytest.raises(EpisodeFileError, match="no camera 'left'; it has: right, wrist"):
            reader.frame("left", 0)
        with pytest.raises(IndexError):
            reader.frame("right", FRAMES)


def test_a_colour_camera_has_no_depth(tmp_path: Path) -> None:
    info = camera()
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [info], synchronous=True)
    colour = frame(info, 0)
    recorder.frame(type(colour)(info.role, 0, 0, 0, colour.rgb, None, colour.X_WC))
    recorder.finish()
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert reader.frame("right", 0).depth is None


def test_a_camera_with_a_role_of_its_own_is_recorded_too(tmp_path: Path) -> None:
    cameras = [camera("overhead"), camera("left"), camera("back")]
    recorder = Recorder(tmp_path / "one.mcap", metadata(), cameras, synchronous=True)
    recorder.step(step(0))
    for info in cameras:
        recorder.frame(frame(info, 5))
    recorder.finish()
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert list(reader.cameras) == ["overhead", "left", "back"]
        for info in cameras:
            np.testing.assert_array_equal(reader.depth(info.role, 0), frame(info, 5).depth)
