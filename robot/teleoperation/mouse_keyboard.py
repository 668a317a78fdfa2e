"""Mouse and keyboard as one device: pure logic, fed with presses, releases, moves and wheel steps."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from core.geometry import SE3, Array, PinholeCamera
from robot.teleoperation.device import DriveCommand, DriveContext, Intent
from robot.teleoperation.frames import drag_shift, drag_turn
from robot.teleoperation.presets import DragPlane, DriveAction, Preset
from robot.teleoperation.triggers import WHEEL_TRIGGER, Trigger

OPEN_WIDTH_M = 0.110
_WHEEL_HEIGHT_M = 0.01
_WHEEL_WIDTH_M = 0.005
_WHEEL_HOLD_S = 0.3

_RATES: dict[DriveAction, tuple[str, int, float]] = {
    DriveAction.FORWARD: ("linear", 0, 1.0),
    DriveAction.BACKWARD: ("linear", 0, -1.0),
    DriveAction.LEFT: ("linear", 1, 1.0),
    DriveAction.RIGHT: ("linear", 1, -1.0),
    DriveAction.UP: ("linear", 2, 1.0),
    DriveAction.DOWN: ("linear", 2, -1.0),
    DriveAction.ROLL_RIGHT: ("angular", 0, 1.0),
    DriveAction.ROLL_LEFT: ("angular", 0, -1.0),
    DriveAction.TILT_DOWN: ("angular", 1, 1.0),
    DriveAction.TILT_UP: ("angular", 1, -1.0),
    DriveAction.TURN_LEFT: ("angular", 2, 1.0),
    DriveAction.TURN_RIGHT: ("angular", 2, -1.0),
    DriveAction.GRIPPER_WIDER: ("gripper", 0, 1.0),
    DriveAction.GRIPPER_NARROWER: ("gripper", 0, -1.0),
}
_WIDTHS = {DriveAction.GRIPPER_OPEN: OPEN_WIDTH_M, DriveAction.GRIPPER_CLOSE: 0.0}
_COMMANDS = {
    DriveAction.HOME: DriveCommand.HOME,
    DriveAction.UNDO_HOME: DriveCommand.UNDO_HOME,
    DriveAction.SPEED_1: DriveCommand.SPEED_1,
    DriveAction.SPEED_2: DriveCommand.SPEED_2,
    DriveAction.SPEED_3: DriveCommand.SPEED_3,
}


@dataclass(slots=True)
class PointerView:
    """The view under the pointer: its camera's intrinsics and pose, None for a view without a camera."""

    camera: PinholeCamera | None
    X_WC: SE3 | None


