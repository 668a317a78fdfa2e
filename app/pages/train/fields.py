"""Fields of the form: rows with their names to the left, and settings that are folded away."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSpinBox, QWidget

from app.pages.train.data_panel import WIDTH
from app.pages.train.lines import setting_words
from app.theme import unit
from app.widgets.basics import text

_NUMBER_WIDTH = 40
"""Of fields of folded settings, whose names are long."""


@dataclass(frozen=True, slots=True)
class Row:
    """A field with its name."""

    label: QLabel
    field: QWidget

    def show(self, shown: bool) -> None:
        self.label.setVisible(shown)
        self.field.setVisible(shown)


class Rows(QWidget):
    """Fields with their names to the left."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(unit() * 2)
        self._grid.setVerticalSpacing(unit())
        self._grid.setColumnStretch(0, 1)

    def add(self, words: str, field: QWidget) -> Row:
        label = text(words, muted=True)
        field.setAccessibleName(words)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(field, row, 1)
        return Row(label, field)

    def add_words(self, label: QLabel) -> None:
        label.setWordWrap(True)
        self._grid.addWidget(label, self._grid.rowCount(), 0, 1, 2)


def spin(low: int, high: int) -> QSpinBox:
    """For a whole number between those."""
    field = QSpinBox()
    field.setRange(low, high)
    field.setGroupSeparatorShown(True)
    field.lineEdit().setTextMargins(2 * unit(), 0, 0, 0)
    field.setFixedWidth(unit() * WIDTH)
    return field


class Folded(Rows):
    """Settings by their names; an empty field leaves what the preset says."""

    changed = Signal()

    def __init__(self, hints: dict[str, str]) -> None:
        """``hints``: what each setting does, in a sentence."""
        super().__init__()
        self._fields = {name: QLineEdit() for name in hints}
        for name, field in self._fields.items():
            field.setFixedWidth(unit() * _NUMBER_WIDTH)
            field.editingFinished.connect(self.changed.emit)
            field.returnPressed.connect(field.clearFocus)
            row = self.add(setting_words(name), field)
            for widget in (row.label, row.field):
                widget.setToolTip(hints[name])

    def show_defaults(self, config: msgspec.Struct) -> None:
        for name, field in self._fields.items():
            value = config
            for part in name.split("."):
                value = getattr(value, part)
            field.setPlaceholderText(f"{value:g}" if isinstance(value, float) else str(value))

    @property
    def settings(self) -> dict[str, str]:
        return {name: field.text().strip() for name, field in self._fields.items() if field.text().strip()}
