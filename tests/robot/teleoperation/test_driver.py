"""The driver: lease, limits, lead, dead-man."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from core.errors import InputError
from core.geometry import SE3
from core.messages import ControlMode, RobotState, Setpoint, Source, Step
from robot.rig import LimitsConfig, WorkspaceConfig
from robot.teleoperation.device import DriveCommand
from robot.teleoperation.driver import Driver, DriveState
from robot.teleoperation.integrator import DriveLimits
from robot.teleoperation.mouse_keyboard import MouseKeyboard, PointerView
from robot.teleoperation.presets import shipped_presets
from robot.teleoperation.triggers import Trigger

START = SE3.of((0, 1, 0, 0), (0.5, 0.0, 0.4))
DT = 0.01


class Port:
    """A station's ear: remembers what it was told. The real station is driven in tests/end_to_end."""

    def __init__(self) -> None:
        self.leases = 0
        self.released = 0
        self.setpoints: list[Setpoint] = []

    def take_lease(self) -> int:
        self.leases += 1
        return self.leases

    def release_lease(self) -> None:
        self.released += 1

    def publish_setpoint(self, X_WE: SE3, gripper_width_m: float, observation_sequence: int = 0) -> Setpoint:
        sent = Setpoint(Source.HAND, self.leases, len(self.setpoints), 0, 0, X_WE.as_tuple(), gripper_width_m)
        self.setpoints.append(sent)
        return sent


class Rig:
    """A driver whose arm is wherever ``measured`` says."""

    def __init__(self, hold_to_move: bool = False, simulated: bool = True) -> None:
        preset = shipped_presets()["reticle"]
        self.device = MouseKeyboard(preset)
        self.limits = DriveLimits.of(LimitsConfig(), WorkspaceConfig())
        self.driver = Driver(self.device, preset, self.limits, hold_to_move=hold_to_move, simulated=simulated)
        self.port = Port()
        self.driver.connect(self.port)
        self._now_s = 0.0
        self.measure(START)

    def measure(self, X_WE: SE3, width_m: float = 0.08) -> None:
        zeros = (0.0,) * 7
        state = RobotState(0, 0, zeros, zeros, zeros, X_WE.as_tuple(), width_m, 0.0)
        self.driver.measured(Step(state, None, X_WE.as_tuple(), zeros, width_m, ControlMode.TRACKING))

    def tick(self, count: int = 1, follow: bool = True) -> None:
        for _ in range(count):
            self._now_s += DT
            self.driver.tick(self._now_s, None)
            if self.driver.state is DriveState.ASKING:
                self.driver.lease_granted(self.port.leases, START.as_tuple(), 0.08)
            if follow and self.driver.setpoint is not None:
                self.measure(self.driver.setpoint)

    def poses(self) -> Iterator[SE3]:
        return (setpoint.pose for setpoint in self.port.setpoints)

    def press(self, name: str) -> None:
        self.device.press(name, Trigger.parse(name))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_nothing_is_asked_or_published_before_the_hand_moves(rig: Rig) -> None:
    rig.tick(20)
    assert rig.port.leases == 0 and rig.port.setpoints == []


def test_the_first_press_takes_the_lease_and_starts_from_the_granted_pose(rig: Rig) -> None:
    rig.press("Up")
    rig.tick(3)
    assert rig.port.leases == 1
    distance, angle = rig.port.setpoints[0].pose.distance(START)
    assert distance < 0.005 and angle < 1e-9


def test_a_held_key_moves_at_the_chosen_share_of_the_limit(rig: Rig) -> None:
    rig.press("2")
    rig.press("Left")
    rig.tick(102)
    moved = rig.port.setpoints[-1].pose.p - rig.port.setpoints[0].pose.p
    expected = 0.5 * rig.limits.speed_m_s * DT * (len(rig.port.setpoints) - 1)
    np.testing.assert_allclose(moved, [0, expected, 0], atol=1e-9)


def test_diagonals_are_not_faster_than_the_limit(rig: Rig) -> None:
    rig.press("3")
    for name in ("Up", "Left", "PgUp"):
        rig.press(name)
    rig.tick(50)
    steps = [np.linalg.norm(b.p - a.p) for a, b in zip(list(rig.poses()), list(rig.poses())[1:], strict=False)]
    assert max(steps) <= rig.limits.speed_m_s * DT + 1e-9


def test_the_setpoint_never_leads_a_blocked_arm_by_more_than_the_lead(rig: Rig) -> None:
    rig.press("3")
    rig.press("PgDown")
    rig.press("Q")
    rig.tick(300, follow=False)
    distance, angle = rig.port.setpoints[-1].pose.distance(START)
    assert distance <= rig.limits.lead_m + 1e-9 and angle <= rig.limits.lead_rad + 1e-9