class MouseKeyboard:
    """Held keys follow press and release; auto-repeat never reaches this class. See ``TeleoperationDevice``."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self._lookup = preset.lookup()
        self._held: dict[Hashable, DriveAction] = {}
        self._pressed: set[DriveAction] = set()
        self._button: str | None = None
        self._view = PointerView(None, None)
        self._moved_px = np.zeros(2)
        self._turned_px = np.zeros(2)
        self._height_m = 0.0
        self._width_m = 0.0
        self._wanted_width_m: float | None = None
        self._wheel_until_s: float | None = None
        self._wheel_turned = False
        self._commands: list[DriveCommand] = []

    def use(self, preset: Preset) -> None:
        """Change the bindings; everything held is released."""
        self.release_all()
        self.preset = preset
        self._lookup = preset.lookup()

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        self.release_all()

    # What the window feeds ----------------------------------------------------------------------------------------
    def action_of(self, trigger: Trigger) -> DriveAction | None:
        """What a trigger does; with Shift held a key or button falls back to its plain binding."""
        found = self._lookup.get(trigger)
        if found is None and trigger.modifiers == ("Shift",):
            found = self._lookup.get(Trigger((), trigger.name))
        return found

    def press(self, code: Hashable, trigger: Trigger) -> bool:
        """A key or button went down; ``code`` names it until its release. Returns whether it is bound."""
        action = self.action_of(trigger)
        if action is None:
            return False
        if code not in self._held:
            self._held[code] = action
            self._pressed.add(action)
            if action in _COMMANDS:
                self._commands.append(_COMMANDS[action])
            elif action in _WIDTHS:
                self._wanted_width_m = _WIDTHS[action]
        return True

    def release(self, code: Hashable) -> bool:
        """The key or button came up. Returns whether it was held."""
        return self._held.pop(code, None) is not None

    def drags_with(self, button: str, modifiers: tuple[str, ...]) -> bool:
        """Whether a drag with that button drives."""
        return self._pointer_action(f"{button} drag", modifiers) is not None

    def pointer_pressed(self, button: str, modifiers: tuple[str, ...], view: PointerView) -> bool:
        """A button (``Left``, ``Middle``, ``Right``) went down over a view. Returns whether it drives."""
        if self._pointer_action(f"{button} drag", modifiers) is not None:
            self._button, self._view = button, view
            return True
        return self.press(("button", button), Trigger(modifiers, f"{button} button"))

    def pointer_moved(self, du: float, dv: float, modifiers: tuple[str, ...], view: PointerView) -> bool:
        """The pointer moved by ``du, dv`` pixels of the view's image. Returns whether that moves the hand."""
        if self._button is not None:
            action = self._pointer_action(f"{self._button} drag", modifiers)
        else:
            action = self._pointer_action("Pointer", modifiers)
            self._view = view
        if action is DriveAction.POINTER_MOVE:
            self._moved_px += (du, dv)
        elif action is DriveAction.POINTER_ROTATE:
            self._turned_px += (du, dv)
        return action is not None

    def pointer_released(self, button: str) -> bool:
        """The button came up. Returns whether it was driving."""
        if self._button == button:
            self._button = None
            return True
        return self.release(("button", button))

    def wheel_turned(self, steps: float, modifiers: tuple[str, ...]) -> bool:
        """The wheel turned by ``steps`` notches, away from the hand positive. Returns whether it is bound."""
        action = self._lookup.get(Trigger(modifiers, WHEEL_TRIGGER))
        if action is DriveAction.WHEEL_HEIGHT:
            self._height_m += steps * _WHEEL_HEIGHT_M
        elif action is DriveAction.WHEEL_WIDTH:
            self._width_m += steps * _WHEEL_WIDTH_M
        self._wheel_turned = self._wheel_turned or action is not None
        return action is not None

    def _pointer_action(self, name: str, modifiers: tuple[str, ...]) -> DriveAction | None:
        return self._lookup.get(Trigger(modifiers, name)) or (
            self._lookup.get(Trigger((), name)) if modifiers == ("Shift",) else None
        )

    # What the driver reads ----------------------------------------------------------------------------------------
    @property
    def follows_pointer(self) -> bool:
        """Whether the pointer moves the hand without a button."""
        return Trigger((), "Pointer") in self._lookup

    @property
    def held_actions(self) -> frozenset[DriveAction]:
        return frozenset(self._held.values())

    def take_pressed(self) -> frozenset[DriveAction]:
        """What was pressed since the last call, however short."""
        pressed = frozenset(self._pressed)
        self._pressed.clear()
        return pressed

    def release_all(self) -> None:
        self._held.clear()
        self._button = None
        self._moved_px = np.zeros(2)
        self._turned_px = np.zeros(2)
        self._height_m = self._width_m = 0.0
        self._wanted_width_m = None
        self._wheel_turned = False
        self._wheel_until_s = None
        self._commands.clear()

    def read(self, context: DriveContext) -> Intent:
        rates = self._rates()
        shift_W = self._pointer_shift(context)
        shift_W[2] += self._height_m * min(1.0, 2.0 * context.speed)
        dragging = self._button is not None
        intent = Intent(
            linear=rates["linear"],
            angular=rates["angular"],
            shift_W=shift_W,
            turn_W=drag_turn(context.R_WD, self._turned_px[0], self._turned_px[1], context.speed),
            gripper_rate=float(rates["gripper"][0]),
            gripper_shift_m=self._width_m,
            gripper_width_m=self._wanted_width_m,
            dragging=dragging,
            hovering=not dragging and bool(self._moved_px.any()),
            held=dragging or self._holds() or self._wheel_holds(context.now_s),
            commands=tuple(self._commands),
        )
        self._moved_px = np.zeros(2)
        self._turned_px = np.zeros(2)
        self._height_m = self._width_m = 0.0
        self._wanted_width_m = None
        self._commands.clear()
        return intent

    def _holds(self) -> bool:
        return any(action in _RATES or action in _WIDTHS for action in self._held.values())

    def _wheel_holds(self, now_s: float) -> bool:
        """A wheel cannot be held: it counts as held for a moment after each notch."""
        if self._wheel_turned:
            self._wheel_until_s = now_s + _WHEEL_HOLD_S
            self._wheel_turned = False
        return self._wheel_until_s is not None and now_s < self._wheel_until_s

    def _rates(self) -> dict[str, Array]:
        rates = {"linear": np.zeros(3), "angular": np.zeros(3), "gripper": np.zeros(1)}
        for action in set(self._held.values()):
            if action in _RATES:
                kind, axis, sign = _RATES[action]
                rates[kind][axis] += sign
        return rates

    def _pointer_shift(self, context: DriveContext) -> Array:
        du, dv = self._moved_px
        if not du and not dv:
            return np.zeros(3)
        view, plane = self._view, self.preset.drag_plane
        if plane is DragPlane.CAMERA and view.camera is None:
            plane = DragPlane.TABLE
        return drag_shift(plane, view.camera, view.X_WC, context.X_WE.p, du, dv, context.speed)
