"""Global keys are opt-in and say why when they cannot work."""

from __future__ import annotations

import pytest

from core.errors import DeviceError
from robot.teleoperation.global_listener import GlobalKeys, key_name, why_unavailable


def test_without_a_display_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert "display" in why_unavailable()
    with pytest.raises(DeviceError, match="display"):
        GlobalKeys(print, print).start()


def test_on_wayland_it_names_wayland(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr("sys.platform", "linux")
    assert "Wayland" in why_unavailable()


def test_repeats_are_swallowed_and_names_are_portable() -> None:
    class Key:
        def __init__(self, char: str | None = None, name: str | None = None) -> None:
            self.char, self.name = char, name

    pressed: list[str] = []
    released: list[str] = []
    keys = GlobalKeys(pressed.append, released.append)
    for _ in range(3):
        keys._press(Key(char="q"))
    keys._release(Key(char="q"))
    assert (pressed, released) == (["Q"], ["Q"])
    assert key_name(Key(name="page_up")) == "PgUp" and key_name(Key(name="f13")) == ""
