"""Beside the views: the attempts since the window was opened, and how often the policy succeeds in them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QSizePolicy

from app.actions import ActionBook
from app.pages.scores.columns import ATTEMPT_COLUMNS
from app.theme import unit
from app.widgets.basics import ActionButton, column, row, text
from app.widgets.choices import Segments
from app.widgets.lines_table import LinesModel, LinesTable
from core.attempts import words
from core.library.attempts import AttemptRow, score_of

_SHOWN = ("Outcome", "Trial", "Time", "Disturbance", "Taken over")


class SessionPanel(QFrame):
    """A row for every attempt, the newest first."""

    noteWritten = Signal(str)
    choiceChanged = Signal()

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.tally = text("")
        self.tally.setWordWrap(True)
        self.of = Segments(("This session", "All"), ("Attempts since the window was opened", "Every attempt of it"))
        self.of.choose(0)
        columns = [each for each in ATTEMPT_COLUMNS if each.title in _SHOWN]
        self.table = LinesTable(LinesModel(columns, lambda attempt: attempt.id), "Attempts")
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note")
        self.note.editingFinished.connect(lambda: self.noteWritten.emit(self.note.text().strip()))
        self.note.returnPressed.connect(self.note.clearFocus)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(unit() * 70)
        layout = column(margins=(0, 0, 0, 0), gap=0)
        layout.addLayout(row(text("Attempts", heading=True), None, self.of, margins=(3, 2, 3, 2)))
        layout.addLayout(column(self.tally, margins=(3, 0, 3, 2)))
        layout.addWidget(self.table, 1)
        layout.addLayout(column(self.note, margins=(2, 2, 2, 0)))
        review = row(margins=(2, 2, 2, 2), gap=1)
        for name in ("deploy.open", "deploy.correct"):
            review.addWidget(ActionButton(book, name, quiet=True))
        review.addStretch(1)
        layout.addLayout(review)
        self.setLayout(layout)
        self.table.choiceChanged.connect(self.choiceChanged.emit)

    def show_attempts(self, attempts: Sequence[AttemptRow], newest: str = "") -> None:
        """Oldest first; ``newest``: the one that has just ended is chosen."""
        self.tally.setText(words.successes(score_of(list(attempts))) + _left_out(attempts))
        self.table.show_lines(tuple(reversed(attempts)))
        if newest:
            self.table.choose([newest])

    @property
    def chosen(self) -> tuple[AttemptRow, ...]:
        return self.table.chosen


def _left_out(attempts: Sequence[AttemptRow]) -> str:
    count = len(attempts) - score_of(list(attempts)).trials
    return f"; {count} not counted" if count else ""
