"""How late devices are is found from a motion that they saw, kept beside the rig file, and taken off the stamps."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from commands.common import run_app
from core.clock import LockstepClock, monotonic_ns
from core.episodes.reader import EpisodeReader
from core.episodes.recorder import Recorder
from core.errors import InputError
from core.geometry import SE3
from core.library import Library, new_id
from core.messages import CameraInfo, EpisodeMetadata, Floats, Frame, RobotState, Setpoint, Source
from main import app
from robot.alignment import PoseHistory, aligned
from robot.assembly import Devices, assemble
from robot.calibration.latency import Signal, image_lag, lag, measure, rates
from robot.calibration.stored import Latencies, latency_file, load_latencies, store_latencies
from robot.control_loop import ControlLoop
from robot.rig import DEFAULT_RIG, load_rig
from tests.robot.lcm.conftest import rig_file

LATE_S = 0.060
STATES_HZ = 200.0


def wave(t_s: np.ndarray | float) -> np.ndarray:
    """A lively motion that never repeats, ``(..., 3)`` in metres."""
    t = np.asarray(t_s)
    return 0.04 * np.stack(
        [np.sin(2.1 * t) + 0.6 * np.sin(4.7 * t + 1.0), np.sin(3.3 * t), 0.5 * np.sin(2.9 * t + 2.0)], axis=-1
    )


@pytest.mark.parametrize("late_s", [-0.031, 0.0, 0.0473, 0.210])
def test_a_lag_is_found_to_the_millisecond_whatever_the_rates(late_s: float) -> None:
    fast, slow = np.arange(0.0, 6.0, 0.005), np.arange(0.0, 6.0, 1 / 30)
    found = lag("the arm", rates(fast, wave(fast)), rates(slow, wave(slow - late_s)))
    assert found.latency_s == pytest.approx(late_s, abs=0.0015)
    assert found.correlation > 0.98


def test_what_does_not_follow_the_motion_is_refused() -> None:
    t = np.arange(0.0, 6.0, 0.005)
    noise = Signal(t, np.random.default_rng(0).normal(size=(len(t), 3)))
    with pytest.raises(InputError, match="What the arm saw does not follow"):
        lag("the arm", rates(t, wave(t)), noise)
    flicker = Signal(t[::6], np.abs(noise.values[::6, :1]))
    with pytest.raises(InputError, match="What the left camera saw does not follow"):
        image_lag("the left camera", rates(t, wave(t)), flicker)
    with pytest.raises(InputError, match="ten seconds"):
        lag("the arm", rates(t[:200], wave(t[:200])), rates(t[:200], wave(t[:200])))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A library with an episode of a waved hand, whose camera is late, and the episode's identifier."""
    root = tmp_path_factory.mktemp("waved")
    with Library.open(root) as opened:
        metadata = EpisodeMetadata(new_id(), "free", 10**18, "lockstep", "lcm")
        clock = LockstepClock()
        devices = assemble(load_rig(), clock, task="free", cameras=("right",), rate_hz=20.0, synchronous=True)
        infos = [camera.info for camera in devices.cameras]
        _, path = opened.episodes.begin(metadata, infos)
        recorder = Recorder(path, metadata, infos, synchronous=True, start_ns=0)
        drive(devices, clock, recorder)
        opened.episodes.complete(recorder.finish(None))
    yield root, metadata.id


def drive(devices: Devices, clock: LockstepClock, recorder: Recorder) -> None:
    """Wave the hand for five seconds of simulated time."""
    waving, late_ns = Waving(clock), round(LATE_S * 1e9)
    loop = ControlLoop(load_rig(), devices.arm, devices.gripper, clock, {Source.EXPERT: waving})
    waving.start = loop.start().pose
    assert devices.scene is not None
    devices.cameras[0].start(
        lambda frame: recorder.frame(dataclasses.replace(frame, capture_ns=frame.capture_ns + late_ns))
    )
    loop.grant(Source.EXPERT, 1)
    for tick in range(1000):
        clock.wait_until(tick * loop.period_ns)
        devices.scene.advance(clock.now_ns())
        recorder.step(loop.tick())
    assert loop.stop_reason is None
    devices.scene.close()


