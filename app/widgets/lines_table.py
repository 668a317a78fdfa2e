"""A table of lines: what its columns say, sort by and look like is data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from app.icons import paint_icon
from app.theme import Role, outcome_colour, unit
from app.widgets.rows import dress, paint_ground, paint_line

_ROW_UNITS = 7
_ICON_UNITS = 3.6
_LINE = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex
Sign = tuple[str, bool | None]
"""An icon, in the colour of success, of failure, or of neither."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, what it sorts by, what it says; widths in units, as wanted and at least."""

    title: str
    value: Callable[[Any], Any]
    words: Callable[[Any], str]
    wanted: int
    least: int
    right: bool = False
    sign: Callable[[Any], Sign] | None = None


class LinesModel(QAbstractTableModel):
    """Lines of one kind; ``key`` tells them apart."""

    def __init__(self, columns: Sequence[Column], key: Callable[[Any], Any]) -> None:
        super().__init__()
        self.columns, self.key = tuple(columns), key
        self.lines: tuple[Any, ...] = ()

    def show(self, lines: Sequence[Any]) -> None:
        """Take the new lines; what is chosen stays while the same ones are there."""
        if list(map(self.key, lines)) != list(map(self.key, self.lines)):
            self.beginResetModel()
            self.lines = tuple(lines)
            self.endResetModel()
        elif lines:
            self.lines = tuple(lines)
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(self.columns) - 1))

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def columnCount(self, parent: _Index | None = None) -> int:
        return len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self.lines[index.row()]
        if role == _LINE:
            return line
        wanted = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
        return self.columns[index.column()].words(line) if wanted else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and column.right:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return column.title if role == Qt.ItemDataRole.DisplayRole else None


class _Order(QSortFilterProxyModel):
    """In order; what is not known comes last, whichever way it is sorted."""

    def __init__(self, model: LinesModel) -> None:
        super().__init__()
        self._model = model
        self.setSourceModel(model)

    def lessThan(self, left: _Index, right: _Index) -> bool:
        value, lines = self._model.columns[left.column()].value, self._model.lines
        first, second = value(lines[left.row()]), value(lines[right.row()])
        if first is None or second is None:
            last = self.sortOrder() == Qt.SortOrder.AscendingOrder
            return second is None and first is not None if last else first is None and second is not None
        return bool(first < second)


class _Delegate(QStyledItemDelegate):
    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self._columns = columns

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        line, column, u = index.data(_LINE), self._columns[index.column()], unit()
        left = 2 * u
        if column.sign is not None:
            name, success = column.sign(line)
            colour = option.palette.color(Role.PlaceholderText)
            colour = colour if success is None else outcome_colour(option.palette, success)
            size = _ICON_UNITS * u
            paint_icon(
                painter,
                name,
                QRectF(option.rect.left() + left, option.rect.center().y() - size / 2, size, size),
                colour,
            )
            left += round(size + 1.5 * u)
        painter.setPen(option.palette.color(Role.Text))
        paint_line(painter, option.rect.adjusted(left, 0, -2 * u, 0), column.words(line), right=column.right)
        painter.restore()


class LinesTable(QTableView):
    """Several lines can be chosen at once. Columns share the room; where there is too little, the table scrolls."""

    choiceChanged = Signal()
    opened = Signal()

    def __init__(self, model: LinesModel, name: str) -> None:
        super().__init__()
        self.lines = model
        self._order = _Order(model)
        self._quiet = False
        self._delegate = _Delegate(model.columns)
        self.setModel(self._order)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(name)
        dress(self, unit() * _ROW_UNITS)
        self.setSortingEnabled(True)
        self._order.sort(-1)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        lines = max(column.title.count("\n") + 1 for column in model.columns)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideNone)  # which takes two lines for one
        self.horizontalHeader().setFixedHeight((3 + 4 * lines) * unit())
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.selectionModel().selectionChanged.connect(lambda *_: self._announce())
        self.doubleClicked.connect(lambda _: self.opened.emit())

    @property
    def chosen(self) -> tuple[Any, ...]:
        """The chosen lines, in the order of the table."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return tuple(index.data(_LINE) for index in rows)

    def show_lines(self, lines: Sequence[Any]) -> None:
        """What was chosen stays chosen as far as it is still there, else the first line is."""
        chosen = tuple(map(self.lines.key, self.chosen))
        self._quiet = True
        self.lines.show(lines)
        self._quiet = False
        self.choose(chosen)

    def choose(self, keys: Sequence[Any]) -> None:
        """Choose those lines as far as they are there, else the first one."""
        every = range(self._order.rowCount())
        rows = [row for row in every if self.lines.key(self._order.index(row, 0).data(_LINE)) in keys] or list(
            every[:1]
        )
        selection = QItemSelection()
        for row in rows:
            selection.select(self._order.index(row, 0), self._order.index(row, len(self.lines.columns) - 1))
        self._quiet = True
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if rows:
            here = self._order.index(rows[0], 0)
            self.selectionModel().setCurrentIndex(here, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.scrollTo(here)
        self._quiet = False
        self._announce()

    def _announce(self) -> None:
        if not self._quiet:
            self.choiceChanged.emit()

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        u, columns = unit(), self.lines.columns
        spare = max(0, self.viewport().width() - sum(column.least for column in columns) * u)
        wishes = max(1, sum(column.wanted - column.least for column in columns))
        for index, column in enumerate(columns):
            self.setColumnWidth(index, column.least * u + spare * (column.wanted - column.least) // wishes)
