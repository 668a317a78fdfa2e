"""What the window tells the person: quiet messages that end by themselves, and errors with one button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal


class Tone(StrEnum):
    """How a message is meant."""

    QUIET = "quiet"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence and, when there is a next step, one button. Errors stay until they are closed."""

    text: str
    tone: Tone = Tone.QUIET
    button: str = ""
    action: Callable[[], None] | None = None
    key: str = ""
    """A newer message with the same key takes the place of the older one."""


class Messenger(QObject):
    """Anyone may say something; the main window shows it."""

    said = Signal(object)
    withdrawn = Signal(str)
    outdated = Signal(object)

    def say(self, text: str, button: str = "", action: Callable[[], None] | None = None, key: str = "") -> None:
        self.said.emit(Message(text, Tone.QUIET, button, action, key))

    def complain(self, text: str, button: str = "", action: Callable[[], None] | None = None, key: str = "") -> None:
        self.said.emit(Message(text, Tone.ERROR, button, action, key))

    def withdraw(self, key: str) -> None:
        """Take back messages that no longer hold."""
        self.withdrawn.emit(key)

    def withdraw_offers(self, action: Callable[[], None]) -> None:
        """Take back messages whose button would do something else by now."""
        self.outdated.emit(action)