def test_at_the_edge_of_reach_a_released_setpoint_comes_back_to_the_hand(rig: Rig) -> None:
    rig.press("3")
    rig.press("PgUp")
    rig.tick(100, follow=False)
    assert rig.port.setpoints[-1].pose.distance(START)[0] > 0.04
    rig.driver.at_edge(True)
    rig.tick(100, follow=False)
    assert 0.01 < rig.port.setpoints[-1].pose.distance(START)[0] < 0.03, "a held key still leads a little"
    rig.device.release("PgUp")
    rig.tick(100, follow=False)
    assert rig.port.setpoints[-1].pose.distance(START)[0] < 1e-6


def test_the_setpoint_stays_in_the_workspace(rig: Rig) -> None:
    rig.press("3")
    rig.press("PgUp")
    rig.tick(600)
    assert rig.port.setpoints[-1].pose.p[2] == pytest.approx(rig.limits.high_W[2])


def test_a_fast_drag_is_caught_up_with_while_held_and_forgotten_when_let_go(rig: Rig) -> None:
    view = PointerView(None, None)
    rig.device.pointer_pressed("Left", (), view)
    rig.device.pointer_moved(-500, 0, (), view)
    rig.tick(20)
    halfway = rig.port.setpoints[-1].pose.p[1]
    assert 0 < halfway < 0.1, "the speed limit holds"
    rig.tick(60)
    assert rig.port.setpoints[-1].pose.p[1] > halfway + 0.05, "it catches up while held"
    rig.device.pointer_released("Left")
    rig.tick(1)
    after = rig.port.setpoints[-1].pose.p[1]
    rig.tick(50)
    assert rig.port.setpoints[-1].pose.p[1] == pytest.approx(after)


def test_a_first_press_of_the_gripper_is_not_lost_while_the_lease_is_asked_for(rig: Rig) -> None:
    rig.press("C")
    rig.tick(2)
    assert rig.port.setpoints[-1].gripper_width_m == 0.0


def test_widening_a_closed_grip_starts_from_the_measured_width(rig: Rig) -> None:
    rig.press("C")
    rig.tick(5)
    rig.device.release("C")
    rig.measure(START, width_m=0.06)
    rig.press("B")
    rig.driver.tick(100.0, None)
    assert rig.port.setpoints[-1].gripper_width_m > 0.05


def test_letting_go_gives_the_arm_back_and_forgets_held_keys(rig: Rig) -> None:
    rig.press("Up")
    rig.tick(5)
    rig.driver.let_go()
    count = len(rig.port.setpoints)
    rig.tick(20)
    assert rig.port.released == 1 and len(rig.port.setpoints) == count and rig.driver.state is DriveState.IDLE


def test_the_dead_man_gives_the_arm_back_on_the_tick_after_the_release() -> None:
    rig = Rig(hold_to_move=True)
    rig.press("Up")
    rig.tick(10)
    assert rig.driver.state is DriveState.DRIVING
    rig.device.release("Up")
    rig.tick(1)
    assert rig.port.released == 1 and rig.driver.state is DriveState.IDLE


def test_the_dead_man_of_a_real_arm_cannot_be_switched_off() -> None:
    with pytest.raises(InputError, match="real arm"):
        Rig(hold_to_move=False, simulated=False)
    rig = Rig(hold_to_move=True, simulated=False)
    with pytest.raises(InputError, match="cannot be switched off"):
        rig.driver.hold_to_move = False
    rig.press("Up")
    rig.tick(10)
    rig.device.release("Up")
    rig.tick(1)
    assert rig.port.released == 1 and rig.driver.state is DriveState.IDLE


def test_without_a_dead_man_the_lease_is_kept_and_the_setpoint_repeated(rig: Rig) -> None:
    rig.press("Up")
    rig.tick(10)
    rig.device.release("Up")
    rig.tick(2)
    count = len(rig.port.setpoints)
    rig.tick(10)
    assert len(rig.port.setpoints) == count + 10
    assert rig.port.setpoints[-1].X_WE == rig.port.setpoints[-5].X_WE


def test_a_stopped_arm_is_not_asked_for(rig: Rig) -> None:
    said: list[bool] = []
    rig.driver.on_blocked = lambda: said.append(True)
    rig.driver.blocked = True
    rig.press("Up")
    rig.tick(10)
    assert rig.port.leases == 0 and said == [True]


def test_commands_reach_the_window(rig: Rig) -> None:
    heard: list[DriveCommand] = []
    rig.driver.on_command = heard.append
    rig.press("H")
    rig.tick(5)
    assert heard == [DriveCommand.HOME] and rig.port.leases == 0


def test_a_pointer_that_only_hovers_does_not_take_the_arm() -> None:
    rig = Rig()
    preset = shipped_presets()["spartan"]
    rig.device.use(preset)
    rig.driver.use(preset)
    rig.device.pointer_moved(50, 0, (), PointerView(None, None))
    rig.tick(5)
    assert rig.port.leases == 0
