"""The control loop against devices and setpoints that misbehave."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from core.clock import LockstepClock
from core.errors import DeviceError, ReticleError, StopReason
from core.geometry import SE3
from core.messages import ControlMode, Setpoint, Source
from robot.control_loop import ControlLoop
from robot.description import HOME_Q
from robot.devices import ArmState, GripperState
from robot.rig import load_rig
from robot.teleoperation.integrator import towards


class Arm:
    """Holds still and reports what the test wants."""

    def __init__(self) -> None:
        self.state = ArmState(0, HOME_Q.copy(), np.zeros(7), np.zeros(7))

    def start(self) -> None: ...
    def read(self) -> ArmState:
        return self.state

    def command(self, q: np.ndarray) -> None: ...
    def stop(self) -> None: ...


class Gripper:
    def __init__(self) -> None:
        self.width_m = 0.1

    def start(self) -> None: ...
    def read(self) -> GripperState:
        return GripperState(0, self.width_m, 0.0)

    def command(self, width_m: float, force_n: float) -> None: ...
    def stop(self) -> None: ...


class Unreadable:
    """Shared memory in which somebody wrote something else than a setpoint."""

    def take(self) -> Setpoint | None:
        return msgspec.msgpack.decode(msgspec.msgpack.encode(["hand", 1, "one"]), type=Setpoint)


def control_loop(sources: dict[Source, Any] | None = None) -> tuple[ControlLoop, Arm, Gripper, list[StopReason]]:
    stopped: list[StopReason] = []
    arm, gripper = Arm(), Gripper()
    loop = ControlLoop(load_rig(), arm, gripper, LockstepClock(), sources or {}, stopped.append)
    loop.start()
    return loop, arm, gripper, stopped


@pytest.mark.parametrize("quantity", ["q", "dq", "tau_external"])
@pytest.mark.parametrize("bad", [np.full(7, math.nan), np.zeros(6), np.full(7, math.inf)])
def test_a_senseless_arm_stops_by_name_and_the_loop_goes_on(quantity: str, bad: np.ndarray) -> None:
    loop, arm, _, stopped = control_loop()
    good = arm.state
    values = {"stamp_ns": 0, "q": good.q, "dq": good.dq, "tau_external": good.tau_external, quantity: bad}
    arm.state = ArmState(**values)
    for _ in range(3):
        assert loop.tick().mode is ControlMode.STOPPED
    assert stopped == [StopReason.DEVICE_FAULT]
    with pytest.raises(DeviceError):
        loop.rearm()
    arm.state = good
    watch(loop, arm, good.dq, 0.2)
    loop.rearm()
    assert loop.tick().mode is ControlMode.IDLE


def watch(loop: ControlLoop, arm: Arm, dq: np.ndarray, duration_s: float) -> None:
    """Let the loop measure these joint speeds for a while."""
    for _ in range(round(duration_s * 200)):
        arm.state = ArmState(arm.state.stamp_ns + loop.period_ns, HOME_Q.copy(), dq, np.zeros(7))
        loop.tick()


def test_a_stopped_arm_is_re_armed_only_once_it_was_seen_at_rest() -> None:
    loop, arm, _, _ = control_loop()
    moving = np.array([0.0, 0.0, 0.0, 0.05, 0.0, 0.0, 0.0])
    watch(loop, arm, moving, 0.2)
    loop.stop(StopReason.OPERATOR)
    watch(loop, arm, np.zeros(7), 0.05)
    with pytest.raises(ReticleError, match="still moves"):
        loop.rearm()
    watch(loop, arm, moving, 0.2)
    with pytest.raises(ReticleError, match="still moves"):
        loop.rearm()
    assert loop.stop_reason is StopReason.OPERATOR
    watch(loop, arm, np.zeros(7), 0.2)
    loop.rearm()
    assert loop.stop_reason is None


@pytest.mark.parametrize("dq_before", [0.0, 0.05])
def test_after_a_stall_the_arm_must_be_seen_at_rest_anew(dq_before: float) -> None:
    loop, arm, _, _ = control_loop()
    watch(loop, arm, np.full(7, dq_before), 0.2)
    arm.state = ArmState(arm.state.stamp_ns + 200_000_000, HOME_Q.copy(), np.zeros(7), np.zeros(7))
    loop.tick()
    assert not loop.standstill
    watch(loop, arm, np.zeros(7), 0.05)
    assert not loop.standstill
    watch(loop, arm, np.zeros(7), 0.05)
    assert loop.standstill


def test_the_hand_stands_somewhere_only_at_rest_and_near_it() -> None:
    loop, arm, _, _ = control_loop()
    assert loop.state is not None
    here = loop.state.pose
    near, away = (SE3(here.quat_wxyz, here.p + np.array([shift, 0.0, 0.0])) for shift in (0.002, 0.006))
    watch(loop, arm, np.full(7, 0.05), 0.2)
    assert not loop.stands_at(near)
    watch(loop, arm, np.zeros(7), 0.2)
    assert loop.stands_at(near)
    assert not loop.stands_at(away)


class Wish:
    """Always wants the hand at one pose."""

    def __init__(self, X_WE: SE3) -> None:
        self.pose = X_WE

    def take(self) -> Setpoint:
        return Setpoint(Source.EXPERT, 1, 0, 0, 0, self.pose.as_tuple(), 0.1)


def test_an_arm_sent_out_of_its_reach_says_so_until_it_is_sent_back() -> None:
    loop, _, _, _ = control_loop()
    home = loop.sent[0]
    wish = Wish(home)
    loop.add_source(Source.EXPERT, wish)
    loop.grant(Source.EXPERT, 1)
    for x_m, reachable in ((0.95, False), (0.60, True)):
        goal = SE3.of(home.quat_wxyz, [x_m, 0.25, 0.05])
        while wish.pose.distance(goal)[0] > 0.0:
            wish.pose = towards(wish.pose, goal, 0.001, 1.0)
            loop.tick()
        for _ in range(400):
            loop.tick()
        assert loop.at_edge is not reachable
    assert loop.stop_reason is None


def test_a_gripper_without_a_width_stops() -> None:
    loop, _, gripper, stopped = control_loop()
    gripper.width_m = math.nan
    assert loop.tick().mode is ControlMode.STOPPED
    assert stopped == [StopReason.DEVICE_FAULT]


def test_a_setpoint_of_the_wrong_type_stops_when_its_sender_holds_the_arm() -> None:
    loop, _, _, stopped = control_loop({Source.HAND: Unreadable()})
    loop.grant(Source.HAND, 1)
    assert loop.tick().mode is ControlMode.STOPPED
    assert stopped == [StopReason.SETPOINT_INVALID]


def test_a_setpoint_of_the_wrong_type_of_a_stranger_is_refused_and_counted() -> None:
    loop, _, _, stopped = control_loop({Source.POLICY: Unreadable()})
    loop.grant(Source.HAND, 1)
    loop.tick()
    assert not stopped
    assert loop.refused_setpoints == 1


def test_a_source_that_was_replaced_is_not_removed() -> None:
    loop, *_ = control_loop()
    old, new = Unreadable(), Unreadable()
    loop.add_source(Source.HOME, old)
    loop.add_source(Source.HOME, new)
    loop.remove_source(Source.HOME, old)
    loop.tick()
    assert loop.refused_setpoints == 1
    loop.remove_source(Source.HOME, new)
    loop.tick()
    assert loop.refused_setpoints == 1
