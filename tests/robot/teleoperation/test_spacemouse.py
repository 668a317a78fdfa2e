"""A SpaceMouse, from raw reports through the library's own device to what the hand wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pyspacemouse
import pytest

from core.clock import LockstepClock, WallClock
from core.errors import DeviceError, InputError
from core.geometry import SE3
from robot.devices import DeviceContext
from robot.rig import DeviceConfig, load_rig
from robot.teleoperation import spacemouse
from robot.teleoperation.device import DriveCommand, DriveContext, Intent
from robot.teleoperation.spacemouse import Options, SpaceMouse
from robot.teleoperation.together import Together
from tests.robot.teleoperation.plug import BUTTONS, FULL, MOVE, TURN, Plug, navigator
from tests.waiting import wait_for

CONTEXT = DriveContext(np.eye(3), SE3.identity(), 1.0, 0.0)


class Hand:
    """A SpaceMouse and the plug that it is on."""

    def __init__(self, options: Options | None = None) -> None:
        self.plug: Plug | None = Plug()
        self.said: list[str] = []
        self.moves = threading.Event()
        self.opened = 0
        self.clock = LockstepClock()
        self.mouse = SpaceMouse(options or Options(), self.open, self.clock, lambda words, _: self.said.append(words))
        self.mouse.on_moved = self.moves.set
        self.mouse.start()
        assert wait_for(lambda: self.opened)
        self.send(MOVE, 0, 0, 0)

    def open(self) -> pyspacemouse.SpaceMouseDevice:
        if self.plug is None or self.plug.pulled:
            raise DeviceError("There is no SpaceMouse to open.")
        self.opened += 1
        return navigator(self.plug)

    def send(self, kind: int, *values: int) -> Intent:
        """The intent once the report has arrived."""
        assert self.plug is not None
        self.plug.send(kind, *values)
        assert wait_for(lambda: not self.plug or not self.plug.reports)
        self.plug.send(4, 0, 0, 0)  # a report of nothing: when it is gone, the one before was taken
        assert wait_for(lambda: not self.plug or not self.plug.reports)
        return self.mouse.read(CONTEXT)


@pytest.fixture
def hand() -> Iterator[Hand]:
    hand = Hand()
    yield hand
    hand.mouse.stop()


@pytest.mark.parametrize(
    ("kind", "values", "linear", "angular"),
    [
        (MOVE, (0, -FULL, 0), (1, 0, 0), (0, 0, 0)),
        (MOVE, (-FULL, 0, 0), (0, 1, 0), (0, 0, 0)),
        (MOVE, (0, 0, -FULL), (0, 0, 1), (0, 0, 0)),
        (TURN, (0, 0, -FULL), (0, 0, 0), (0, 0, 1)),
    ],
    ids=["forward", "left", "up", "turn left"],
)
def test_the_cap_moves_and_turns_the_hand_its_own_way(
    hand: Hand, kind: int, values: tuple[int, ...], linear: tuple[int, ...], angular: tuple[int, ...]
) -> None:
    intent = hand.send(kind, *values)
    assert intent.linear == pytest.approx(linear)
    assert intent.angular == pytest.approx(angular)
    assert intent.held
    assert hand.moves.wait(5.0)
    assert not hand.send(kind, 0, 0, 0).held


def test_tilting_turns_about_the_axis_that_the_cap_is_tilted_about(hand: Hand) -> None:
    away = hand.send(TURN, -FULL, 0, 0).angular  # about the device's right
    assert np.count_nonzero(away) == 1
    assert abs(away[1]) == pytest.approx(1.0)
    sideways = hand.send(TURN, 0, FULL, 0).angular
    assert abs(sideways[0]) == pytest.approx(1.0)


def test_the_dead_band_swallows_a_resting_hand_and_takes_nothing_of_the_full_speed() -> None:
    hand = Hand(Options(dead_band=0.2, speed=0.5))
    assert not hand.send(MOVE, 0, -60, 0).held
    assert hand.send(MOVE, 0, -FULL, 0).linear[0] == pytest.approx(0.5)
    assert hand.send(MOVE, 0, -210, 0).linear[0] == pytest.approx(0.5 * 0.5)
    hand.mouse.stop()


def test_buttons_grip_and_command() -> None:
    hand = Hand(Options(buttons="gripper_close, home"))
    assert hand.send(BUTTONS, 1).gripper_rate == -1.0
    assert hand.mouse.read(CONTEXT).held
    assert hand.send(BUTTONS, 2).commands == (DriveCommand.HOME,)
    assert hand.mouse.read(CONTEXT).commands == (), "once a press"
    assert not hand.send(BUTTONS, 0).held
    hand.mouse.stop()


def test_after_it_was_let_go_the_cap_must_come_to_rest_first(hand: Hand) -> None:
    assert hand.send(MOVE, 0, -FULL, 0).held
    hand.mouse.release_all()
    assert not hand.send(MOVE, 0, -FULL, 0).held
    assert not hand.send(MOVE, 0, 0, 0).held
    assert hand.send(MOVE, 0, -FULL, 0).held


def test_a_cap_that_falls_silent_while_pushed_is_let_go(hand: Hand) -> None:
    assert hand.send(MOVE, 0, -FULL, 0).held
    hand.clock.wait_until(hand.clock.now_ns() + 300_000_000)
    assert not hand.mouse.read(CONTEXT).held


def test_it_is_plugged_out_and_in_at_any_time(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacemouse, "_LOOK_AGAIN_S", 0.01)
    assert hand.send(MOVE, 0, -FULL, 0).held
    assert hand.plug is not None
    hand.plug.pulled = True
    assert wait_for(lambda: hand.said)
    assert "plug it in again" in hand.said[0]
    assert wait_for(lambda: not hand.mouse.read(CONTEXT).held)
    hand.plug = Plug()
    assert wait_for(lambda: len(hand.said) > 1)
    assert "drives the arm" in hand.said[1]
    assert not hand.send(MOVE, 0, 0, 0).held
    assert hand.send(MOVE, 0, -FULL, 0).held


def test_it_is_let_go_and_taken_up_again(hand: Hand) -> None:
    hand.mouse.stop()
    assert not hand.mouse.read(CONTEXT).held
    hand.mouse.start()
    assert wait_for(lambda: hand.opened == 2)
    hand.send(MOVE, 0, 0, 0)
    assert hand.send(MOVE, 0, -FULL, 0).held
    assert not hand.said, "nothing that the person does not know"


@pytest.mark.parametrize(
    ("options", "words"),
    [({"buttons": "grip"}, "gripper_open"), ({"dead_band": 1.0}, "from 0 to below 1"), ({"buttens": ""}, "buttons")],
)
def test_options_that_cannot_be_are_named(options: dict[str, str | float], words: str) -> None:
    with pytest.raises(InputError, match=words):
        spacemouse.build(DeviceConfig("spacemouse", options), DeviceContext(load_rig(), WallClock()))


def test_none_to_open_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyspacemouse.api.get_connected_devices", list)
    with pytest.raises(DeviceError, match="no SpaceMouse to open"):
        spacemouse.open_first()


def test_two_hands_add_up(hand: Hand) -> None:
    other = Hand()
    both = Together([hand.mouse, other.mouse])
    hand.send(MOVE, 0, -FULL, 0)
    other.send(TURN, 0, 0, -FULL)
    intent = both.read(CONTEXT)
    assert intent.linear[0] == pytest.approx(1.0)
    assert intent.angular[2] == pytest.approx(1.0)
    assert intent.held
    both.release_all()
    assert not both.read(CONTEXT).held
    both.stop()
