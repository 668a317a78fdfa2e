"""The whole stack over real LCM against the simulated drivers: every fault ends in its named stop."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.clock import WallClock, monotonic_ns
from core.episodes.reader import EpisodeReader
from core.errors import DeviceError, StopReason
from core.geometry import SE3
from core.messages import ControlMode, EpisodeMetadata, Setpoint, Source
from core.processes.shared_memory import Session
from robot import station_messages as messages
from robot.arms.iiwa_lcm import encode_command
from robot.assembly import assemble
from robot.control_loop import ControlLoop
from robot.description import HOME_Q
from robot.lcm_link import LcmLink
from robot.lcm_simulation import DriverProcess, Fault, Open
from robot.rig import load_rig
from robot.simulation.lcm_driver import SimulatedDriver
from tests.robot.lcm.conftest import new_url, rig_file
from tests.robot.test_station import Person
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

EPISODE = "01JA000000000000000000TEST"


@pytest.fixture(scope="module")
def module_url() -> str:
    return new_url()


@pytest.fixture(scope="module")
def driver(module_url: str) -> Iterator[DriverProcess]:
    driver = DriverProcess(Open(module_url))
    yield driver
    driver.close()


class Circling:
    """A hand that leads the arm slowly away from where it took it."""

    def __init__(self) -> None:
        self.start: SE3 | None = None
        self.began_ns = 0

    def lead(self, start: SE3) -> None:
        self.start, self.began_ns = start, monotonic_ns()

    def take(self) -> Setpoint | None:
        if self.start is None:
            return None
        now_ns = monotonic_ns()
        angle = (now_ns - self.began_ns) / 1e9
        p = self.start.p + 0.08 * np.array([np.cos(angle) - 1.0, np.sin(angle), 0.0])
        return Setpoint(Source.HAND, 1, 1, now_ns, 0, SE3(self.start.quat_wxyz, p).as_tuple(), 0.05)


class Drive:
    """The control loop over the LCM drivers, ticked by the test."""

    def __init__(self, rig: Path) -> None:
        config, self._clock = load_rig(rig), WallClock()
        devices = assemble(config, self._clock, task="free")
        self._hand, self._devices = Circling(), devices
        self.loop = ControlLoop(config, devices.arm, devices.gripper, self._clock, {Source.HAND: self._hand})
        self.loop.start()

    def tick(self) -> None:
        self._clock.wait_until(self._clock.now_ns() + self.loop.period_ns)
        self.loop.tick()

    def until(self, condition: object) -> bool:
        def ticked() -> object:
            self.tick()
            return condition()  # type: ignore[operator]

        return wait_for(ticked)

    def lead(self) -> None:
        """Take the arm and move it by a centimetre."""
        start, _ = self.loop.grant(Source.HAND, 1)
        self._hand.lead(start)
        assert self.until(lambda: self.loop.distance_to(start)[0] > 0.01 or self.loop.stop_reason), "it moves"
        assert self.loop.stop_reason is None, self.loop.fault

    def rearm(self) -> None:
        def rearmed() -> bool:
            try:
                self.loop.rearm()
            except Exception as error:  # noqa: BLE001 - not yet
                self.refusal = str(error)
                return False
            return True

        assert self.until(rearmed), self.refusal

    def close(self) -> None:
        self._devices.arm.stop()
        self._devices.gripper.stop()


@pytest.fixture
def drive(tmp_path: Path, module_url: str, driver: DriverProcess) -> Iterator[Drive]:
    drive = Drive(rig_file(tmp_path, module_url))
    yield drive
    drive.close()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.SILENCE, StopReason.DEVICE_SILENT), (Fault.IGNORE, StopReason.COMMANDS_IGNORED)],
)
def test_a_fault_ends_in_its_named_stop_and_the_arm_can_be_re_armed(
    drive: Drive, driver: DriverProcess, fault: Fault, reason: StopReason
) -> None:
    drive.lead()
    driver.set_fault(fault)
    assert drive.until(lambda: drive.loop.stop_reason)
    assert drive.loop.stop_reason is reason
    assert "driver" in drive.loop.fault
    driver.set_fault(Fault.NONE)
    drive.rearm()
    drive.lead()


def test_too_much_jitter_is_a_stop_of_its_own(tmp_path: Path, module_url: str, driver: DriverProcess) -> None:
    rig = rig_file(tmp_path, module_url)
    rig.write_text(rig.read_text().replace("largest_gap_s = 0.3", "largest_gap_s = 0.03"))
    drive = Drive(rig)
    try:
        driver.set_fault(Fault.JITTER)
        assert drive.until(lambda: drive.loop.stop_reason)
        assert drive.loop.stop_reason is StopReason.DEVICE_IRREGULAR
    finally:
        driver.set_fault(Fault.NONE)
        drive.close()


def test_a_driver_that_died_is_missed_and_its_successor_taken_up(tmp_path: Path, url: str) -> None:
    first = DriverProcess(Open(url))
    drive = Drive(rig_file(tmp_path, url))
    try:
        drive.lead()
        first.close()
        assert drive.until(lambda: drive.loop.stop_reason)
        assert drive.loop.stop_reason is StopReason.DEVICE_SILENT
        with pytest.raises(DeviceError, match="silent"):
            drive.loop.rearm()
        second = DriverProcess(Open(url))
        try:
            drive.rearm()
            drive.lead()
            assert second.running, "it was not spoken to too early"
        finally:
            second.close()
    finally:
        drive.close()


def test_the_simulated_driver_dies_of_an_early_command(url: str) -> None:
    driver, link = SimulatedDriver(Open(url)), LcmLink(url)
    driver.tick()

    def spoken_to() -> bool:
        link.publish("IIWA_COMMAND", encode_command(0, HOME_Q))
        driver.tick()
        return False

    try:
        with pytest.raises(DeviceError, match="250 ms"):
            wait_for(spoken_to, timeout_s=2.0)
    finally:
        driver.close()


def test_an_episode_over_lcm_has_every_state_at_200_hz(tmp_path: Path, url: str, session: Session) -> None:
    rig = rig_file(tmp_path, url)
    rig.write_text(rig.read_text() + '[simulated_driver]\ntask = "free"\n')
    person = Person(rig, session)
    try:
        start = person.drive()
        person.wait_mode(ControlMode.TRACKING)
        longest_ms = [recorded_ms(person, start, tmp_path / f"{k}.mcap") for k in range(1)]
        while longest_ms[-1] > 20.0 and len(longest_ms) < 4:  # once the machine had other things to do
            longest_ms.append(recorded_ms(person, start, tmp_path / f"{len(longest_ms)}.mcap"))
        assert min(longest_ms) <= 20.0
    finally:
        assert person.client.close() == 0


def recorded_ms(person: Person, start: SE3, path: Path) -> float:
    """Record a second of driving; the longest time between two states."""
    person.client.send(messages.StartRecording(str(path), EpisodeMetadata(EPISODE, "free", 0, "", "")))
    person.expect(messages.RecordingStarted)
    began_ns = monotonic_ns()

    def driven() -> bool:
        elapsed_s = (monotonic_ns() - began_ns) / 1e9
        person.target = SE3(start.quat_wxyz, start.p + np.array([0.02 * np.sin(elapsed_s), 0.0, 0.0]))
        return elapsed_s > 1.0

    assert person.until(driven)
    person.client.send(messages.StopRecording(None))
    finished = person.expect(messages.RecordingFinished)
    assert finished.summary.stop_reason is None
    with EpisodeReader(path) as reader:
        assert not reader.metadata.simulated
        stamps = np.unique(reader.arrays()["stamp_ns"])
    assert len(stamps) > 100
    return float(np.diff(stamps).max() / 1e6)
