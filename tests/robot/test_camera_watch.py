"""What the window shows of a live camera: rate, drops, gaps and skew."""

import pytest

from robot.camera_watch import CameraWatch
from tests.robot.frames import INFO, frame

PERIOD_NS = 33_333_333


def feed(watch: CameraWatch, indices: list[int], offset_ns: int = 0) -> None:
    for index in indices:
        watch.see(frame(index, 1_000_000_000 + index * PERIOD_NS + offset_ns))


def test_a_lost_frame_is_a_drop_and_a_gap_and_a_late_one_a_gap_alone() -> None:
    watch = CameraWatch(INFO)
    feed(watch, [*range(30), *range(32, 60)])
    watch.see(frame(60, 1_000_000_000 + 63 * PERIOD_NS))
    status = watch.status(1_000_000_000 + 63 * PERIOD_NS)
    assert (status.frames, status.dropped, status.gaps) == (59, 2, 2)
    assert status.longest_gap_ms == pytest.approx(4 * PERIOD_NS / 1e6)
    assert status.skew_ms == 0.0


def test_skew_is_measured_against_the_first_camera() -> None:
    first = CameraWatch(INFO)
    second = CameraWatch(INFO, first)
    now_ns = 1_000_000_000 + 60 * PERIOD_NS
    feed(second, list(range(60)), offset_ns=4_000_000)
    assert second.status(now_ns).skew_ms == 0.0, "nothing to compare with yet"
    feed(first, list(range(60)))
    assert second.status(now_ns).skew_ms == pytest.approx(4.0)
    assert first.status(now_ns).skew_ms == 0.0


def test_only_the_last_two_seconds_count_for_rate_and_skew() -> None:
    first = CameraWatch(INFO)
    second = CameraWatch(INFO, first)
    feed(first, list(range(200)))
    feed(second, list(range(120)), offset_ns=9_000_000)
    feed(second, list(range(121, 200, 2)), offset_ns=2_000_000)
    status = second.status(1_000_000_000 + 200 * PERIOD_NS)
    assert status.rate_hz == pytest.approx(15.0, rel=0.05)
    assert status.skew_ms == pytest.approx(2.0)
