"""The chosen runs: how they stand, what can be done with them, their settings or those in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QFrame, QHeaderView, QLineEdit, QProgressBar, QTableWidget, QTableWidgetItem

from app.actions import ActionBook
from app.pages.train.lines import KINDS, STATES, RunLine, setting_words, settings
from app.theme import unit
from app.widgets.basics import ActionButton, ElidedLabel, column, row, text
from app.widgets.choices import tool
from app.widgets.rows import dress
from app.workers.trainings import Standing

_BUTTONS = ("run.resume", "run.pause", "run.next", "run.end", "run.inspect", "run.deploy")


class RunDetails(QFrame):
    """Shows and asks; the page decides."""

    renamed = Signal(str)
    noted = Signal(str)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._runs: tuple[str, ...] = ()
        self._title = ElidedLabel()
        self._title.setProperty("heading", True)
        self._words = text("", muted=True)
        self._words.setWordWrap(True)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self.name, self.note = QLineEdit(), QLineEdit()
        for field, words, signal in ((self.name, "Name", self.renamed), (self.note, "Note", self.noted)):
            field.setPlaceholderText(words)
            field.setAccessibleName(f"{words} of the run")
            field.returnPressed.connect(field.clearFocus)
            field.editingFinished.connect(lambda field=field, signal=signal: self._edited(field, signal))
        self._buttons = {name: ActionButton(book, name) for name in _BUTTONS}
        self.table = QTableWidget()
        dress(self.table, unit() * 6)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self._heading = text("", small=True, muted=True)
        top = row(gap=1)
        top.addWidget(self._title, 1)
        top.addWidget(tool(book["run.trash"]))
        buttons = row(gap=1)
        for button in self._buttons.values():
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = column(margins=(3, 2, 2, 2), gap=2)
        layout.addLayout(top)
        layout.addWidget(self._words)
        layout.addWidget(self._bar)
        layout.addLayout(buttons)
        layout.addLayout(column(self.name, self.note, gap=1))
        layout.addWidget(self._heading)
        layout.addWidget(self.table, 100)
        layout.addStretch(1)
        self.setLayout(layout)
        self.setMinimumWidth(unit() * 62)
        self.show_runs((), None, frozenset())

    def show_runs(self, lines: Sequence[RunLine], standing: Standing | None, allowed: frozenset[str]) -> None:
        """``standing``: of the running one, if it is chosen; ``allowed``: the actions that make sense for these."""
        one = lines[0] if len(lines) == 1 else None
        runs = tuple(line.run.id for line in lines)
        self._title.setText(one.name if one is not None else f"{len(lines)} runs" if lines else "No run is chosen")
        self._words.setText(_state_words(one, standing) if one is not None else "")
        self._words.setVisible(bool(self._words.text()))
        self._bar.setVisible(standing is not None)
        if standing is not None:
            known = standing.fraction >= 0
            self._bar.setRange(0, 1000 if known else 0)
            self._bar.setValue(round(1000 * max(0.0, standing.fraction)))
        for name, button in self._buttons.items():
            button.setVisible(name in allowed)
        for field, words in ((self.name, one.name if one else ""), (self.note, one.run.notes if one else "")):
            field.setVisible(one is not None)
            if runs != self._runs or not field.isModified():
                field.setText(words)
                field.setCursorPosition(0)
        if runs != self._runs:
            self._show_settings(lines)
        self._runs = runs

    def _show_settings(self, lines: Sequence[RunLine]) -> None:
        rows = settings(lines) if lines else []
        several = len(lines) > 1
        self._heading.setText(("What differs" if rows else "The settings are the same") if several else "Settings")
        self._heading.setVisible(bool(lines))
        self.table.clear()
        self.table.setVisible(bool(rows))
        self.table.setColumnCount(1 + len(lines))
        self.table.setRowCount(len(rows))
        self.table.setHorizontalHeaderLabels(["", *(line.name for line in lines)])
        self.table.horizontalHeader().setVisible(several)
        for place, line in enumerate(lines, start=1):
            self.table.horizontalHeaderItem(place).setToolTip(line.name)
        self._share_width(several)
        for index, (name, values) in enumerate(rows):
            for place, words in enumerate((setting_words(name), *values)):
                item = QTableWidgetItem(words)
                item.setToolTip(words)
                self.table.setItem(index, place, item)

    def show_colours(self, colours: dict[str, QColor]) -> None:
        """The colour of every run's curve, over its column."""
        for place, run in enumerate(self._runs, start=1):
            heading = self.table.horizontalHeaderItem(place)
            if heading is not None and run in colours:
                plate = QPixmap(2 * unit(), 2 * unit())
                plate.fill(colours[run])
                heading.setIcon(QIcon(plate))

    def _share_width(self, several: bool) -> None:
        """Values share what the names leave, and scroll when that is too little."""
        header = self.table.horizontalHeader()
        header.setMinimumSectionSize(unit() * (18 if several else 4))
        header.setMaximumSectionSize(unit() * 44)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)

    def edit(self, field: QLineEdit) -> None:
        """Put the cursor there."""
        field.setFocus()
        field.selectAll()

    def _edited(self, field: QLineEdit, signal: Signal) -> None:
        if field.isModified():
            field.setModified(False)
            signal.emit(field.text().strip())


def _state_words(line: RunLine, standing: Standing | None) -> str:
    state = f"{KINDS[line.run.kind]}, {STATES[line.run.status][1].lower()}"
    if standing is not None:
        return f"{state}. {standing.words}"
    return f"{state}. {line.run.message}" if line.run.message else f"{state}."
