"""The guards over a policy that drives, one by one, without a process: stale, late, not a number, a jump, too fast."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from core.clock import LockstepClock
from core.errors import InputError, ReticleError, StopReason
from core.geometry import SE3
from core.messages import CameraInfo, ControlMode, Frame, RobotState, Source, Step, Truth
from core.processes.channel import Channel
from core.processes.shared_memory import Bus, Session
from core.representations import REPRESENTATIONS
from core.representations.live_object_state import object_publisher
from robot.control_loop import ControlLoop
from robot.policies.observing import Observation, Observer
from robot.policies.wishes import PolicyWish, WishSource
from robot.rig import load_rig
from robot.station_messages import STEP_TOPIC, GrantPolicy, frame_topic
from robot.station_policy import StationPolicy
from tests.robot.test_control_loop import Arm, Gripper
from tests.waiting import wait_for

MS = 1_000_000
RATE_HZ = 10.0
CAMERA = CameraInfo("right", 8, 6, 30.0, 10.0, 10.0, 3.5, 2.5, X_WC=SE3.identity().as_tuple())


class Wishes:
    """What a policy's process would have published."""

    def __init__(self) -> None:
        self.newest: PolicyWish | None = None

    def take(self) -> PolicyWish | None:
        newest, self.newest = self.newest, None
        return newest


class Driven:
    """A control loop that a policy has the arm of, in simulated time."""

    def __init__(self) -> None:
        self.clock, self.wishes = LockstepClock(), Wishes()
        self.stopped: list[StopReason] = []
        config = load_rig()
        self.loop = ControlLoop(config, Arm(), Gripper(), self.clock, {}, self.stopped.append)
        self.loop.start()
        self.source = WishSource(self.wishes, self.loop, self.clock, config.watchdogs)
        self.loop.add_source(Source.POLICY, self.source, self.source.watch)
        self.start, _ = self.loop.grant(Source.POLICY, 1)
        self.source.granted(1, RATE_HZ)

    def wish(self, ahead_m: float, *, lease: int = 1, due_ms: int = 1000, fault: str = "") -> None:
        now_ns = self.clock.now_ns()
        pose = SE3(self.start.quat_wxyz, self.start.p + np.array([ahead_m, 0.0, 0.0])).as_tuple()
        self.wishes.newest = PolicyWish(lease, 1, now_ns, now_ns, 7, now_ns + due_ms * MS, pose, 0.1, fault)

    def tick(self, until_ms: int) -> Step:
        """Tick up to that time; the last step."""
        while True:
            step = self.loop.tick()
            if self.clock.now_ns() >= until_ms * MS:
                return step
            self.clock.wait_until(self.clock.now_ns() + self.loop.period_ns)


def test_the_setpoint_arrives_when_the_wish_is_due_and_says_what_it_was_observed_from() -> None:
    driven = Driven()
    driven.tick(40)
    driven.wish(0.02, due_ms=160)
    halfway = driven.tick(120).wanted
    assert halfway is not None
    assert halfway.pose.distance(driven.start)[0] == pytest.approx(0.01, abs=1e-4)
    assert halfway.observation_sequence == 7
    arrived = driven.tick(205).wanted
    assert arrived is not None
    assert arrived.pose.distance(driven.start)[0] == pytest.approx(0.02)


def test_a_wish_whose_moment_has_passed_is_not_followed() -> None:
    driven = Driven()
    driven.wish(0.02, due_ms=-1)
    assert driven.tick(20).wanted is None
    assert driven.tick(1100).mode is ControlMode.STOPPED
    assert driven.stopped == [StopReason.POLICY_DEADLINE]


@pytest.mark.parametrize(
    ("ahead_m", "fault", "reason"),
    [
        (math.nan, "", StopReason.SETPOINT_INVALID),
        (0.6, "", StopReason.SETPOINT_JUMP),
        (0.0, StopReason.OBSERVATION_STALE, StopReason.OBSERVATION_STALE),
        (0.0, StopReason.OBSERVATION_SKEWED, StopReason.OBSERVATION_SKEWED),
        (0.0, "nonsense", StopReason.SETPOINT_INVALID),
    ],
)
def test_what_must_not_be_followed_stops_the_arm_on_the_next_tick(
    ahead_m: float, fault: str, reason: StopReason
) -> None:
    driven = Driven()
    driven.wish(0.01)
    driven.tick(20)
    driven.wish(ahead_m, fault=fault)
    step = driven.tick(25)
    assert (step.mode, driven.stopped) == (ControlMode.STOPPED, [reason])
    assert np.isfinite(step.sent_X_WE).all()


def test_one_missed_deadline_holds_and_three_in_a_row_stop() -> None:
    driven = Driven()
    driven.wish(0.01)
    assert driven.tick(195).mode is ControlMode.TRACKING
    assert driven.tick(210).mode is ControlMode.BRAKING
    driven.wish(0.01)
    assert driven.tick(220).mode is ControlMode.TRACKING
    assert driven.tick(605).mode is ControlMode.BRAKING
    assert driven.tick(625).mode is ControlMode.STOPPED
    assert driven.stopped == [StopReason.POLICY_DEADLINE]


