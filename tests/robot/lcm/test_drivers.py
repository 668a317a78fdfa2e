"""The drivers of iiwa and WSG against a voice on a real network: when they speak, what they say, when they give up."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.clock import LockstepClock, WallClock, monotonic_ns
from core.errors import DeviceError, InputError, StopReason
from robot.arms import iiwa_lcm
from robot.arms.rate_limit import RateLimit
from robot.description import HOME_Q, JOINT_SPEED_LIMITS_RAD_S
from robot.device_clock import DeviceClock
from robot.grippers import wsg_lcm
from robot.lcm_link import StatusFeed
from robot.rig import load_rig
from tests.robot.lcm.conftest import rig_file
from tests.robot.lcm.voice import Voice, iiwa_status
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

PERIOD_S = 0.005
ACCELERATION = 15.0


@pytest.fixture
def voice(url: str) -> Iterator[Voice]:
    voice = Voice(url)
    yield voice
    voice.close()


@pytest.fixture
def arm(url: str) -> Iterator[iiwa_lcm.IiwaArm]:
    options = iiwa_lcm.Options(url=url, quiet_s=0.3, silence_s=0.6, largest_gap_s=0.5, follow_s=0.4)
    arm = iiwa_lcm.IiwaArm(options, limit(), WallClock())
    yield arm
    arm.stop()


def limit() -> RateLimit:
    return RateLimit(JOINT_SPEED_LIMITS_RAD_S, ACCELERATION, PERIOD_S)


def refusal(deed: Callable[[], object]) -> DeviceError | None:
    try:
        deed()
    except DeviceError as error:
        return error
    return None


def test_it_is_silent_at_first_and_begins_where_the_arm_is(arm: iiwa_lcm.IiwaArm, voice: Voice) -> None:
    began_ns = monotonic_ns()
    arm.start()
    assert monotonic_ns() - began_ns > 0.3e9, "a driver that has just begun to speak dies of a command"
    state = arm.read()
    assert np.allclose(state.q, voice.q)
    assert 0 <= monotonic_ns() - state.stamp_ns < 10e9, "stamps are on the session clock, whatever the driver's is"
    assert "re-arm" in str(refusal(lambda: arm.command(HOME_Q)))
    assert not voice.commands
    start = voice.q
    arm.command(start + 0.005)
    assert wait_for(lambda: voice.commands)
    assert np.abs(voice.commands[0] - start).max() <= ACCELERATION * PERIOD_S**2 + 1e-12


def test_nothing_is_heard_where_nobody_speaks(url: str) -> None:
    arm = iiwa_lcm.IiwaArm(iiwa_lcm.Options(url=url, start_timeout_s=0.05), limit(), WallClock())
    error = refusal(arm.start)
    arm.stop()
    assert error is not None and error.reason is StopReason.DEVICE_SILENT
    assert "IIWA_STATUS" in str(error)


def test_a_driver_that_ignores_what_it_is_told_is_found_out_and_left_alone(arm: iiwa_lcm.IiwaArm, voice: Voice) -> None:
    voice.obeys = False
    arm.start()
    wanted = voice.q
    errors: list[DeviceError | None] = []

    def ignored() -> bool:
        nonlocal wanted
        wanted = wanted + 0.0005
        errors.append(refusal(arm.read) or refusal(lambda: arm.command(wanted)))
        return errors[-1] is not None

    assert wait_for(ignored)
    assert errors[-1] is not None and errors[-1].reason is StopReason.COMMANDS_IGNORED
    sent = len(voice.commands)
    assert "re-arm" in str(refusal(lambda: arm.command(wanted))), "where it was going is no place to start from"
    assert refusal(arm.read) is None, "a person can re-arm it"
    assert len(voice.commands) <= sent + 1


def test_a_driver_that_fell_silent_begins_anew(arm: iiwa_lcm.IiwaArm, voice: Voice) -> None:
    arm.start()
    arm.command(arm.read().q)
    voice.speaks = False
    assert wait_for(lambda: refusal(arm.read))
    error = refusal(arm.read)
    assert error is not None and error.reason is StopReason.DEVICE_SILENT
    voice.q = voice.q_commanded = voice.q + 0.2  # somebody moved it meanwhile
    voice.speaks = True
    assert wait_for(lambda: "only just started" in str(refusal(arm.read)))
    assert wait_for(lambda: refusal(arm.read) is None)
    assert "re-arm" in str(refusal(lambda: arm.command(HOME_Q + 0.1)))
    assert refusal(lambda: arm.command(voice.q)) is None


def test_what_is_no_seven_finite_angles_is_refused(arm: iiwa_lcm.IiwaArm, voice: Voice) -> None:
    for bad in (np.full(7, np.nan), np.zeros(6)):
        assert "seven finite" in str(refusal(lambda bad=bad: arm.command(bad)))


def test_the_gripper_holds_what_it_measures_and_speaks_as_seldom_as_it_must(url: str, voice: Voice) -> None:
    gripper = wsg_lcm.WsgGripper(wsg_lcm.Options(url=url, rate_hz=0.01), 40.0, WallClock())
    gripper.start()
    assert wait_for(lambda: voice.widths_mm == [70.0])
    assert gripper.read().width_m == pytest.approx(0.07)
    assert gripper.read().force_n == 3.0
    for _ in range(50):
        gripper.command(0.02, 40.0)
    assert "finite" in str(refusal(lambda: gripper.command(float("nan"), 40.0)))
    gripper.stop()
    assert voice.widths_mm == [70.0]


def feed(clock: LockstepClock) -> StatusFeed[iiwa_lcm.IiwaStatus]:
    return StatusFeed("The iiwa driver", "IIWA_STATUS", iiwa_lcm.decode_status, clock, 0.1, 0.02)


def test_jitter_is_borne_until_it_is_too_much() -> None:
    clock = LockstepClock()
    heard = feed(clock)
    raised: list[DeviceError | None] = []
    for k in range(400):
        gap_ns = 30_000_000 if k >= 200 and k % 3 == 0 else 5_000_000
        clock.wait_until(clock.now_ns() + gap_ns)
        heard.receive("", iiwa_status(HOME_Q, HOME_Q, clock.now_ns() // 1000))
        raised.append(refusal(heard.newest))
    assert raised[:200] == [None] * 200
    last = raised[-1]
    assert last is not None and last.reason is StopReason.DEVICE_IRREGULAR


def test_a_message_of_another_kind_is_named(url: str) -> None:
    heard = feed(LockstepClock())
    heard.receive("", wsg_lcm.encode_command(0, 0.1, 1.0))
    heard.receive("", b"short")
    heard.receive("", iiwa_status(np.zeros(6), np.zeros(6), 0))
    assert "6 joints" in str(refusal(heard.newest))


def test_within_the_limits_what_is_sent_is_what_was_asked_for() -> None:
    rate, q, velocity = limit(), HOME_Q.copy(), np.zeros(7)
    rate.reset(q)
    for k in range(600):
        velocity = velocity + ACCELERATION * PERIOD_S * np.cos(k / 60.0) * 0.2
        q = q + velocity * PERIOD_S
        assert np.abs(rate.step(q) - q).max() < 1e-9


def test_a_leap_is_followed_within_the_limits_and_not_overshot() -> None:
    rate = limit()
    rate.reset(HOME_Q)
    goal = HOME_Q + 0.3
    path = np.array([HOME_Q, HOME_Q] + [rate.step(goal) for _ in range(400)])
    speed = np.diff(path, axis=0) / PERIOD_S
    assert np.all(np.abs(speed) <= JOINT_SPEED_LIMITS_RAD_S + 1e-9)
    assert np.abs(np.diff(speed, axis=0)).max() <= ACCELERATION * PERIOD_S + 1e-9
    assert path[-1] == pytest.approx(goal, abs=1e-6)
    assert (path - goal).max() < 0.005


def test_the_offset_of_a_clock_is_that_of_the_quickest_message_and_follows_its_drift() -> None:
    clock, random = DeviceClock(window=100), np.random.default_rng(0)
    for k in range(1000):
        device_ns = k * 5_000_000
        true_ns = device_ns + 7 * 10**12 + k * 2_500  # half a millisecond a second
        stamp_ns = clock.session_ns(device_ns, true_ns + int(random.exponential(3e6)))
        if k > 20:
            assert abs(stamp_ns - true_ns) < 1e6
    restarted_ns = clock.session_ns(0, 9 * 10**12)
    assert restarted_ns == 9 * 10**12


def test_simulated_drivers_never_share_a_network_with_real_ones(tmp_path: Path) -> None:
    for url in ("udpm://239.255.76.67:7667?ttl=0", "udpm://239.255.76.67:7999?ttl=0"):
        path = rig_file(tmp_path, url)
        text = path.read_text() + "[simulated_driver]\n"
        path.write_text(text if "7667" in url else text.replace(url, url.replace("7999", "7998"), 1))
        with pytest.raises(InputError, match="network of"):
            load_rig(path)
