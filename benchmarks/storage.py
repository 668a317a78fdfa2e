"""Record four RGBD cameras, 640x480 at 30 Hz, with 200 Hz control: ``python -m benchmarks.storage [SECONDS]``.

Replayed frames, no window and no simulator. Bars: no drop on two cores; saving a 60 s episode under 0.1 s.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from benchmarks.machine import write
from core.clock import monotonic_ns, utc_ns
from core.episodes.recorder import Recorder
from core.geometry import SE3
from core.library import Library, new_id
from core.messages import (
    CameraInfo,
    ControlMode,
    EpisodeMetadata,
    Frame,
    RobotState,
    Setpoint,
    Source,
    Step,
    Truth,
)

ROLES = ("right", "left", "wrist", "overhead")
RATE_HZ = 30.0
CONTROL_HZ = 200.0
WIDTH, HEIGHT = 640, 480
IMAGES = 8
POSE = SE3.translation(0.5, 0.0, 0.4)


def scene(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image pair that compresses as a real camera's does: textured surfaces, sensor noise, holes in the depth."""
    rng = np.random.default_rng(seed)
    texture = rng.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3), dtype=np.uint8)
    rgb = cv2.GaussianBlur(cv2.resize(texture, (WIDTH, HEIGHT)), (0, 0), 2.0).astype(np.float64)
    rgb += rng.normal(0, 2.5, rgb.shape)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    depth = 600 + 0.6 * rows + 30 * (np.hypot(rows - 240, columns - 320) < 90) + rng.normal(0, 1.5, (HEIGHT, WIDTH))
    holes = cv2.GaussianBlur(rng.random((HEIGHT, WIDTH)), (0, 0), 3.0) > 0.545
    return np.clip(rgb, 0, 255).astype(np.uint8), np.where(holes, 0, depth).astype(np.uint16)


def camera(role: str) -> CameraInfo:
    return CameraInfo(role, WIDTH, HEIGHT, RATE_HZ, 533.64, 534.78, 319.41, 236.44, X_WC=POSE.as_tuple())


def step(tick: int) -> Step:
    stamp_ns, pose = monotonic_ns(), POSE.as_tuple()
    state = RobotState(stamp_ns, tick, (0.1,) * 7, (0.01,) * 7, (0.0,) * 7, pose, 0.08, 0.0)
    setpoint = Setpoint(Source.HAND, 1, tick, stamp_ns, tick, pose, 0.08)
    return Step(state, setpoint, pose, (0.1,) * 7, 0.08, ControlMode.TRACKING)