class Waving:
    """Asks for the wave, from where the hand is."""

    def __init__(self, clock: LockstepClock) -> None:
        self._clock = clock
        self.start = SE3.identity()

    def take(self) -> Setpoint:
        t_s = self._clock.now_ns() / 1e9
        p = self.start.p + wave(t_s) - wave(0.0)
        return Setpoint(Source.EXPERT, 1, 1, self._clock.now_ns(), 0, SE3(self.start.quat_wxyz, p).as_tuple(), 0.08)


def test_a_late_camera_is_found_out_from_its_images(library: tuple[Path, str]) -> None:
    root, episode = library
    with EpisodeReader(root / "episodes" / f"{episode}.mcap") as reader:
        found = {one.device: one for one in measure(reader)}
    assert found["the right camera"].latency_s == pytest.approx(LATE_S, abs=0.012)
    assert 0.0 <= found["the arm"].latency_s < 0.02


def test_the_command_keeps_what_it_found_with_the_rig(
    library: tuple[Path, str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    root, episode = library
    rig = rig_file(tmp_path, "udpm://239.255.76.67:7999?ttl=0")
    words = ["latency", episode, "--store", "--json", "--library", str(root)]
    assert run_app(app, [*words, "--rig", str(DEFAULT_RIG)]) == 2
    assert run_app(app, [*words, "--rig", str(rig)]) == 0
    told = json.loads(capfdbinary.readouterr().out)
    assert told["stored"] == str(latency_file(rig))
    assert load_latencies(rig).of_camera("right") == pytest.approx(LATE_S, abs=0.012)
    assert load_latencies(rig).of_camera("left") == 0.0
    assert run_app(app, [*words, "--rig", str(rig)]) == 2, "the same episode does not count twice"


def test_latencies_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    rig = tmp_path / "rig.toml"
    store_latencies(rig, Latencies({"the right camera": 0.03}))
    assert load_latencies(rig).of_camera("right") == 0.03
    latency_file(rig).write_text("{")
    with pytest.raises(InputError, match=r"rig\.latency\.json"):
        load_latencies(rig)


def state(stamp_ns: int, x_m: float) -> RobotState:
    still = (0.0,) * 7
    return RobotState(stamp_ns, 0, still, still, still, SE3.translation(x_m, 0.0, 0.0).as_tuple(), 0.0, 0.0)


def frame(capture_ns: int) -> Frame:
    return Frame("wrist", 1, capture_ns, monotonic_ns(), np.zeros((2, 2, 3), np.uint8), None, SE3.identity())


def camera(X_WC: Floats | None, X_EC: Floats | None) -> CameraInfo:
    return CameraInfo("wrist", 2, 2, 30.0, 1.0, 1.0, 0.5, 0.5, X_WC=X_WC, X_EC=X_EC)


def test_a_camera_on_the_hand_is_where_the_hand_was_when_the_picture_was_taken() -> None:
    hand, got = PoseHistory(), []
    for k in range(10):
        hand.see(state(k * 5_000_000, 0.01 * k))
    X_EC = SE3.translation(0.0, 0.0, 0.1).as_tuple()
    aligned(camera(None, X_EC), 0.020, hand, got.append)(frame(42_500_000))
    assert got[0].capture_ns == 22_500_000
    assert got[0].X_WC.p == pytest.approx((0.045, 0.0, 0.1))
    aligned(camera(None, X_EC), 0.0, hand, got.append)(frame(10**9))
    assert got[1].X_WC.p == pytest.approx((0.09, 0.0, 0.1)), "of the nearest state"


def test_a_fixed_camera_keeps_its_place() -> None:
    got: list[Frame] = []
    fixed = SE3.identity().as_tuple()
    aligned(camera(fixed, None), 0.020, PoseHistory(), got.append)(frame(42_500_000))
    assert got[0].capture_ns == 22_500_000
    assert got[0].X_WC.as_tuple() == fixed
    assert msgspec.structs.asdict(camera(fixed, None))["X_EC"] is None
