"""The presets this person has: the shipped ones, edited or not, kept in the settings."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from app.actions import ActionBook
from app.settings import Setting, Settings
from core.errors import InputError
from robot.teleoperation.presets import TITLES, Axes, DragPlane, DriveAction, Preset, check, shipped_presets

_LOG = logging.getLogger(__name__)
_CURRENT = Setting("driving.preset", str, "reticle")
_EDITED: Setting[dict[str, dict[str, Any]]] = Setting("driving.edited", dict[str, dict[str, Any]], {})


class Bindings(QObject):
    """The current preset and changes to it. A change that collides is refused in words."""

    changed = Signal(object)

    def __init__(self, settings: Settings, book: ActionBook) -> None:
        super().__init__()
        self._settings, self._book = settings, book
        self._shipped = shipped_presets()
        self._edited = self._load()
        name = settings.get(_CURRENT)
        self._name = name if name in self._shipped else next(iter(self._shipped))
        book.use_preset(self.current)

    @property
    def presets(self) -> list[Preset]:
        return [self._edited.get(name, preset) for name, preset in self._shipped.items()]

    @property
    def current(self) -> Preset:
        return self._edited.get(self._name, self._shipped[self._name])

    @property
    def is_edited(self) -> bool:
        return self._name in self._edited

    def choose(self, name: str) -> None:
        """Use another preset."""
        if name in self._shipped and name != self._name:
            self._name = name
            self._settings.put(_CURRENT, name)
            self._announce()

    def bind(self, action: DriveAction, triggers: tuple[str, ...]) -> None:
        """Bind an action anew; InputError when the trigger is taken or cannot do that."""
        preset = self.current.with_binding(action, triggers)
        taken = _taken_by(preset, action)
        if taken:
            raise InputError(f"'{triggers[0]}' is already '{taken}'; change that first.")
        self._book.check(preset)
        self._keep(preset)

    def drive_with(self, *, axes: Axes | None = None, drag_plane: DragPlane | None = None) -> None:
        """Choose the axes of the keys or the plane of drags."""
        preset = self.current
        self._keep(
            msgspec.structs.replace(preset, axes=axes or preset.axes, drag_plane=drag_plane or preset.drag_plane)
        )

    def reset(self) -> None:
        """Back to what the preset came with."""
        if self._edited.pop(self._name, None) is not None:
            self._store()
            self._announce()

    def _keep(self, preset: Preset) -> None:
        if preset == self._shipped[self._name]:
            self._edited.pop(self._name, None)
        else:
            self._edited[self._name] = preset
        self._store()
        self._announce()

    def _announce(self) -> None:
        self._book.use_preset(self.current)
        self.changed.emit(self.current)

    def _store(self) -> None:
        stored = {name: msgspec.to_builtins(preset, str_keys=True) for name, preset in self._edited.items()}
        self._settings.put(_EDITED, stored)

    def _load(self) -> dict[str, Preset]:
        """A stored preset that is no longer valid is left out, the others stay."""
        found = {}
        for name, stored in self._settings.get(_EDITED).items():
            try:
                preset = msgspec.convert(stored, Preset)
                check(preset, f"your preset '{name}'")
            except (msgspec.ValidationError, InputError) as error:
                _LOG.warning("an edited preset was left out: %s", error)
                continue
            if name in self._shipped:
                found[name] = preset
        return found


def _taken_by(preset: Preset, action: DriveAction) -> str:
    mine = set(preset.triggers(action))
    for other, triggers in preset.bindings.items():
        if other is not action and mine & set(triggers):
            return TITLES[other]
    return ""
