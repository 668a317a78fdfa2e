"""The station as its parent sees it: real process, real shared memory, real simulator."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
import pytest

from core.clock import monotonic_ns
from core.episodes.reader import EpisodeReader
from core.episodes.recover import recover
from core.errors import StopReason
from core.geometry import SE3
from core.messages import ControlMode, EpisodeMetadata, Source, Step
from core.processes.shared_memory import Bus, Session
from robot import station_messages as messages
from robot.policies.wishes import WISH_TOPIC, PolicyWish
from robot.rig import DEFAULT_RIG
from robot.station_client import StationClient
from tests.robot import station_parent
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

T = TypeVar("T")
EPISODE = "01JA000000000000000000TEST"


class Person:
    """A parent that ticks and drives like a window."""

    def __init__(self, rig: Path, session: Session, task: str = "free") -> None:
        self.events: list[Any] = []
        self.exits: list[int] = []
        spec = messages.StationSpec("", str(rig), task=task)
        self.client = StationClient(spec, session, self.events.append, lambda status, _: self.exits.append(status))
        self.target: SE3 | None = None
        self.width = 0.1
        self.step: Step | None = None
        self.status: messages.StationStatus | None = None
        self.expect(messages.Ready)

    def tick(self) -> None:
        self.client.heartbeat.tick()
        if self.target is not None:
            self.client.publish_setpoint(self.target, self.width)
        self.step = self.client.newest_step() or self.step
        self.status = self.client.newest_status() or self.status

    def until(self, condition: Callable[[], object], timeout_s: float = 20.0) -> bool:
        def ticking() -> object:
            self.tick()
            return condition()

        return wait_for(ticking, timeout_s)

    def expect(self, kind: type[T]) -> T:
        """The next event of a kind, consumed."""
        assert self.until(lambda: any(isinstance(event, kind) for event in self.events)), f"{kind} in {self.events}"
        event = next(event for event in self.events if isinstance(event, kind))
        self.events.remove(event)
        return event

    def drive(self) -> SE3:
        """Take the arm; returns where it is."""
        self.client.take_lease()
        granted = self.expect(messages.LeaseGranted)
        self.target, self.width = SE3.from_array(granted.X_WE), granted.gripper_width_m
        return self.target

    def rearm(self) -> None:
        """Re-arm, again and again until the arm has come to rest."""

        def rearmed() -> bool:
            if any(isinstance(event, messages.Trouble) for event in self.events):
                self.expect(messages.Trouble)
                self.client.send(messages.Rearm())
            return any(isinstance(event, messages.Rearmed) for event in self.events)

        self.client.send(messages.Rearm())
        assert self.until(rearmed), self.events
        self.expect(messages.Rearmed)

    def wait_mode(self, mode: ControlMode) -> None:
        assert self.until(lambda: self.step is not None and self.step.mode is mode), self.step


@pytest.fixture
def person(blind_rig: Path, session: Session) -> Iterator[Person]:
    person = Person(blind_rig, session)
    yield person
    if person.client.child.running:
        assert person.client.close() == 0


def test_a_setpoint_moves_the_hand_there(person: Person) -> None:
    start = person.drive()
    person.wait_mode(ControlMode.TRACKING)
    target = SE3(start.quat_wxyz, start.p + np.array([0.005, 0.0, -0.005]))
    person.target = target
    person.until(lambda: person.step is not None and person.step.state.pose.distance(target)[0] < 5e-4)
    assert person.step is not None
    assert person.step.state.pose.distance(target)[0] < 5e-4
    assert person.step.wanted is not None
    assert person.step.wanted.source is Source.HAND


def test_without_setpoints_the_arm_brakes_and_goes_on_with_the_next(person: Person) -> None:
    target = person.drive()
    person.wait_mode(ControlMode.TRACKING)
    person.target = None
    person.wait_mode(ControlMode.BRAKING)
    person.target = target
    person.wait_mode(ControlMode.TRACKING)
    assert person.status is not None
    assert person.status.stop_reason is None


def test_setpoints_of_another_lease_are_refused_and_counted(person: Person) -> None:
    person.drive()
    bus = Bus(person.client.session, "stranger")
    publisher = bus.message_publisher(WISH_TOPIC)
    elsewhere = SE3.translation(0.6, 0.2, 0.3).as_tuple()

    def refused() -> bool:
        now_ns = monotonic_ns()
        publisher.publish(PolicyWish(99, 1, now_ns, now_ns, 0, now_ns + 10**9, elsewhere, 0.0))
        return person.status is not None and person.status.refused_setpoints > 3

    assert person.until(refused)
    assert person.step is not None
    assert person.step.mode is ControlMode.TRACKING
    assert person.step.state.pose.distance(person.target or SE3.identity())[0] < 1e-3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda pose: SE3(pose.quat_wxyz, np.array([math.nan, 0.0, 0.4])), StopReason.SETPOINT_INVALID),
        (lambda pose: SE3(pose.quat_wxyz, pose.p + np.array([0.2, 0.0, 0.0])), StopReason.SETPOINT_JUMP),
    ],
)
def test_a_bad_setpoint_stops_until_a_person_re_arms(
    person: Person, change: Callable[[SE3], SE3], reason: StopReason
) -> None:
    start = person.drive()
    person.wait_mode(ControlMode.TRACKING)
    person.target = change(start)
    stopped = person.expect(messages.Stopped)
    assert (stopped.reason, stopped.message) == (reason, reason.sentence)
    person.target = None
    person.client.take_lease()
    assert "Re-arm" in person.expect(messages.Trouble).message
    person.rearm()
    assert person.drive().distance(start)[0] < 0.01
    person.wait_mode(ControlMode.TRACKING)


def test_the_stop_command_latches_and_home_is_refused_until_re_armed(person: Person) -> None:
    person.client.send(messages.Stop())
    assert person.expect(messages.Stopped).reason == StopReason.OPERATOR
    person.client.send(messages.Home())
    assert "Re-arm" in person.expect(messages.Trouble).message
    person.rearm()


def test_a_window_that_is_busy_while_nobody_drives_costs_nothing(person: Person) -> None:
    assert person.status is not None or person.until(lambda: person.status is not None)
    person.client.heartbeat.stop()
    first = person.step.state.sequence if person.step is not None else 0
    assert person.until(lambda: person.step is not None and person.step.state.sequence > first + 150)
    assert person.step is not None
    assert person.step.mode is ControlMode.IDLE
    person.client.take_lease()
    assert person.expect(messages.Stopped).reason in (StopReason.HEARTBEAT_LOST, StopReason.WINDOW_FROZEN)


def test_a_command_that_makes_no_sense_is_said_and_ends_nothing(person: Person, tmp_path: Path) -> None:
    person.client.send(messages.Home((0.0,) * 7))
    assert "Home" in person.expect(messages.Trouble).message
    metadata = EpisodeMetadata(EPISODE, "free", 0, "", "")
    person.client.send(messages.StartRecording(str(tmp_path / f"{EPISODE}.mcap"), metadata, depth_codec="none"))
    assert person.expect(messages.RecordingFailed).id == EPISODE
    person.client.send(messages.Replay(str(tmp_path / "nowhere.mcap")))
    person.expect(messages.Trouble)
    person.drive()
    person.wait_mode(ControlMode.TRACKING)


def test_a_scene_reset_takes_the_arm_from_whoever_drives_and_says_so(person: Person) -> None:
    person.drive()
    person.wait_mode(ControlMode.TRACKING)
    person.client.send(messages.ResetScene(3))
    assert person.expect(messages.LeaseLost).lease == 1
    person.expect(messages.SceneReset)
    person.drive()
    person.wait_mode(ControlMode.TRACKING)


def test_a_way_home_that_is_stopped_says_why_at_once_and_no_more_setpoints_come(person: Person) -> None:
    home = person.drive()
    far = SE3(home.quat_wxyz, home.p + np.array([0.03, 0.0, 0.0]))
    person.target = None
    person.client.send(messages.Home(far.as_tuple()))
    person.wait_mode(ControlMode.TRACKING)
    person.client.send(messages.Stop())
    person.expect(messages.Stopped)
    assert person.expect(messages.LeaseLost).reason == StopReason.OPERATOR.sentence
    person.status = None
    assert person.until(lambda: person.status is not None)
    assert person.status is not None
    refused, stamp_ns = person.status.refused_setpoints, person.status.stamp_ns
    assert person.until(lambda: person.status is not None and person.status.stamp_ns > stamp_ns + 2e8)
    assert person.status.refused_setpoints == refused


def test_a_home_that_is_not_reached_says_how_far_it_is(person: Person) -> None:
    home = person.drive()
    person.target = None
    behind = SE3(home.quat_wxyz, np.array([0.10, home.p[1], home.p[2]]))
    person.client.send(messages.Home(behind.as_tuple()))
    notice = person.expect(messages.Notice).message
    assert "did not get home: 170 mm" in notice, "the workspace ends there"
    assert not any(isinstance(event, messages.HomeReached) for event in person.events)
    person.drive()
    person.wait_mode(ControlMode.TRACKING)


def test_an_arm_that_still_moves_is_not_re_armed(person: Person) -> None:
    home = person.drive()
    person.target = None
    far = SE3(home.quat_wxyz, home.p + np.array([0.0, 0.4, 0.0]))
    person.client.send(messages.Home(far.as_tuple()))
    assert person.until(lambda: person.step is not None and max(map(abs, person.step.state.dq)) > 0.1)
    person.client.send(messages.Stop())
    person.client.send(messages.Rearm())
    assert "still moves" in person.expect(messages.Trouble).message
    assert person.until(lambda: person.status is not None and person.status.standstill)
    person.client.send(messages.Rearm())
    person.expect(messages.Rearmed)
    person.drive()
    person.wait_mode(ControlMode.TRACKING)


def test_home_and_its_undo(person: Person) -> None:
    home = person.drive()
    person.target = SE3(home.quat_wxyz, home.p + np.array([0.01, 0.0, 0.0]))
    moved = person.target
    person.until(lambda: person.step is not None and person.step.state.pose.distance(moved)[0] < 5e-4)
    person.target = None
    person.client.send(messages.Home())
    reached = person.expect(messages.HomeReached)
    assert SE3.from_array(reached.previous_X_WE).distance(moved)[0] < 1e-3
    assert person.step is not None
    assert person.until(lambda: person.step is not None and person.step.state.pose.distance(home)[0] < 1e-3)
    person.client.send(messages.Home(reached.previous_X_WE))
    person.expect(messages.HomeReached)
    assert person.until(lambda: person.step is not None and person.step.state.pose.distance(moved)[0] < 1e-3)


def test_an_episode_is_recorded_replayed_and_what_was_wanted_and_sent_are_both_there(
    person: Person, tmp_path: Path
) -> None:
    start = person.drive()
    path = tmp_path / f"{EPISODE}.mcap"
    person.client.send(messages.StartRecording(str(path), EpisodeMetadata(EPISODE, "free", 0, "", "")))
    person.expect(messages.RecordingStarted)
    target = SE3(start.quat_wxyz, start.p + np.array([0.0, 0.01, 0.0]))
    person.target = target
    person.until(lambda: person.step is not None and person.step.state.pose.distance(target)[0] < 3e-4)
    person.client.send(messages.StopRecording(success=True))
    summary = person.expect(messages.RecordingFinished).summary
    assert summary.success is True
    assert summary.integrity == "ok"
    with EpisodeReader(path) as reader:
        arrays = reader.arrays()
    assert len(arrays["stamp_ns"]) == summary.steps
    np.testing.assert_allclose(arrays["wanted_X_WE"][-1], target.as_tuple(), atol=1e-9)
    np.testing.assert_allclose(arrays["sent_X_WE"][-1], target.as_tuple(), atol=1e-3)
    person.target = None
    person.client.send(messages.Replay(str(path)))
    person.expect(messages.ReplayFinished)
    assert person.until(lambda: person.step is not None and person.step.state.pose.distance(target)[0] < 1e-3)


def test_a_replay_in_another_scene_is_refused_and_with_moved_objects_warned_of(person: Person, tmp_path: Path) -> None:
    path = tmp_path / f"{EPISODE}.mcap"
    person.client.send(messages.LoadTask("push_box"))
    person.expect(messages.TaskLoaded)
    person.drive()
    metadata = EpisodeMetadata(EPISODE, "push_box", 0, "", "", seed=0)
    person.client.send(messages.StartRecording(str(path), metadata))
    person.expect(messages.RecordingStarted)
    assert person.until(lambda: person.status is not None and person.status.recording is not None)
    person.client.send(messages.StopRecording())
    person.expect(messages.RecordingFinished)
    person.target = None
    person.client.send(messages.LoadTask("free"))
    person.expect(messages.TaskLoaded)
    person.client.send(messages.Replay(str(path)))
    refusal = person.expect(messages.Trouble)
    assert "load the scene of 'Push the box'" in refusal.message and refusal.task == "push_box"
    person.client.send(messages.LoadTask("push_box"))
    person.expect(messages.TaskLoaded)
    person.client.send(messages.ResetScene(5))
    person.client.send(messages.Replay(str(path)))
    person.expect(messages.ReplayStarted)
    assert "seed 0" in person.expect(messages.Notice).message
    person.expect(messages.ReplayFinished)


def test_a_second_recording_and_a_scene_reset_during_one_are_refused(person: Person, tmp_path: Path) -> None:
    metadata = EpisodeMetadata(EPISODE, "free", 0, "", "")
    person.client.send(messages.StartRecording(str(tmp_path / f"{EPISODE}.mcap"), metadata))
    person.expect(messages.RecordingStarted)
    other = EpisodeMetadata("OTHER", "free", 0, "", "")
    person.client.send(messages.StartRecording(str(tmp_path / "other.mcap"), other))
    failed = person.expect(messages.RecordingFailed)
    assert failed.id == "OTHER"
    assert "already running" in failed.message
    person.client.send(messages.ResetScene(1))
    trouble = person.expect(messages.Trouble)
    assert "Stop the recording" in trouble.message
    assert trouble.command == messages.name_of(messages.ResetScene)
    person.client.send(messages.StopRecording())
    assert person.expect(messages.RecordingFinished).summary.id == EPISODE


def test_cameras_deliver_frames_with_intrinsics_poses_and_depth(session: Session) -> None:
    person = Person(DEFAULT_RIG, session, task="reach_tr")
    readers = {role: person.client.frames(role) for role in ("right", "left", "wrist")}
    for role, reader in readers.items():
        frames: list[Any] = []
        assert person.until(lambda: frames.append(reader.take()) or frames[-1] is not None), role  # noqa: B023
        frame = frames[-1]
        assert frame.rgb.shape == (480, 640, 3)
        assert frame.rgb.std() > 10, "a picture, not a colour"
        assert frame.depth is not None
        assert 300 < np.median(frame.depth[frame.depth > 0]) < 1500
    person.client.send(messages.LoadTask("push_plate"))
    assert person.expect(messages.TaskLoaded).task.name == "push_plate"
    assert person.until(lambda: readers["left"].take() is not None), "cameras go on after a change of scene"
    assert person.client.close() == 0


def _parent(session: Session, rig: Path, episode: Path | str = "") -> tuple[subprocess.Popen[bytes], int]:
    command = [sys.executable, "-m", station_parent.__name__, session.as_text(), str(rig), str(episode)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_frozen_window_stops_the_arm_within_600_ms(
    how: signal.Signals, blind_rig: Path, session: Session, tmp_path: Path
) -> None:
    """Seen from outside, in shared memory: braking, then a latched stop, and with a dead parent a finished file."""
    episode = tmp_path / f"{EPISODE}.mcap"
    parent, station = _parent(session, blind_rig, episode)
    steps = Bus(session, "observer").message_subscriber(messages.STEP_TOPIC, Step)
    seen: list[tuple[int, Step]] = []

    def watch(condition: Callable[[Step], bool]) -> Callable[[], bool]:
        def look() -> bool:
            step = steps.take()
            if step is not None:
                seen.append((monotonic_ns(), step))
            return step is not None and condition(step)

        return look

    assert wait_for(
        watch(lambda step: step.mode is ControlMode.TRACKING and step.wanted is not None and step.wanted.sequence > 20)
    )
    hurt_ns = monotonic_ns()
    os.kill(parent.pid, how)
    assert wait_for(watch(lambda step: step.mode is ControlMode.STOPPED))
    stopped_ns = seen[-1][0]
    assert (stopped_ns - hurt_ns) / 1e6 < 600
    if how is signal.SIGSTOP:
        braking = [stamp for stamp, step in seen if stamp > hurt_ns and step.mode is ControlMode.BRAKING]
        assert braking, "it brakes before it stops"
        assert wait_for(watch(lambda step: max(abs(speed) for speed in step.state.dq) < 0.01))
        os.kill(parent.pid, signal.SIGCONT)
        parent.kill()
    parent.wait()
    assert wait_for(lambda: not psutil.pid_exists(station) or psutil.Process(station).status() == "zombie")
    with EpisodeReader(episode) as reader:
        assert reader.summary is not None
        assert len(reader.arrays()["stamp_ns"]) >= 20


def test_a_killed_station_is_reported_and_its_episode_recovered(person: Person, tmp_path: Path) -> None:
    path = tmp_path / f"{EPISODE}.mcap"
    person.client.send(messages.StartRecording(str(path), EpisodeMetadata(EPISODE, "free", 0, "", "")))
    person.expect(messages.RecordingStarted)
    assert person.until(lambda: person.status is not None and person.status.recording is not None)
    first = person.step
    assert person.until(
        lambda: (
            person.step is not None and first is not None and person.step.state.sequence > first.state.sequence + 200
        )
    )
    person.client.child.kill()
    assert wait_for(lambda: person.exits == [-signal.SIGKILL])
    recover(path.with_name(path.name + ".part"), path)
    with EpisodeReader(path) as reader:
        assert len(reader.arrays()["stamp_ns"]) > 50
    person.client.close()
