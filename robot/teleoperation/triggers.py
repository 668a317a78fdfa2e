"""The names of what a hand can press, drag or turn: ``I``, ``Shift+H``, ``Left drag``, ``Ctrl+Wheel``.

Names of keys are Qt's portable ones, so that a binding reads the same in a file, in the bindings panel and in a menu.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import InputError

MODIFIERS = ("Ctrl", "Alt", "Shift", "Meta")
POINTER_TRIGGERS = ("Left drag", "Middle drag", "Right drag", "Pointer")
BUTTON_TRIGGERS = ("Left button", "Middle button", "Right button")
WHEEL_TRIGGER = "Wheel"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A key, pointer, button or wheel with its modifiers."""

    modifiers: tuple[str, ...]
    name: str

    @staticmethod
    def parse(text: str) -> Trigger:
        """Read ``Shift+Left drag``; InputError when there is no name or an unknown modifier."""
        head, name = _split(text.strip())
        modifiers = [part.strip().title() for part in head]
        unknown = [modifier for modifier in modifiers if modifier not in MODIFIERS]
        if unknown or not name:
            raise InputError(f"'{text}' is not a binding; write it like 'Shift+H', 'Left drag' or 'Ctrl+Wheel'.")
        return Trigger(tuple(m for m in MODIFIERS if m in modifiers), _spelled(name))

    def __str__(self) -> str:
        return "+".join((*self.modifiers, self.name))

    @property
    def is_pointer(self) -> bool:
        return self.name in POINTER_TRIGGERS

    @property
    def is_wheel(self) -> bool:
        return self.name == WHEEL_TRIGGER

    @property
    def is_key(self) -> bool:
        return not (self.is_pointer or self.is_wheel or self.name in BUTTON_TRIGGERS)

    def collides_with(self, other: Trigger) -> bool:
        """The same press, or a drag and a hold of the same button."""
        return self.modifiers == other.modifiers and _physical(self.name) == _physical(other.name)


def _split(text: str) -> tuple[list[str], str]:
    if text == "+" or text.endswith("++"):
        return [part for part in text[:-1].split("+") if part], "+"
    *head, name = text.split("+")
    return head, name.strip()


def _spelled(name: str) -> str:
    for known in (*POINTER_TRIGGERS, *BUTTON_TRIGGERS, WHEEL_TRIGGER):
        if name.casefold() == known.casefold():
            return known
    return name.upper() if len(name) == 1 else name


def _physical(name: str) -> str:
    """A drag and a hold of a button are the same press; ``Left`` alone is a key."""
    return name.replace(" drag", " button")


def collisions(uses: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Pairs of uses that fight for one press. ``uses``: (what for, trigger). Returns (trigger, first, second)."""
    found: list[tuple[str, str, str]] = []
    parsed = [(label, Trigger.parse(text)) for label, text in uses]
    for index, (label, trigger) in enumerate(parsed):
        for other_label, other in parsed[index + 1 :]:
            if trigger.collides_with(other):
                found.append((str(trigger), label, other_label))
    return found
