"""What a closed window left: trainings that were under way or waited, with one click to go on with them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QVBoxLayout

from app.actions import ActionBook
from app.pages.train.lines import RunLine
from app.widgets.basics import ActionButton, line, row, text

_NAMED = 3


class LeftRuns(QFrame):
    """A line above the page while there is something to go on with."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._words = text("")
        self._words.setWordWrap(True)
        self.runs: tuple[str, ...] = ()
        inside = row(margins=(3, 2, 2, 2))
        inside.addWidget(self._words, 1)
        for name, primary in (("run.go_on", True), ("run.leave", False)):
            inside.addWidget(ActionButton(book, name, primary=primary))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(inside)
        layout.addWidget(line())
        self.hide()

    @property
    def words(self) -> str:
        return self._words.text()

    def show_runs(self, lines: Sequence[RunLine]) -> None:
        """The paused ones, in the order in which they would go on."""
        self.runs = tuple(each.run.id for each in lines)
        self._words.setText(_words([each.name for each in lines]) if lines else "")
        self.setVisible(bool(lines))


def _words(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"'{names[0]}' was interrupted when the program closed, and can go on."
    named = ", ".join(f"'{name}'" for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"{len(names)} trainings were interrupted when the program closed, and can go on in this order: {named}{more}."
    )
