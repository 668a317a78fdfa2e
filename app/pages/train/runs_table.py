"""The table of runs: state with a shape and a word, sorted by a click, found by words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from app.icons import paint_icon
from app.pages.train.lines import COLUMNS, STATES, WHEN, RunLine, matches
from app.theme import Role, outcome_colour, unit
from app.widgets.rows import dress, paint_ground, paint_line

ROW_UNITS = 8
_Index = QModelIndex | QPersistentModelIndex
_LINE = Qt.ItemDataRole.UserRole


class RunModel(QAbstractTableModel):
    """All runs, the newest first."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[RunLine, ...] = ()

    def show(self, lines: tuple[RunLine, ...]) -> None:
        """Take the new rows; what is chosen and where it stands stays while the same runs are there."""
        if [line.run.id for line in lines] != [line.run.id for line in self.lines]:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()
        elif lines:
            self.lines = lines
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(COLUMNS) - 1))

    def report(self, run: str, metrics: Mapping[str, Any]) -> None:
        """What a running one says of itself now."""
        for row, line in enumerate(self.lines):
            if line.run.id == run:
                known = {name: value for name, value in metrics.items() if value is not None}
                changed = replace(line, newest={**line.newest, **known})
                self.lines = (*self.lines[:row], changed, *self.lines[row + 1 :])
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def columnCount(self, parent: _Index | None = None) -> int:
        return len(COLUMNS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line, column = self.lines[index.row()], COLUMNS[index.column()]
        if role == _LINE:
            return line
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.run.message if column.title == "State" else column.words(line)
        return column.words(line) if role == Qt.ItemDataRole.DisplayRole else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and COLUMNS[section].right:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return COLUMNS[section].title if role == Qt.ItemDataRole.DisplayRole else None


class RunOrder(QSortFilterProxyModel):
    """Those that contain the words, in order; what is not known comes last, whichever way it is sorted."""

    def __init__(self, model: RunModel) -> None:
        super().__init__()
        self.setSourceModel(model)
        self._model = model
        self._words = ""

    def search(self, words: str) -> None:
        self.beginResetModel()
        self._words = words
        self.endResetModel()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        said = super().headerData(section, orientation, role)
        if role != Qt.ItemDataRole.DisplayRole or section != self.sortColumn():
            return said
        return f"{said}  {'↓' if self.sortOrder() == Qt.SortOrder.DescendingOrder else '↑'}"

    def filterAcceptsRow(self, row: int, parent: _Index) -> bool:
        return matches(self._model.lines[row], self._words)

    def lessThan(self, left: _Index, right: _Index) -> bool:
        value = COLUMNS[left.column()].value
        first, second = value(self._model.lines[left.row()]), value(self._model.lines[right.row()])
        if first is None or second is None:
            last = self.sortOrder() == Qt.SortOrder.AscendingOrder
            return second is None and first is not None if last else first is None and second is not None
        return bool(first < second)


class RunDelegate(QStyledItemDelegate):
    """Paints a cell; the colour of a run's curve stands beside its name."""

    def __init__(self) -> None:
        super().__init__()
        self.colours: dict[str, QColor] = {}

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        line, column = index.data(_LINE), COLUMNS[index.column()]
        u, left = unit(), 2 * unit()
        painter.setPen(option.palette.color(Role.Text))
        if column.title == "State":
            left += self._paint_state(painter, option, line)
        elif column.title == "Name" and line.run.id in self.colours:
            painter.fillRect(
                QRectF(option.rect.left() + u, option.rect.top() + 2 * u, u, option.rect.height() - 4 * u),
                self.colours[line.run.id],
            )
            left += u
        room = option.rect.adjusted(left, 0, -2 * u, 0)
        paint_line(painter, room, column.words(line), right=column.right)
        painter.restore()

    def _paint_state(self, painter: QPainter, option: QStyleOptionViewItem, line: RunLine) -> int:
        u = unit()
        size = 3.6 * u
        colours = {"done": outcome_colour(option.palette, True), "failed": outcome_colour(option.palette, False)}
        colours["running"] = option.palette.color(Role.Accent)
        colour = colours.get(line.run.status, option.palette.color(Role.PlaceholderText))
        place = QRectF(option.rect.left() + 2 * u, option.rect.center().y() - size / 2, size, size)
        paint_icon(painter, STATES[line.run.status][0], place, colour)
        return round(size + 1.5 * u)


class RunTable(QTableView):
    """Several runs can be chosen at once."""

    choiceChanged = Signal()
    opened = Signal()

    def __init__(self, model: RunModel) -> None:
        super().__init__()
        self.order = RunOrder(model)
        self.delegate = RunDelegate()
        self.setModel(self.order)
        self.setItemDelegate(self.delegate)
        dress(self, unit() * ROW_UNITS)
        self.setSortingEnabled(True)
        self.sortByColumn(WHEN, Qt.SortOrder.DescendingOrder)
        self.horizontalHeader().setMinimumSectionSize(unit() * min(column.least for column in COLUMNS))
        self._quiet = False
        self.selectionModel().selectionChanged.connect(lambda *_: self._announce())
        self.doubleClicked.connect(lambda _: self.opened.emit())

    @property
    def chosen(self) -> tuple[RunLine, ...]:
        """The chosen runs, in the order of the table."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return tuple(index.data(_LINE) for index in rows)

    def choose(self, runs: tuple[str, ...]) -> None:
        """Choose those runs as far as they are in sight, else the first one."""
        chosen = QItemSelection()
        every = range(self.order.rowCount())
        rows = [row for row in every if self._line(row).run.id in runs] or list(every[:1])
        for row in rows:
            chosen.select(self.order.index(row, 0), self.order.index(row, len(COLUMNS) - 1))
        self._quiet = True
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if rows:
            here = self.order.index(rows[0], 0)
            self.selectionModel().setCurrentIndex(here, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(here)
        self._quiet = False
        self._announce()

    def show_colours(self, colours: dict[str, QColor]) -> None:
        """Beside the names of several runs; one needs nothing to tell it apart."""
        self.delegate.colours = colours if len(colours) > 1 else {}
        self.viewport().update()

    def _line(self, row: int) -> RunLine:
        line: RunLine = self.order.index(row, 0).data(_LINE)
        return line

    def _announce(self) -> None:
        if not self._quiet:
            self.choiceChanged.emit()

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here; there is a search field."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Share the width out; the last columns give way where there is no room."""
        room, u = self.viewport().width(), unit()
        shown = len(COLUMNS)
        while shown > 1 and sum(column.least for column in COLUMNS[:shown]) * u > room:
            shown -= 1
        spare = room - sum(column.least for column in COLUMNS[:shown]) * u
        wishes = sum(column.wanted - column.least for column in COLUMNS[:shown])
        for index, column in enumerate(COLUMNS):
            self.setColumnHidden(index, index >= shown)
            self.setColumnWidth(index, column.least * u + spare * (column.wanted - column.least) // max(1, wishes))
