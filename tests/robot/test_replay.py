"""Trajectories: how a replay and a home move."""

import numpy as np
import pytest

from core.clock import LockstepClock
from core.errors import InputError
from core.geometry import SE3
from core.messages import Source
from robot.replay import ARRIVAL_LIMIT_S, STUCK_S, Trajectory, TrajectorySource

START = SE3.of([0.0, 0.0, 1.0, 0.0], [0.5, 0.0, 0.4])
END = SE3.of([0.0, 0.0, 1.0, 0.0], [0.6, 0.1, 0.2])


def test_a_straight_line_keeps_its_speed_and_ends_at_its_end() -> None:
    line = Trajectory.straight(START, END, 0.08, speed_m_s=0.2, speed_rad_s=0.5)
    times_s = np.arange(0.0, line.times_s[-1], 0.01)
    points = np.array([line.sample(time_s)[0].p for time_s in times_s])
    speeds = np.linalg.norm(np.diff(points, axis=0), axis=1) / 0.01
    assert speeds.max() == pytest.approx(0.2, rel=0.02)
    pose, width = line.sample(line.times_s[-1])
    assert pose.distance(END)[0] < 1e-9
    assert width == pytest.approx(0.08)


def test_a_recording_is_approached_first_and_then_followed() -> None:
    ticks = 400
    stamps = 7_000_000_000 + np.arange(ticks) * 5_000_000
    poses = np.array([START.interpolate(END, k / (ticks - 1)).as_array() for k in range(ticks)])
    arrays = {"stamp_ns": stamps, "sent_X_WE": poses, "sent_gripper_width_m": np.linspace(0.1, 0.0, ticks)}
    recorded = Trajectory.recorded(arrays)
    assert recorded.times_s[0] == 0.0
    assert recorded.times_s[-1] == pytest.approx(1.995, abs=0.001)
    elsewhere = SE3.of([0.0, 0.0, 1.0, 0.0], [0.5, -0.2, 0.4])
    whole = recorded.after(Trajectory.straight(elsewhere, START, 0.1, 0.1, 0.5))
    assert whole.sample(0.0)[0].distance(elsewhere)[0] < 1e-9
    assert whole.sample(whole.times_s[-1])[0].distance(END)[0] < 2e-3
    assert (np.diff(whole.times_s) > 0).all()


def test_an_episode_without_setpoints_cannot_be_replayed() -> None:
    empty = {
        "stamp_ns": np.arange(3),
        "sent_X_WE": np.full((3, 7), np.nan),
        "sent_gripper_width_m": np.full(3, np.nan),
    }
    with pytest.raises(InputError, match="no setpoints"):
        Trajectory.recorded(empty)


class Whereabouts:
    """Where the arm stands, or None while it moves."""

    def __init__(self, pose: SE3 | None) -> None:
        self.pose = pose

    @property
    def standstill(self) -> bool:
        return self.pose is not None

    def stands_at(self, pose: SE3) -> bool:
        return self.pose is not None and self.pose.distance(pose)[0] < 1e-3


def playing(arm: Whereabouts) -> tuple[LockstepClock, TrajectorySource, int]:
    """A source at twice the speed, its clock and the stamp of its trajectory's end."""
    clock = LockstepClock()
    line = Trajectory.straight(START, END, 0.08, speed_m_s=0.2, speed_rad_s=0.5)
    source = TrajectorySource(line, clock, Source.REPLAY, -3, arm, speed=2.0)
    return clock, source, round(line.times_s[-1] / 2 * 1e9)


def test_a_source_plays_on_its_clock_and_holds_its_end_until_the_arm_stands_there() -> None:
    arm = Whereabouts(END)
    clock, source, end_ns = playing(arm)
    first = source.take()
    assert (first.source, first.lease, first.sequence) == (Source.REPLAY, -3, 1)
    assert first.pose.distance(START)[0] < 1e-9
    clock.wait_until(end_ns - 10_000_000)
    assert not source.finished, "a path that begins at its end is not over before it was gone"
    arm.pose = None
    clock.wait_until(end_ns + 1_000_000_000)
    assert not source.finished
    assert source.take().pose.distance(END)[0] < 1e-9
    arm.pose = END
    assert source.finished
    assert source.arrived


def test_a_source_whose_arm_never_gets_there_ends_in_bounded_time() -> None:
    clock, source, end_ns = playing(Whereabouts(None))
    play(clock, source, end_ns + round(ARRIVAL_LIMIT_S * 1e9) - 10_000_000)
    assert not source.finished
    play(clock, source, end_ns + round(ARRIVAL_LIMIT_S * 1e9) + 10_000_000)
    assert source.finished
    assert not source.arrived


def play(clock: LockstepClock, source: TrajectorySource, until_ns: int) -> None:
    while clock.now_ns() < until_ns:
        clock.wait_until(min(clock.now_ns() + 5_000_000, until_ns))
        source.take()


def test_a_source_whose_arm_stands_elsewhere_ends_soon_after_its_path_and_not_before() -> None:
    arm = Whereabouts(START)
    clock, source, end_ns = playing(arm)
    stuck_ns = round(STUCK_S * 1e9)
    play(clock, source, end_ns + stuck_ns - 10_000_000)
    assert not source.finished
    arm.pose = None
    play(clock, source, end_ns + 2 * stuck_ns)
    assert not source.finished, "a slow arm is given time while it moves"
    arm.pose = START
    play(clock, source, end_ns + 3 * stuck_ns + 10_000_000)
    assert source.finished
    assert not source.arrived


class _SlowClock:
    """Every look at it takes 30 ms."""

    kind = "wall"

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        self._now_ns += 30_000_000
        return self._now_ns

    def wait_until(self, deadline_ns: int) -> None:
        self._now_ns = max(self._now_ns, deadline_ns)


def test_a_setpoint_is_stamped_with_the_time_it_is_for() -> None:
    """Else a busy machine would make a jump of it: further than its stamp allows."""
    line = Trajectory.straight(START, END, 0.1, 0.1, 0.5)
    source = TrajectorySource(line, _SlowClock(), Source.HOME, 1, Whereabouts(None))
    start_ns = 30_000_000
    for _ in range(5):
        setpoint = source.take()
        assert setpoint.pose.distance(line.sample((setpoint.stamp_ns - start_ns) / 1e9)[0])[0] < 1e-12