class Feed:
    """Camera threads and a control thread that hand over at their rates, as the station's do."""

    def __init__(self, seconds: float) -> None:
        self._end_ns = 0
        self._seconds = seconds
        self._images = [scene(number) for number in range(IMAGES)]
        self.late_ms: list[float] = []
        self.blocked_ms: list[float] = []

    def run(
        self, take_frame: Callable[[Frame], Any], take_step: Callable[[Step], Any], truth: Callable[[Truth], Any]
    ) -> None:
        begin_ns = monotonic_ns() + 10_000_000
        threads = [threading.Thread(target=self._camera, args=(role, begin_ns, take_frame)) for role in ROLES]
        threads.append(threading.Thread(target=self._control, args=(begin_ns, take_step, truth)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _camera(self, role: str, begin_ns: int, take: Callable[[Frame], Any]) -> None:
        offset_ns = ROLES.index(role) * 8_000_000
        for index in range(int(self._seconds * RATE_HZ)):
            captured_ns = begin_ns + offset_ns + int(index * 1e9 / RATE_HZ)
            wait_until(captured_ns)
            rgb, depth = self._images[(index + ROLES.index(role)) % IMAGES]
            take(Frame(role, index, captured_ns, monotonic_ns(), rgb.copy(), depth.copy(), POSE))

    def _control(self, begin_ns: int, take: Callable[[Step], Any], take_truth: Callable[[Truth], Any]) -> None:
        poses = {"box": POSE.as_tuple()}
        for tick in range(int(self._seconds * CONTROL_HZ)):
            due_ns = begin_ns + int(tick * 1e9 / CONTROL_HZ)
            wait_until(due_ns)
            now_ns = monotonic_ns()
            self.late_ms.append((now_ns - due_ns) / 1e6)
            take(step(tick))
            take_truth(Truth(now_ns, poses))
            self.blocked_ms.append((monotonic_ns() - now_ns) / 1e6)


def wait_until(due_ns: int) -> None:
    time.sleep(max(0.0, (due_ns - monotonic_ns()) / 1e9))


def cpu_s() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


def all_cpu_s() -> float:
    """Processor time of every program since the machine started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - getattr(times, "steal", 0.0))


def record(library: Library, seconds: float, depth_codec: str) -> dict[str, Any]:
    """One recording, its saving, and its first reading."""
    info = EpisodeMetadata(new_id(), "free", utc_ns(), "wall", "replayed frames", simulated=True)
    cameras = [camera(role) for role in ROLES]
    feed = Feed(seconds)
    _, path = library.episodes.begin(info, cameras)
    recorder = Recorder(path, info, cameras, depth_codec=depth_codec)
    before_s, all_before_s = cpu_s(), all_cpu_s()
    feed.run(recorder.frame, recorder.step, recorder.truth)
    used_s, all_used_s = cpu_s() - before_s, all_cpu_s() - all_before_s
    hurried = sum(counters.hurried for counters in recorder.counters().cameras.values())
    begin_ns = monotonic_ns()
    summary = recorder.finish(True)
    file_ms = (monotonic_ns() - begin_ns) / 1e6
    library.episodes.complete(summary)
    saved_ms = (monotonic_ns() - begin_ns) / 1e6
    streams = {stream.topic: stream for stream in summary.streams}
    return {
        "depth_codec": depth_codec,
        "seconds": seconds,
        "frames": summary.frames,
        "steps": summary.steps,
        "dropped": summary.dropped,
        "stored_uncompressed": hurried,
        "gaps": sum(stream.gaps for stream in summary.streams if stream.topic.endswith("rgb")),
        "longest_gap_ms": round(max(stream.longest_gap_ms for stream in summary.streams), 1),
        "cpu_percent_of_one_core": round(100 * used_s / seconds, 1),
        "cpu_percent_of_other_programs": round(100 * max(0.0, all_used_s - used_s) / seconds, 1),
        "megabytes_per_second": round(summary.bytes / seconds / 1e6, 1),
        "rgb_kilobytes_a_frame": round(
            streams["/camera/right/rgb"].bytes / streams["/camera/right/rgb"].frames / 1e3, 1
        ),
        "depth_kilobytes_a_frame": round(
            streams["/camera/right/depth"].bytes / streams["/camera/right/depth"].frames / 1e3, 1
        ),
        "control_late_ms": percentiles(feed.late_ms),
        "handing_over_a_tick_ms": percentiles(feed.blocked_ms),
        "closing_the_file_ms": round(file_ms, 1),
        "saving_ms": round(saved_ms, 1),
        **reading(library, info.id),
    }


def reading(library: Library, episode_id: str) -> dict[str, float]:
    """How long the player waits: opening and all ticks, first and second time; a frame at random."""
    found = {}
    for name in ("first", "second"):
        begin_ns = monotonic_ns()
        with library.episodes.open(episode_id) as reader:
            found[f"{name}_opening_ms"] = round((monotonic_ns() - begin_ns) / 1e6, 1)
            reader.arrays()
            found[f"{name}_opening_and_all_ticks_ms"] = round((monotonic_ns() - begin_ns) / 1e6, 1)
            choose = np.random.default_rng(0)
            begin_ns = monotonic_ns()
            for index in choose.integers(0, reader.frame_count("right"), 50):
                reader.frame("right", int(index))
            found["frame_at_random_ms"] = round((monotonic_ns() - begin_ns) / 50e6, 2)
    return found


def percentiles(values: list[float]) -> dict[str, float]:
    return {f"p{level}": round(float(np.percentile(values, level)), 2) for level in (50, 95, 99, 100)}


def baseline(seconds: float) -> float:
    """CPU of handing over to nobody, percent of one core: what is not the recorder's."""
    feed = Feed(seconds)
    before_s = cpu_s()
    feed.run(lambda frame: None, lambda step: None, lambda truth: None)
    return 100 * (cpu_s() - before_s) / seconds


def main(seconds: float) -> int:
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        idle = round(baseline(5.0), 1)
        runs = [record(library, seconds, "png"), record(library, min(seconds, 20.0), "jxl")]
    figures = {
        "what": f"{len(ROLES)} RGBD cameras {WIDTH}x{HEIGHT} at {RATE_HZ:.0f} Hz, control at {CONTROL_HZ:.0f} Hz",
        "cpu_percent_of_the_feed_alone": idle,
        "runs": runs,
    }
    write("storage", figures, "simplejpeg", "opencv-python-headless", "imagecodecs", "mcap")
    return 1 if any(run["dropped"] for run in runs) or runs[0]["saving_ms"] > 100 else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0))
