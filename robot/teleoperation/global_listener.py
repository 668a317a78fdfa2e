"""Opt-in: keys from anywhere on the desktop, through pynput. It moves the robot while another window has the focus."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from core.errors import DeviceError

_NAMES = {
    "page_up": "PgUp",
    "page_down": "PgDown",
    "delete": "Del",
    "enter": "Return",
    "esc": "Esc",
    "space": "Space",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "tab": "Tab",
    "backspace": "Backspace",
}


def why_unavailable() -> str:
    """One sentence that says why global keys cannot work here; empty when they can."""
    if sys.platform.startswith("linux"):
        if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
            return "This desktop runs Wayland, which lets no program listen to keys of other windows."
        if not os.environ.get("DISPLAY"):
            return "There is no X display to listen to."
    try:
        import pynput.keyboard  # noqa: F401
    except Exception as error:  # noqa: BLE001  pynput raises whatever its backend raises
        return f"The pynput package cannot listen here: {error}."
    return ""


class GlobalKeys:
    """Calls ``pressed`` and ``released`` with a key's name from a thread of its own, once per press."""

    def __init__(self, pressed: Callable[[str], None], released: Callable[[str], None]) -> None:
        self._pressed = pressed
        self._released = released
        self._down: set[str] = set()
        self._listener: Any = None

    def start(self) -> None:
        """Begin to listen; DeviceError says why that cannot be."""
        reason = why_unavailable()
        if reason:
            raise DeviceError(reason)
        from pynput import keyboard

        self._listener = keyboard.Listener(on_press=self._press, on_release=self._release)
        self._listener.start()
        self._listener.wait()
        if sys.platform == "darwin" and not getattr(self._listener, "IS_TRUSTED", True):
            self.stop()
            raise DeviceError("macOS does not trust this program to listen to keys; allow it under Accessibility.")

    def stop(self) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        self._down.clear()

    def _press(self, key: Any) -> None:
        name = key_name(key)
        if name and name not in self._down:
            self._down.add(name)
            self._pressed(name)

    def _release(self, key: Any) -> None:
        name = key_name(key)
        if name in self._down:
            self._down.discard(name)
            self._released(name)


def key_name(key: Any) -> str:
    """The portable name of a pynput key; empty for keys that nothing can be bound to."""
    char = getattr(key, "char", None)
    if char:
        return str(char).upper()
    return _NAMES.get(getattr(key, "name", "") or "", "")
