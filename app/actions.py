"""Every command of the window as data: words, help, icon, keys. F1 is made from this, and so is the collision check.

Pages bring their own actions in their ``INFO``. Which key does what is decided in this order: what the person
changed, what the driving preset needs out of its way, the default here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence

from app.icons import icon
from app.settings import Setting, Settings
from core.errors import InputError
from robot.teleoperation.presets import Preset
from robot.teleoperation.triggers import collisions

KEYS: Setting[dict[str, tuple[str, ...]]] = Setting("keys", dict[str, tuple[str, ...]], {})


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One command. ``page`` is the page on which it works, ``also`` further ones; empty means everywhere."""

    id: str
    text: str
    help: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    group: str = "Window"
    page: str = ""
    checkable: bool = False
    also: tuple[str, ...] = ()

    @property
    def pages(self) -> tuple[str, ...]:
        """All pages on which it works; "" for every one."""
        return (self.page, *self.also)


WINDOW_ACTIONS = (
    ActionSpec(
        "stop", "Stop", "Stop the arm at once. It stays stopped until you re-arm it.", ("Space",), "stop", "Arm"
    ),
    ActionSpec(
        "rearm",
        "Re-arm",
        "Let the arm move again after a stop, from where it is.",
        ("Ctrl+Shift+Space",),
        "check",
        "Arm",
    ),
    ActionSpec("let_go", "Let go", "Give the arm back and leave the field you are typing in.", ("Esc",), "hand", "Arm"),
    ActionSpec("restart_station", "Restart the station", "Start the rig again after it ended.", (), "again", "Arm"),
    ActionSpec("undo", "Undo", "Take back the last change.", ("Ctrl+Z",), "undo"),
    ActionSpec("help", "Keys", "List every key.", ("F1",), "help"),
    ActionSpec("fullscreen", "Full screen", "Use the whole screen.", ("F11",), "maximise", checkable=True),
    ActionSpec("appearance", "Appearance", "Follow the system, or always be light or dark.", ("F10",), "sun"),
    ActionSpec("quit", "Quit", "Stop the arm, finish the recording and close.", ("Ctrl+Q",), "close"),
)


def page_action(index: int, name: str, title: str, icon_name: str) -> ActionSpec:
    """The action that goes to a page: Ctrl and its place on the rail."""
    return ActionSpec(f"page.{name}", title, f"Go to {title}.", (f"Ctrl+{index + 1}",), icon_name, "Pages")


def default_keys(spec: ActionSpec, preset: Preset | None) -> tuple[str, ...]:
    """The keys of a command under a driving preset."""
    return preset.page_keys.get(spec.id, spec.keys) if preset is not None else spec.keys


def uses_on_page(
    specs: Iterable[ActionSpec], page: str, preset: Preset | None, edited: dict[str, tuple[str, ...]] | None = None
) -> list[tuple[str, str]]:
    """Every (what for, key) that is alive on a page, for the collision check."""
    edited = edited or {}
    alive = [spec for spec in specs if spec.page == "" or page in spec.pages]
    return [(spec.text, key) for spec in alive for key in edited.get(spec.id, default_keys(spec, preset))]


def all_collisions(
    specs: Iterable[ActionSpec],
    preset: Preset,
    driving_pages: frozenset[str],
    view_uses: Iterable[tuple[str, str]] = (),
    edited: dict[str, tuple[str, ...]] | None = None,
) -> list[tuple[str, str, str]]:
    """Presses that would do two things on some page. Bindings of the preset are alive on ``driving_pages``."""
    specs = tuple(specs)
    found: list[tuple[str, str, str]] = []
    for page in sorted({page for spec in specs for page in spec.pages} | driving_pages):
        uses = uses_on_page(specs, page, preset, edited)
        if page in driving_pages:
            uses += [*preset.uses(), *view_uses]
        found += [collision for collision in collisions(uses) if collision not in found]
    return found


class ActionBook(QObject):
    """The window's ``QAction`` objects by name, with the keys they have now."""

    keysChanged = Signal()

    def __init__(
        self,
        specs: Iterable[ActionSpec],
        settings: Settings,
        driving_pages: frozenset[str] = frozenset(),
        view_uses: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__()
        self._specs = {spec.id: spec for spec in specs}
        self._settings = settings
        self._driving_pages = driving_pages
        self._view_uses = view_uses
        self._edited = {name: keys for name, keys in settings.get(KEYS).items() if name in self._specs}
        self._preset: Preset | None = None
        self._actions = {spec.id: self._make(spec) for spec in self._specs.values()}
        self._apply()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    @property
    def specs(self) -> tuple[ActionSpec, ...]:
        return tuple(self._specs.values())

    @property
    def preset(self) -> Preset | None:
        return self._preset

    def keys(self, name: str) -> tuple[str, ...]:
        """The keys of a command now."""
        return self._edited.get(name, default_keys(self._specs[name], self._preset))

    def icon_of(self, name: str) -> str:
        return self._specs[name].icon

    def use_preset(self, preset: Preset) -> None:
        """Move commands out of the way of a driving preset."""
        self._preset = preset
        self._apply()

    def check(self, preset: Preset) -> None:
        """InputError when a preset's bindings fight with a command's key or with one another."""
        found = all_collisions(self.specs, preset, self._driving_pages, self._view_uses, self._edited)
        if found:
            key, first, second = found[0]
            raise InputError(f"'{key}' would do both '{first}' and '{second}'; choose another.")

    def set_keys(self, name: str, keys: tuple[str, ...]) -> None:
        """Change the keys of a command; InputError when one of them is taken."""
        edited = {**self._edited, name: keys}
        preset = self._preset
        if preset is not None:
            found = all_collisions(self.specs, preset, self._driving_pages, self._view_uses, edited)
        else:
            pages = {page for spec in self.specs for page in spec.pages}
            found = [hit for page in pages for hit in collisions(uses_on_page(self.specs, page, None, edited))]
        if found:
            key, first, second = found[0]
            taken = second if first == self._specs[name].text else first
            raise InputError(f"'{key}' is already '{taken}'; choose another key.")
        self._edited = edited
        self._settings.put(KEYS, self._edited)
        self._apply()

    def reset_keys(self, name: str) -> None:
        """Back to the default."""
        self._edited.pop(name, None)
        self._settings.put(KEYS, self._edited)
        self._apply()

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(icon(spec.icon), spec.text, self)
        action.setAutoRepeat(False)
        action.setCheckable(spec.checkable)
        context = Qt.ShortcutContext.WidgetWithChildrenShortcut if spec.page else Qt.ShortcutContext.WindowShortcut
        action.setShortcutContext(context)
        return action

    def _apply(self) -> None:
        for name, action in self._actions.items():
            spec, keys = self._specs[name], self.keys(name)
            action.setShortcuts([QKeySequence(key) for key in keys])
            hint = f"  {spoken(keys[0])}" if keys else ""
            action.setToolTip(f"{spec.help}{hint}")
        self.keysChanged.emit()


def spoken(key: str) -> str:
    """A key as it is written on the screen."""
    names = {"PgDown": "PgDn", "Return": "Enter", "Up": "↑", "Down": "↓", "Left": "←"}
    names |= {"Right": "→", "Esc": "Esc"}
    *modifiers, last = key.split("+") if not key.endswith("+") else [key]
    return "+".join([*modifiers, names.get(last, last)])
