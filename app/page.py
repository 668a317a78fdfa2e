"""What a page is. The main window knows no page by name: it takes them from the registry, in order."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.actions import ActionSpec
from core.registry import Registry

PAGES = Registry("app.pages", "page")


@dataclass(frozen=True, slots=True)
class PageInfo:
    """How a page registers. ``drives`` says that driving bindings are alive on it.

    ``view_uses`` are presses in its views that no binding may take, ``hints`` others that F1 lists.
    """

    name: str
    title: str
    icon: str
    order: int
    actions: tuple[ActionSpec, ...] = ()
    drives: bool = False
    view_uses: tuple[tuple[str, str], ...] = ()
    hints: tuple[tuple[str, str], ...] = ()


class Page(QWidget):
    """A page of the window. Constructing it changes nothing; ``entered`` and ``left`` say when it is shown."""

    countChanged = Signal(str)
    """What stands beside the page's name on the rail."""

    def entered(self) -> None:
        """The page is shown now."""

    def left(self) -> None:
        """Another page is shown now."""

    def tick(self) -> None:
        """Called at 30 Hz while the page is shown: paint what is new."""

    def undo(self) -> bool:
        """Take back the newest change that is the page's own; False when the newest edit of an episode is meant."""
        return False

    def let_go(self) -> None:
        """Release the arm and whatever is held."""

    def remember(self) -> None:
        """Store sizes and choices in the settings; called before the window closes."""
