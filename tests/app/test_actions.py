"""No two keys collide on any page under any preset; keys can be changed, and a taken key is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.actions import ActionBook, ActionSpec, all_collisions
from app.application import all_actions, page_infos
from app.icons import has_icon
from app.settings import Settings
from core.errors import InputError
from robot.teleoperation.presets import DriveAction, Preset, shipped_presets

INFOS = page_infos()
SPECS = all_actions(INFOS)
DRIVING = frozenset(info.name for info in INFOS if info.drives)
VIEW_USES = tuple(use for info in INFOS for use in info.view_uses)
PRESETS = list(shipped_presets().values())


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_no_two_presses_do_two_things_on_any_page(preset: Preset) -> None:
    assert all_collisions(SPECS, preset, DRIVING, VIEW_USES) == []


def test_a_collision_would_be_found() -> None:
    clash = ActionSpec("clash", "Clash", "", ("Q",), page="teleoperate")
    found = all_collisions([*SPECS, clash], PRESETS[0], DRIVING, VIEW_USES)
    assert found == [("Q", "Clash", "Turn left")]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_every_action_has_words_help_and_an_icon_that_exists(spec: ActionSpec) -> None:
    assert spec.text and spec.help.endswith(".") and "!" not in spec.text + spec.help
    assert not spec.icon or has_icon(spec.icon)


def test_names_are_unique() -> None:
    assert len({spec.id for spec in SPECS}) == len(SPECS)


@pytest.fixture
def book(qt: QApplication, tmp_path: Path) -> ActionBook:
    book = ActionBook(SPECS, Settings(tmp_path / "settings.json"), DRIVING, VIEW_USES)
    book.use_preset(PRESETS[0])
    return book


def test_a_changed_key_is_used_and_remembered(book: ActionBook, tmp_path: Path) -> None:
    book.set_keys("record.toggle", ("F9",))
    assert [key.toString() for key in book["record.toggle"].shortcuts()] == ["F9"]
    book._settings.save()
    again = ActionBook(SPECS, Settings(tmp_path / "settings.json"), DRIVING, VIEW_USES)
    assert again.keys("record.toggle") == ("F9",)
    again.reset_keys("record.toggle")
    assert again.keys("record.toggle") == ("R",)


@pytest.mark.parametrize(("name", "key"), [("record.toggle", "Q"), ("record.toggle", "Space"), ("undo", "S")])
def test_a_taken_key_is_refused(book: ActionBook, name: str, key: str) -> None:
    with pytest.raises(InputError, match=f"'{key}' is already"):
        book.set_keys(name, (key,))
    assert book.keys(name) != (key,)


def test_the_same_key_may_do_different_things_on_different_pages(book: ActionBook) -> None:
    assert "S" in book.keys("record.success") and "S" in book.keys("label.success")


def test_a_preset_moves_commands_out_of_its_way_unless_the_person_chose(book: ActionBook) -> None:
    spartan = shipped_presets()["spartan"]
    book.set_keys("record.success", ("F9",))
    book.use_preset(spartan)
    assert book.keys("record.toggle") == ("T",) and book.keys("record.success") == ("F9",)


def test_a_binding_that_takes_a_commands_key_is_refused(book: ActionBook) -> None:
    preset = PRESETS[0].with_binding(DriveAction.FORWARD, ("R",))
    with pytest.raises(InputError, match="'R'"):
        book.check(preset)
