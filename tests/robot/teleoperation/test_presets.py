"""Presets and bindings: nothing collides, wrong bindings are refused in words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from core.errors import InputError
from robot.teleoperation.presets import PRESETS, DriveAction, Preset, check, load_preset, shipped_presets
from robot.teleoperation.triggers import Trigger, collisions


def test_ours_and_spartans_presets_ship() -> None:
    assert set(shipped_presets()) == {"reticle", "spartan"}


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_no_two_bindings_of_a_preset_collide(path: Path) -> None:
    assert collisions(load_preset(path).uses()) == []


@pytest.mark.parametrize("preset", shipped_presets().values(), ids=lambda preset: preset.name)
def test_a_preset_reaches_every_axis_the_gripper_and_home(preset: Preset) -> None:
    keys = {action for action in DriveAction if preset.triggers(action)}
    assert keys >= set(DriveAction) - {DriveAction.POINTER_ROTATE}


@pytest.mark.parametrize(
    ("first", "second"),
    [("A", "a"), ("Ctrl+Shift+B", "shift+ctrl+b"), ("Left drag", "Left button"), ("wheel", "Wheel")],
)
def test_the_same_press_written_differently_collides(first: str, second: str) -> None:
    assert collisions([("one", first), ("two", second)])


@pytest.mark.parametrize(("first", "second"), [("A", "Shift+A"), ("Left drag", "Right drag"), ("Left", "Left drag")])
def test_different_presses_do_not_collide(first: str, second: str) -> None:
    assert collisions([("one", first), ("two", second)]) == []


def test_a_binding_that_fits_no_such_action_is_refused() -> None:
    preset = shipped_presets()["reticle"]
    with pytest.raises(InputError, match="needs a drag"):
        preset.with_binding(DriveAction.POINTER_MOVE, ("K",))
    with pytest.raises(InputError, match="needs a key"):
        preset.with_binding(DriveAction.FORWARD, ("Wheel",))


def test_an_edited_preset_survives_being_stored() -> None:
    edited = shipped_presets()["reticle"].with_binding(DriveAction.HOME, ("Shift+Home",))
    stored = msgspec.json.decode(msgspec.json.encode(edited), type=Preset)
    assert stored.triggers(DriveAction.HOME) == ("Shift+Home",) and stored == edited


def test_a_preset_with_a_key_used_twice_is_refused_by_name() -> None:
    preset = shipped_presets()["reticle"].with_binding(DriveAction.HOME, ("Q",))
    with pytest.raises(InputError, match="'Q' is bound to both 'Turn left' and 'Go home'"):
        check(preset, "mine.toml")


def test_plus_is_a_key_too() -> None:
    assert Trigger.parse("Ctrl++") == Trigger(("Ctrl",), "+")
