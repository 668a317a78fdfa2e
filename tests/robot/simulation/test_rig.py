"""The simulated rig behind the Protocols of real devices: time, frames, resets, drags."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from core.clock import NANOSECONDS, LockstepClock
from core.errors import DeviceError, InputError
from core.geometry import SE3
from core.messages import Disturbance, Frame
from robot.description import GRIPPER_MAX_WIDTH_M, HOME_Q
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.rig import SimulatedRig
from robot.simulation.task import flat_pose

_TICK_NS = 5_000_000


class _HandClock:
    """A wall clock moved by hand."""

    kind = "wall"

    def __init__(self) -> None:
        self.ns = 1_000 * NANOSECONDS

    def now_ns(self) -> int:
        return self.ns

    def wait_until(self, deadline_ns: int) -> None:
        self.ns = max(self.ns, deadline_ns)


def _rig(task: str = "push_box", cameras: tuple[str, ...] = (), **options: object) -> SimulatedRig:
    return SimulatedRig(task, LockstepClock(), cameras=cameras, synchronous=True, **options)


def _advance(rig: SimulatedRig, ticks: int, start_ns: int = 0) -> int:
    now_ns = start_ns
    for _ in range(ticks):
        now_ns += _TICK_NS
        rig.advance(now_ns)
    return now_ns


def test_three_physics_steps_make_a_control_tick() -> None:
    rig = _rig()
    rig.advance(0)
    for tick in range(1, 50):
        rig.advance(tick * _TICK_NS)
        assert rig.world.steps == 3 * tick
        assert rig.arm.read().stamp_ns == tick * _TICK_NS


def test_a_world_that_is_late_skips_what_it_missed() -> None:
    clock = _HandClock()
    rig = SimulatedRig("reach_t", clock, cameras=(), synchronous=True)
    rig.advance(clock.now_ns())
    clock.ns += 3 * NANOSECONDS
    rig.advance(clock.now_ns())
    assert rig.world.steps == 60
    assert rig.skipped_ns == 3 * NANOSECONDS - NANOSECONDS // 10
    assert 0 <= clock.now_ns() - rig.stamp_ns < 2_000_000


def test_frames_come_at_their_rate_with_the_moment_they_show() -> None:
    frames: list[Frame] = []
    rig = _rig("reach_t", ("right", "wrist"))
    for camera in rig.cameras:
        camera.start(frames.append)
    rig.advance(0)
    _advance(rig, 40)
    rig.close()
    right = [frame for frame in frames if frame.role == "right"]
    assert [frame.sequence for frame in right] == list(range(7))
    assert [frame.capture_ns for frame in right] == [k * 20 * NANOSECONDS // 600 for k in range(7)]
    assert len(frames) == 2 * len(right)
    assert right[0].rgb.shape == (480, 640, 3)
    assert right[0].depth is not None
    assert right[0].depth.dtype == np.uint16
    assert rig.camera("right").info.pose(rig.world.X_WE).distance(right[0].X_WC)[0] < 1e-6


@pytest.mark.parametrize(("rate_hz", "frames_in_a_second"), [(30.0, 30), (10.0, 10), (60.0, 60), (7.0, 7)])
def test_other_rates_are_rounded_to_whole_steps(rate_hz: float, frames_in_a_second: int) -> None:
    rig = _rig("reach_t", ("left",), rate_hz=rate_hz)
    info = rig.camera("left").info
    assert info.rate_hz == pytest.approx(rate_hz, rel=0.02)
    assert round(info.rate_hz) == frames_in_a_second


def test_the_wrist_camera_moves_with_the_hand() -> None:
    frames: list[Frame] = []
    rig = _rig("reach_t", ("wrist",))
    rig.camera("wrist").start(frames.append)
    rig.advance(0)
    rig.arm.command(HOME_Q + 0.05)
    _advance(rig, 14)
    rig.close()
    assert frames[0].X_WC.distance(frames[-1].X_WC)[0] > 0.01
    assert rig.camera("wrist").info.pose(rig.world.X_WE).distance(frames[-1].X_WC)[0] < 1e-3


def test_live_frames_come_from_a_thread_and_a_superseded_one_leaves_a_hole() -> None:
    clock = _HandClock()
    rig = SimulatedRig("reach_t", clock, cameras=("right",), synchronous=False)
    drawing, go_on, enough = threading.Event(), threading.Event(), threading.Event()
    sequences: list[int] = []

    def deliver(frame: Frame) -> None:
        sequences.append(frame.sequence)
        drawing.set()
        go_on.wait(20)
        if len(sequences) == 2:
            enough.set()

    rig.camera("right").start(deliver)
    rig.advance(clock.ns)
    assert drawing.wait(20)
    for _ in range(20):
        clock.ns += _TICK_NS
        rig.advance(clock.ns)
    go_on.set()
    assert enough.wait(20)
    rig.close()
    assert sequences[:2] == [0, 3]
    assert rig.superseded_frames == 2


def _trajectory(seed: int) -> list[bytes]:
    """Push-box states while the arm swings through the box, with scripted pulses."""
    rig = _rig()
    rig.reset(seed)
    rig.begin_episode(disturbances=True)
    rig.advance(0)
    states = []
    q = rig.world.q
    for tick in range(1, 600):
        rig.arm.command(q + 0.3 * np.sin(tick * 0.01) * np.array([1, 0, 0, 0, 0, 0, 0]))
        rig.advance(tick * _TICK_NS)
        states.append(rig.world.data.qpos.tobytes() + rig.world.data.qvel.tobytes())
    return states


def test_same_seed_gives_bit_identical_states() -> None:
    first = _trajectory(5)
    assert first == _trajectory(5)
    assert first != _trajectory(6)


def test_an_episode_does_not_depend_on_the_ones_before() -> None:
    rig = _rig()
    rig.advance(0)
    ends = []
    now_ns = 0
    for seed in (3, 9, 3):
        rig.reset(seed)
        rig.begin_episode(disturbances=True)
        now_ns = _advance(rig, 300, now_ns)
        ends.append(rig.world.data.qpos.tobytes())
    assert ends[0] == ends[2] != ends[1]


def test_scripted_pulses_are_marked_and_end_with_the_episode() -> None:
    rig = _rig()
    rig.reset(1)
    rig.begin_episode(disturbances=True)
    rig.advance(0)
    seen = set()
    now_ns = 0
    for _ in range(1600):
        now_ns = _advance(rig, 1, now_ns)
        seen.add(rig.disturbance())
    assert seen == {Disturbance.NONE, Disturbance.SCRIPTED}
    rig.end_episode()
    assert rig.disturbance() is Disturbance.NONE


def test_nothing_pushes_when_disturbances_are_off() -> None:
    rig = _rig()
    rig.reset(1)
    rig.begin_episode(disturbances=False)
    rig.advance(0)
    before = rig.truth().X_WO["sugar_box"]
    _advance(rig, 1600)
    assert SE3.from_array(rig.truth().X_WO["sugar_box"]).distance(SE3.from_array(before))[0] < 1e-3


def test_dragging_pulls_the_thing_and_is_marked_as_manual() -> None:
    rig = _rig()
    rig.advance(0)
    box = SE3.from_array(rig.truth().X_WO["sugar_box"])
    eye = np.array([box.p[0], box.p[1], 1.0])
    down = (0.0, 0.0, -1.0)
    assert rig.drag_begin(tuple(eye), down) == "sugar_box"
    assert rig.disturbance() is Disturbance.MANUAL
    now_ns = 0
    for k in range(300):
        rig.drag_move((eye[0], eye[1] + min(0.1, 0.001 * k), eye[2]), down)
        now_ns = _advance(rig, 1, now_ns)
    moved = SE3.from_array(rig.truth().X_WO["sugar_box"]).p - box.p
    assert moved[1] == pytest.approx(0.1, abs=0.03)
    rig.drag_end()
    assert rig.disturbance() is Disturbance.NONE
    assert rig.drag_begin((0.3, 0.5, 1.0), down) is None


def test_loading_another_task_changes_the_scene_and_keeps_the_devices() -> None:
    frames: list[Frame] = []
    rig = _rig("reach_t", ("right",))
    arm = rig.arm
    rig.camera("right").start(frames.append)
    rig.advance(0)
    rig.load_task("free", ["light"])
    assert rig.info.name == "free"
    assert set(rig.truth().X_WO) == set(rig.info.objects)
    assert rig.gripper.read().width_m == pytest.approx(GRIPPER_MAX_WIDTH_M)
    _advance(rig, 7)
    rig.close()
    assert rig.arm is arm
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    assert not np.array_equal(frames[0].rgb, frames[1].rgb)


def test_wrong_names_say_what_there_is() -> None:
    with pytest.raises(InputError, match=r"no task 'dance'.*push_box"):
        _rig("dance")
    with pytest.raises(InputError, match=r"no simulated camera 'rear'.*right, left, wrist"):
        _rig("reach_t", ("rear",))
    with pytest.raises(InputError, match=r"'fog'.*light, background, clutter, occlusion"):
        _rig(visuals=("fog",))
    with pytest.raises(InputError, match="'exam'; choose train or test"):
        _rig().reset(0, "exam")


def test_commands_that_are_not_numbers_are_refused() -> None:
    rig = _rig()
    with pytest.raises(DeviceError, match="seven finite"):
        rig.arm.command(np.full(7, np.nan))
    with pytest.raises(DeviceError, match="finite"):
        rig.gripper.command(float("nan"), 10.0)


def test_a_slower_camera_takes_every_second_picture_and_counts_its_own() -> None:
    clock = LockstepClock()
    rig = SimulatedRig(
        "free", clock, cameras=("right", "wrist"), rate_hz={"right": 30.0, "wrist": 15.0}, synchronous=True
    )
    seen: dict[str, list[Frame]] = {"right": [], "wrist": []}
    for camera in rig.cameras:
        camera.start(seen[camera.info.role].append)
    for _ in range(81):
        rig.advance(clock.now_ns())
        clock.wait_until(clock.now_ns() + 5_000_000)
    rig.close()
    assert [camera.info.rate_hz for camera in rig.cameras] == [30.0, 15.0]
    assert [frame.sequence for frame in seen["right"]] == list(range(13))
    assert [frame.sequence for frame in seen["wrist"]] == list(range(7))
    assert {frame.capture_ns for frame in seen["wrist"]} < {frame.capture_ns for frame in seen["right"]}


def test_a_person_is_judged_without_a_time_limit() -> None:
    clock = LockstepClock()
    rig = SimulatedRig("reach_t", clock, cameras=(), synchronous=True)
    rig.begin_episode(disturbances=False, timed=False)
    clock.wait_until(round((rig.info.time_limit_s + 1.0) * 1e9))
    rig.advance(0)
    rig.advance(clock.now_ns())
    assert not rig.finished()


def test_a_camera_sees_an_object_whole_or_not() -> None:
    rig = _rig("reach_tr")
    seen = {}
    for y in (0.0, 0.2, -0.3):
        rig.world.reset(HOME_Q, 0.0, {"sugar_box": flat_pose(0.65, y, SUGAR_BOX.rest_z_m)})
        seen[y] = (rig.in_view("right"), rig.in_view("left"))
    assert seen == {0.0: (True, True), 0.2: (True, False), -0.3: (False, True)}, "the right one looks at y > 0"
