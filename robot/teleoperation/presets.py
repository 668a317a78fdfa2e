"""Presets: which key, drag or wheel does what, as data. Two ship with the product; edited ones are kept in settings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import msgspec

from core.errors import InputError
from robot.teleoperation.triggers import Trigger, collisions

PRESETS = Path(__file__).resolve().parents[2] / "resources" / "presets"


class DriveAction(StrEnum):
    """Everything a binding can do."""

    FORWARD = "forward"
    BACKWARD = "backward"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    TILT_UP = "tilt_up"
    TILT_DOWN = "tilt_down"
    ROLL_LEFT = "roll_left"
    ROLL_RIGHT = "roll_right"
    GRIPPER_OPEN = "gripper_open"
    GRIPPER_CLOSE = "gripper_close"
    GRIPPER_WIDER = "gripper_wider"
    GRIPPER_NARROWER = "gripper_narrower"
    HOME = "home"
    UNDO_HOME = "undo_home"
    SPEED_1 = "speed_1"
    SPEED_2 = "speed_2"
    SPEED_3 = "speed_3"
    POINTER_MOVE = "pointer_move"
    POINTER_ROTATE = "pointer_rotate"
    WHEEL_HEIGHT = "wheel_height"
    WHEEL_WIDTH = "wheel_width"


TITLES: dict[DriveAction, str] = {
    DriveAction.FORWARD: "Move forward",
    DriveAction.BACKWARD: "Move back",
    DriveAction.LEFT: "Move left",
    DriveAction.RIGHT: "Move right",
    DriveAction.UP: "Move up",
    DriveAction.DOWN: "Move down",
    DriveAction.TURN_LEFT: "Turn left",
    DriveAction.TURN_RIGHT: "Turn right",
    DriveAction.TILT_UP: "Tilt up",
    DriveAction.TILT_DOWN: "Tilt down",
    DriveAction.ROLL_LEFT: "Roll left",
    DriveAction.ROLL_RIGHT: "Roll right",
    DriveAction.GRIPPER_OPEN: "Open the gripper",
    DriveAction.GRIPPER_CLOSE: "Close the gripper",
    DriveAction.GRIPPER_WIDER: "Gripper wider",
    DriveAction.GRIPPER_NARROWER: "Gripper narrower",
    DriveAction.HOME: "Go home",
    DriveAction.UNDO_HOME: "Go back from home",
    DriveAction.SPEED_1: "First speed",
    DriveAction.SPEED_2: "Second speed",
    DriveAction.SPEED_3: "Third speed",
    DriveAction.POINTER_MOVE: "Move with the pointer",
    DriveAction.POINTER_ROTATE: "Rotate with the pointer",
    DriveAction.WHEEL_HEIGHT: "Height",
    DriveAction.WHEEL_WIDTH: "Gripper width",
}

POINTER_ACTIONS = frozenset({DriveAction.POINTER_MOVE, DriveAction.POINTER_ROTATE})
WHEEL_ACTIONS = frozenset({DriveAction.WHEEL_HEIGHT, DriveAction.WHEEL_WIDTH})


class Axes(StrEnum):
    """Along which axes keys move: as the driving camera sees it, or along the world's."""

    CAMERA = "camera"
    WORLD = "world"


class DragPlane(StrEnum):
    """In which plane a drag moves the hand: the driving camera's image, the table's, or upright before the robot."""

    CAMERA = "camera"
    TABLE = "table"
    UPRIGHT = "upright"


class SpeedLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named share of the rig's speed limit."""

    title: str
    share: float


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bindings and how they drive. ``page_keys`` moves commands of the window out of this preset's way."""

    name: str
    title: str
    description: str
    bindings: dict[DriveAction, tuple[str, ...]]
    axes: Axes = Axes.CAMERA
    drag_plane: DragPlane = DragPlane.CAMERA
    page_keys: dict[str, tuple[str, ...]] = {}
    speeds: tuple[SpeedLevel, ...] = (SpeedLevel("Fine", 0.2), SpeedLevel("Normal", 0.5), SpeedLevel("Fast", 1.0))
    speed: int = 1

    def triggers(self, action: DriveAction) -> tuple[str, ...]:
        return self.bindings.get(action, ())

    def with_binding(self, action: DriveAction, triggers: tuple[str, ...]) -> Preset:
        """A copy in which ``action`` is bound to ``triggers``; InputError for a binding that fits no such action."""
        parsed = tuple(Trigger.parse(text) for text in triggers)
        for trigger in parsed:
            if not fits(action, trigger):
                raise InputError(f"'{trigger}' cannot be bound to '{TITLES[action]}'; {_advice(action)}.")
        return msgspec.structs.replace(self, bindings={**self.bindings, action: tuple(str(t) for t in parsed)})

    def uses(self) -> list[tuple[str, str]]:
        """Every (what for, trigger) of this preset, for the collision check."""
        return [(TITLES[action], trigger) for action, triggers in self.bindings.items() for trigger in triggers]

    def lookup(self) -> dict[Trigger, DriveAction]:
        return {Trigger.parse(text): action for action, triggers in self.bindings.items() for text in triggers}


def fits(action: DriveAction, trigger: Trigger) -> bool:
    """Whether that kind of trigger can do that kind of action."""
    if action in POINTER_ACTIONS:
        return trigger.is_pointer
    if action in WHEEL_ACTIONS:
        return trigger.is_wheel
    return not trigger.is_pointer and not trigger.is_wheel


def _advice(action: DriveAction) -> str:
    if action in POINTER_ACTIONS:
        return "it needs a drag, such as 'Left drag'"
    if action in WHEEL_ACTIONS:
        return "it needs the wheel, such as 'Shift+Wheel'"
    return "it needs a key or a mouse button"


def load_preset(path: Path) -> Preset:
    """Read and check a preset file; InputError names the file and what is wrong."""
    try:
        preset = msgspec.toml.decode(path.read_bytes(), type=Preset)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"The preset {path} cannot be read: {error}.") from error
    check(preset, str(path))
    return preset


def check(preset: Preset, origin: str) -> None:
    """InputError when a binding is malformed, does not fit, or is used twice."""
    for action, triggers in preset.bindings.items():
        preset.with_binding(action, triggers)
    found = collisions(preset.uses())
    if found:
        trigger, first, second = found[0]
        raise InputError(f"In {origin}, '{trigger}' is bound to both '{first}' and '{second}'; change one of them.")
    if not preset.speeds or not 0 <= preset.speed < len(preset.speeds):
        raise InputError(f"In {origin}, speed must be one of the {len(preset.speeds)} speeds, counted from 0.")
    if any(not 0.0 < level.share <= 1.0 for level in preset.speeds):
        raise InputError(f"In {origin}, every speed's share must be over 0 and at most 1.")


def shipped_presets() -> dict[str, Preset]:
    """The presets that come with the product, ours first."""
    found = [load_preset(path) for path in sorted(PRESETS.glob("*.toml"))]
    return {preset.name: preset for preset in found}
