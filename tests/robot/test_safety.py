"""The governor's limits and the supervisor's guards, one by one."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import StopReason
from core.geometry import SE3
from core.messages import Setpoint, Source
from core.processes.heartbeat import Heartbeat
from robot.description import HOME_Q, JOINT_LIMITS_RAD
from robot.devices import ArmState
from robot.rig import load_rig
from robot.safety import Governor, Supervisor

CONFIG = load_rig()
LIMITS = CONFIG.limits
PERIOD_S = 1.0 / CONFIG.control_rate_hz
START = SE3.of([0.0, 0.0, 1.0, 0.0], [0.5, 0.0, 0.4])
MS = 1_000_000


def governor() -> Governor:
    governor = Governor(LIMITS, CONFIG.workspace, PERIOD_S)
    governor.reset(START, 0.1)
    return governor


def supervisor(*, wall: bool = True) -> Supervisor:
    return Supervisor(CONFIG, JOINT_LIMITS_RAD, watch_wall_time=wall)


def setpoint(
    p: tuple[float, float, float], stamp_ns: int = 33 * MS, quat: tuple[float, ...] = (0, 0, 1, 0)
) -> Setpoint:
    return Setpoint(Source.HAND, 1, 1, stamp_ns, 0, (*map(float, quat), *p), 0.1)


def arm_state(q: np.ndarray = HOME_Q, torque_nm: float = 0.0) -> ArmState:
    return ArmState(0, q, np.zeros(7), np.full(7, torque_nm))


_coordinates = st.tuples(st.floats(0.0, 1.2), st.floats(-0.9, 0.9), st.floats(-0.3, 1.0))
_turns = st.tuples(*[st.floats(-1.5, 1.5)] * 3)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(_coordinates, _turns), min_size=1, max_size=4))
def test_whatever_is_wanted_what_is_sent_keeps_the_limits(targets: list) -> None:
    """Speed, acceleration and the box hold on every tick, for any sequence of targets."""
    moving = governor()
    previous, velocity = START, np.zeros(3)
    low = np.asarray(CONFIG.workspace.min_W) + CONFIG.workspace.margin_m
    high = np.asarray(CONFIG.workspace.max_W) - CONFIG.workspace.margin_m
    for position, turn in targets:
        target = SE3.from_rotation_vector(turn) @ SE3(START.quat_wxyz, np.zeros(3))
        for _ in range(120):
            sent = moving.track(SE3(target.quat_wxyz, np.asarray(position)), 0.1)
            step = (sent.p - previous.p) / PERIOD_S
            assert np.linalg.norm(step) <= LIMITS.speed_m_s + 1e-6
            inside = (sent.p > low + 1e-9).all() and (sent.p < high - 1e-9).all()
            if inside:
                assert np.linalg.norm(step - velocity) <= LIMITS.acceleration_m_s2 * PERIOD_S + 1e-6
            assert previous.distance(sent)[1] <= LIMITS.angular_speed_rad_s * PERIOD_S + 1e-6
            assert (sent.p >= low - 1e-9).all()
            assert (sent.p <= high + 1e-9).all()
            previous, velocity = sent, step


def test_a_target_is_reached_exactly_and_without_overshoot() -> None:
    moving = governor()
    target = SE3.from_rotation_vector([0.0, 0.0, 0.4]) @ SE3(START.quat_wxyz, np.zeros(3))
    target = SE3(target.quat_wxyz, np.array([0.6, 0.1, 0.3]))
    distances = [moving.track(target, 0.1).distance(target)[0] for _ in range(400)]
    assert distances[-1] < 1e-9
    assert all(after <= before + 1e-12 for before, after in itertools.pairwise(distances))
    assert moving.at_rest


def test_braking_stops_within_the_braking_distance_and_recovers() -> None:
    moving = governor()
    far = SE3(START.quat_wxyz, np.array([0.5, 0.4, 0.4]))
    for _ in range(100):
        moving.track(far, 0.1)
    speed, start = moving.speed_m_s, moving.pose.p
    assert speed == pytest.approx(LIMITS.speed_m_s)
    ticks = 0
    while not moving.at_rest:
        moving.brake()
        ticks += 1
    assert ticks * PERIOD_S <= speed / LIMITS.braking_m_s2 + PERIOD_S + 1e-9
    assert np.linalg.norm(moving.pose.p - start) <= speed**2 / (2 * LIMITS.braking_m_s2) + 1e-3
    for _ in range(600):
        moving.track(far, 0.1)
    assert moving.pose.distance(far)[0] < 1e-6


def test_outside_the_workspace_the_arm_stays_until_driven_and_comes_in_under_the_limits() -> None:
    """After a re-arm the measured pose may lie outside: nothing may leap inside by itself."""
    moving = governor()
    outside = SE3(START.quat_wxyz, np.array([CONFIG.workspace.max_W[0] + 0.03, 0.0, 0.4]))
    moving.reset(outside, 0.1)
    for _ in range(10):
        assert moving.brake().distance(outside)[0] == 0.0
    previous = outside
    for _ in range(400):
        sent = moving.track(START, 0.1)
        assert sent.distance(previous)[0] <= LIMITS.speed_m_s * PERIOD_S + 1e-9
        assert sent.p[0] <= previous.p[0] + 1e-12
        previous = sent
    assert previous.p[0] < CONFIG.workspace.max_W[0] - CONFIG.workspace.margin_m


def test_the_gripper_opens_at_its_speed() -> None:
    moving = governor()
    moving.track(START, 0.0)
    assert moving.gripper_width_m == pytest.approx(0.1 - LIMITS.gripper_speed_m_s * PERIOD_S)


@pytest.mark.parametrize(
    ("beat_age_ms", "tick_age_ms", "stop", "brakes"),
    [
        (20, 30, None, False),
        (149, 149, None, False),
        (151, 151, None, True),
        (301, 301, StopReason.HEARTBEAT_LOST, False),
        (20, 251, None, True),
        (20, 1001, StopReason.WINDOW_FROZEN, False),
    ],
)
def test_heartbeat_guard(beat_age_ms: int, tick_age_ms: int, stop: StopReason | None, brakes: bool) -> None:
    watching = supervisor()
    now_ns = 10_000 * MS
    assert watching.check_heartbeat(now_ns).stop is None, "nothing is watched before the first beat"
    watching.beat(Heartbeat(now_ns - beat_age_ms * MS, now_ns - tick_age_ms * MS))
    verdict = watching.check_heartbeat(now_ns)
    assert verdict.stop == stop
    assert (verdict.brake is not None) == brakes


def test_simulated_time_has_no_wall_time_guard() -> None:
    watching = supervisor(wall=False)
    watching.beat(Heartbeat(0, 0))
    assert watching.check_heartbeat(10_000 * MS).stop is None
    assert watching.check_setpoint_age(None, 0, 10_000 * MS).brake is None
    assert watching.check_lateness(10_000 * MS).stop is None


def test_an_old_setpoint_of_the_hand_brakes() -> None:
    watching = supervisor()
    assert watching.check_setpoint_age(setpoint((0.5, 0, 0.4), stamp_ns=0), 0, 149 * MS).brake is None
    assert watching.check_setpoint_age(setpoint((0.5, 0, 0.4), stamp_ns=0), 0, 151 * MS).brake is not None
    assert watching.check_setpoint_age(None, 0, 151 * MS).brake is not None


def test_a_stamp_from_the_future_does_not_switch_the_age_guard_off() -> None:
    watching = supervisor()
    assert watching.check_setpoint_age(setpoint((0.5, 0, 0.4), stamp_ns=1_000 * MS), 0, 10 * MS).brake is not None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("position", range(8))
def test_what_is_not_a_number_stops(bad: float, position: int) -> None:
    values = [*START.as_tuple(), 0.1]
    values[position] = bad
    wrong = Setpoint(Source.HAND, 1, 1, 33 * MS, 0, tuple(values[:7]), values[7])
    assert supervisor().check_setpoint(wrong, START, 0).stop is StopReason.SETPOINT_INVALID


@pytest.mark.parametrize("X_WE", [(), (0.0,) * 7, (1.0, 0.0, 0.0), (2.0, 0, 0, 0, 0.5, 0, 0.4), (0.0,) * 9])
def test_a_wrong_shape_or_no_rotation_stops(X_WE: tuple[float, ...]) -> None:
    wrong = Setpoint(Source.HAND, 1, 1, 33 * MS, 0, X_WE, 0.1)
    assert supervisor().check_setpoint(wrong, START, 0).stop is StopReason.SETPOINT_INVALID


def test_a_jump_stops_and_a_step_does_not() -> None:
    allowed_m = LIMITS.jump_factor * LIMITS.speed_m_s / 30.0
    watching = supervisor()
    assert watching.check_setpoint(setpoint((0.5 + 0.9 * allowed_m, 0, 0.4)), START, 0).stop is None
    assert watching.check_setpoint(setpoint((0.5 + 1.1 * allowed_m, 0, 0.4)), START, 0).stop is StopReason.SETPOINT_JUMP
    turned = setpoint((0.5, 0, 0.4), quat=(math.sin(0.1), 0, math.cos(0.1), 0))
    assert watching.check_setpoint(turned, START, 0).stop is StopReason.SETPOINT_JUMP


def test_a_hand_that_was_silent_may_not_jump_further_for_it() -> None:
    far = setpoint((0.7, 0, 0.4), stamp_ns=10_000 * MS)
    assert supervisor().check_setpoint(far, START, 0).stop is StopReason.SETPOINT_JUMP


def test_leaving_the_workspace_stops_but_coming_back_in_does_not() -> None:
    watching = supervisor()
    inside, outside = START, SE3(START.quat_wxyz, np.array([1.0, 0.0, 0.4]))
    assert watching.check_arm(arm_state(), outside).stop is None, "a person drives back in after a re-arm"
    assert watching.check_arm(arm_state(), inside).stop is None
    assert watching.check_arm(arm_state(), outside).stop is StopReason.WORKSPACE


def test_a_joint_at_its_limit_stops() -> None:
    watching = supervisor()
    assert watching.check_arm(arm_state(), START).stop is None
    at_limit = np.array(HOME_Q)
    at_limit[3] = JOINT_LIMITS_RAD[3, 0] + 0.04
    assert watching.check_arm(arm_state(at_limit), START).stop is StopReason.JOINT_LIMIT


def test_a_hard_push_stops() -> None:
    assert supervisor().check_arm(arm_state(torque_nm=70.0), START).stop is StopReason.COLLISION


def test_a_tick_late_by_a_second_stops() -> None:
    assert supervisor().check_lateness(900 * MS).stop is None
    assert supervisor().check_lateness(1100 * MS).stop is StopReason.CONTROL_LATE


def test_the_first_reason_stays_until_a_person_clears_it() -> None:
    watching = supervisor()
    watching.latch(StopReason.OPERATOR)
    watching.latch(StopReason.COLLISION)
    assert watching.stop_reason is StopReason.OPERATOR
    watching.rearm()
    assert watching.stop_reason is None


def test_every_number_can_be_configured() -> None:
    slow = msgspec.structs.replace(CONFIG, limits=msgspec.structs.replace(LIMITS, speed_m_s=0.05))
    moving = Governor(slow.limits, slow.workspace, PERIOD_S)
    moving.reset(START, 0.1)
    for _ in range(100):
        moving.track(SE3(START.quat_wxyz, np.array([0.8, 0.0, 0.4])), 0.1)
    assert moving.speed_m_s == pytest.approx(0.05)
