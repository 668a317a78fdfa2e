"""Mouse and keyboard: held keys, drags and wheel steps become intents."""

from __future__ import annotations

import numpy as np
import pytest

from core.geometry import SE3, PinholeCamera
from robot.teleoperation.device import DriveCommand, DriveContext
from robot.teleoperation.mouse_keyboard import MouseKeyboard, PointerView
from robot.teleoperation.presets import shipped_presets
from robot.teleoperation.triggers import Trigger

CAMERA = PinholeCamera(640, 480, 533.64, 534.78, 319.41, 236.44)
X_WC = SE3.of((-0.423, 0.870, 0.238, -0.084), (0.6587, -0.4534, 0.4307))
X_WE = SE3.of((0, 1, 0, 0), (0.6, 0.0, 0.2))
VIEW = PointerView(CAMERA, X_WC)


def context(now_s: float = 0.0) -> DriveContext:
    return DriveContext(np.eye(3), X_WE, 0.5, now_s)


@pytest.fixture
def device() -> MouseKeyboard:
    return MouseKeyboard(shipped_presets()["reticle"])


def key(name: str) -> Trigger:
    return Trigger.parse(name)


def test_a_held_key_is_a_rate_until_its_release(device: MouseKeyboard) -> None:
    assert device.press(25, key("Up"))
    for _ in range(3):
        np.testing.assert_array_equal(device.read(context()).linear, [1, 0, 0])
    assert device.release(25)
    assert not device.read(context()).linear.any()


def test_a_repeated_press_of_a_held_key_changes_nothing(device: MouseKeyboard) -> None:
    for _ in range(5):
        device.press(43, key("H"))
    assert device.read(context()).commands == (DriveCommand.HOME,)


def test_opposite_keys_cancel_and_two_keys_for_one_action_count_once(device: MouseKeyboard) -> None:
    device.press(1, key("Up"))
    device.press(2, key("I"))
    assert device.read(context()).linear[0] == 1.0
    device.press(3, key("K"))
    assert device.read(context()).linear[0] == 0.0


def test_focus_loss_releases_everything(device: MouseKeyboard) -> None:
    device.press(1, key("Q"))
    device.pointer_pressed("Left", (), VIEW)
    device.pointer_moved(30, 0, (), VIEW)
    device.release_all()
    intent = device.read(context())
    assert not intent.angular.any() and not intent.shift_W.any() and not intent.held and not intent.dragging


def test_a_drag_in_the_cameras_plane_follows_the_pointer(device: MouseKeyboard) -> None:
    device.pointer_pressed("Left", (), VIEW)
    device.pointer_moved(40.0, -25.0, (), VIEW)
    shift = device.read(context()).shift_W
    before, _ = CAMERA.project(X_WC.inverse() @ X_WE.p)
    after, _ = CAMERA.project(X_WC.inverse() @ (X_WE.p + shift))
    np.testing.assert_allclose(after - before, [40.0, -25.0], atol=1e-6)


def test_shift_turns_a_drag_into_a_rotation_even_halfway(device: MouseKeyboard) -> None:
    device.pointer_pressed("Left", (), VIEW)
    device.pointer_moved(10, 0, (), VIEW)
    device.pointer_moved(10, 0, ("Shift",), VIEW)
    intent = device.read(context())
    assert intent.shift_W.any() and intent.turn_W[2] > 0


def test_the_wheel_lifts_and_with_shift_grips(device: MouseKeyboard) -> None:
    device.wheel_turned(2, ())
    device.wheel_turned(1, ("Shift",))
    intent = device.read(context(10.0))
    np.testing.assert_allclose(intent.shift_W, [0, 0, 0.02])
    assert intent.gripper_shift_m == pytest.approx(0.005)
    assert intent.held, "a notch counts as held for a moment"
    assert not device.read(context(11.0)).held


def test_unbound_keys_are_left_to_the_window(device: MouseKeyboard) -> None:
    assert not device.press(1, key("R"))
    assert not device.wheel_turned(1, ("Ctrl",))


def test_spartans_pointer_moves_without_a_button_and_its_buttons_roll() -> None:
    device = MouseKeyboard(shipped_presets()["spartan"])
    assert device.pointer_moved(10, -10, (), VIEW)
    assert device.pointer_pressed("Left", (), VIEW)
    intent = device.read(context())
    assert intent.hovering and intent.angular[0] == -1.0
    np.testing.assert_array_equal(np.sign(intent.shift_W), [0, -1, 1])
    assert device.pointer_released("Left")
    assert not device.read(context()).angular.any()