def test_wishes_of_another_lease_are_refused_and_counted() -> None:
    driven = Driven()
    driven.wish(0.01, lease=2)
    assert driven.tick(5).wanted is None
    driven.loop.grant(Source.HAND, 3)
    driven.wish(0.01, lease=1)
    assert driven.tick(10).wanted is None
    assert driven.loop.refused_setpoints == 2


def test_the_first_attempts_on_a_real_rig_are_slow_and_whoever_has_the_arm_keeps_it(session: Session) -> None:
    class Control:
        def call(self, deed):  # type: ignore[no-untyped-def]
            return deed()

        def tell_objects(self, publisher: object) -> None: ...

    clock, real = LockstepClock(), msgspec.structs.replace(load_rig(), simulated=False)
    loop = ControlLoop(real, Arm(), Gripper(), clock, {})
    loop.start()
    policy = StationPolicy(Channel(0, 0), real, loop, Control(), Bus(session, "test"), clock)  # type: ignore[arg-type]
    shares = []
    for command in (GrantPolicy(1, 10.0), GrantPolicy(2, 10.0, tried=3), GrantPolicy(3, 10.0, speed=0.5, tried=3)):
        policy.grant(command)
        shares.append(loop.speed_share)
    assert shares == pytest.approx([0.4, 1.0, 0.5])
    with pytest.raises(InputError, match="is real; deploy one that sees images"):
        policy.grant(GrantPolicy(4, 10.0, told=True))
    with pytest.raises(InputError, match="speed over 0 and at most 1"):
        policy.grant(GrantPolicy(4, 10.0, speed=2.0))
    loop.grant(Source.HAND, 5)
    assert loop.speed_share == 1.0, "a hand drives at its own speed"
    with pytest.raises(ReticleError, match="let it go first"):
        policy.grant(GrantPolicy(6, 10.0))


def state(stamp_ms: float, sequence: int = 1) -> RobotState:
    pose = SE3.identity().as_tuple()
    return RobotState(round(stamp_ms * MS), sequence, (0.0,) * 7, (0.0,) * 7, (0.0,) * 7, pose, 0.1, 0.0)


def test_an_image_is_taken_with_the_hand_of_its_moment_and_not_when_old_or_apart(session: Session) -> None:
    bus = Bus(session, "test")
    observer = Observer(bus, REPRESENTATIONS.get("e2e").info, CAMERA, 20.0, 0.05)
    frames, steps = bus.frame_publisher(frame_topic("right"), 8, 6), bus.message_publisher(STEP_TOPIC)
    observer.start()

    def see(capture_ms: int) -> None:
        image = np.zeros((6, 8, 3), np.uint8)
        frames.publish(Frame("right", 1, capture_ms * MS, capture_ms * MS, image, None, SE3.identity()))

    def measure(stamp_ms: float, sequence: int) -> None:
        pose = SE3.identity().as_tuple()
        steps.publish(Step(state(stamp_ms, sequence), None, pose, (0.0,) * 7, 0.1, ControlMode.IDLE))
        assert wait_for(lambda: observer.step is not None and observer.step.state.sequence == sequence)

    try:
        observer.begin(0)
        assert observer.observe(700 * MS) is None, "the first image may be under way"
        assert observer.observe(900 * MS) is StopReason.OBSERVATION_STALE
        for sequence, stamp_ms in enumerate((100, 110, 120), start=1):
            measure(stamp_ms, sequence)
        see(108)
        found = observer.observe(140 * MS)
        assert isinstance(found, Observation)
        assert (found.captured_ns, found.state.sequence) == (108 * MS, 2)
        assert isinstance(observer.observe(250 * MS), Observation)
        assert observer.observe(260 * MS) is None, "too old"
        see(200)
        assert observer.observe(300 * MS) is None, "no hand was measured near it"
        assert observer.observe(370 * MS) is StopReason.OBSERVATION_STALE
        see(390)
        assert observer.observe(420 * MS) is StopReason.OBSERVATION_SKEWED
        observer.begin(430 * MS)
        see(425)
        measure(435, 4)
        assert observer.observe(440 * MS) is None, "before the lease there may have been another scene"
        see(436)
        assert isinstance(observer.observe(450 * MS), Observation)
    finally:
        observer.stop()


def test_a_policy_that_is_told_observes_the_objects_with_the_hand(session: Session) -> None:
    bus = Bus(session, "test")
    observer = Observer(bus, REPRESENTATIONS.get("gt-3d").info, None, 20.0, 0.05)
    objects, steps = object_publisher(bus), bus.message_publisher(STEP_TOPIC)
    observer.start()
    try:
        observer.begin(0)
        pose = SE3.identity().as_tuple()
        steps.publish(Step(state(50), None, pose, (0.0,) * 7, 0.1, ControlMode.IDLE))
        assert wait_for(lambda: observer.step is not None)
        assert observer.observe(60 * MS) is None
        objects.publish(Truth(50 * MS, {"box": pose}))
        found = observer.observe(60 * MS)
        assert isinstance(found, Observation)
        assert {"box": pose} == found.X_WO
    finally:
        observer.stop()
