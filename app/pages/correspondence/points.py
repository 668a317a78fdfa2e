"""The points that were gathered: a descriptor set in the making."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap, QPolygonF
from PySide6.QtWidgets import QAbstractItemView, QFrame, QLineEdit, QListWidget, QListWidgetItem

from app.actions import ActionBook
from app.theme import unit
from app.widgets.basics import ActionButton, column, row, text
from app.widgets.choices import Combo, tool
from core.correspondence.descriptor_sets import DescriptorSet, SetPoint

POINT_COLOURS = ("#5aa5ff", "#f2b04b", "#c08bff", "#4fd0d6", "#f58bc0", "#c9c46a", "#b9c2cc", "#ff9d5c")
"""Told apart on pictures, none of them the green and red of the reticles."""


class PointsPanel(QFrame):
    """A list that is edited in place; the page keeps the truth."""

    renamed = Signal(int, str)
    setNamed = Signal(str)
    setChosen = Signal(str)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._filling = False
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the set")
        self.sets = Combo(44, placeholder="Open a set")
        self.sets.setToolTip("Sets that were saved with this model")
        self.list = QListWidget()
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.list.setAccessibleName("Points of the set")
        self.list.installEventFilter(self)
        self._hint = text("Shift and click in the source to add points.", muted=True)
        self._hint.setWordWrap(True)
        naming = row(self.name, ActionButton(book, "points.save", words="Save"), gap=2)
        naming.setStretch(0, 1)
        tools = row(
            ActionButton(book, "points.propose", quiet=True),
            ActionButton(book, "points.sample", quiet=True),
            None,
            tool(book["points.delete"]),
            tool(book["points.clear"]),
            gap=1,
        )
        opening = row(self.sets, None)
        layout = column(margins=(3, 2, 3, 2), gap=2)
        layout.addLayout(naming)
        layout.addLayout(tools)
        layout.addWidget(self._hint)
        layout.addWidget(self.list, 4)
        layout.addStretch(1)
        layout.addLayout(opening)
        self.setLayout(layout)
        self.list.itemChanged.connect(self._edited)
        self.name.editingFinished.connect(lambda: self.setNamed.emit(self.name.text().strip()))
        self.name.returnPressed.connect(self.name.clearFocus)
        self.sets.entered.connect(self.setChosen.emit)

    def show_points(self, points: tuple[SetPoint, ...]) -> None:
        """The points as they are now; what was selected stays so."""
        self._filling = True
        selected = set(self.selected())
        self.list.clear()
        for index, point in enumerate(points):
            item = QListWidgetItem(_diamond(QColor(point.colour)), point.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            where = f"{point.role} at {point.u:.0f}, {point.v:.0f}" if point.role else f"{point.u:.0f}, {point.v:.0f}"
            item.setToolTip(f"{point.name}: {where}. Double click to rename.")
            self.list.addItem(item)
            item.setSelected(index in selected)
        self._hint.setVisible(not points)
        self.list.setVisible(bool(points))
        self._filling = False

    def offer_sets(self, sets: tuple[DescriptorSet, ...], current: str) -> None:
        entries = [(f"{each.name}  ({len(each.points)})", each.id) for each in sets]
        self.sets.offer(entries, current)
        self.sets.setEnabled(bool(entries))
        self.sets.setPlaceholderText("Open a set" if entries else "No set saved yet")
        if not current:
            self.sets.setCurrentIndex(-1)

    def selected(self) -> list[int]:
        return sorted(self.list.row(item) for item in self.list.selectedItems())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Letters would search the list; they are the page's keys."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.text().isprintable():
            event.ignore()
            return bool(event.text())
        return False

    def _edited(self, item: QListWidgetItem) -> None:
        if not self._filling:
            self.renamed.emit(self.list.row(item), item.text().strip())


def _diamond(colour: QColor) -> QIcon:
    size = unit() * 5
    picture = QPixmap(size, size)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    middle, half = size / 2, size * 0.36
    corners = [(middle, middle - half), (middle + half, middle), (middle, middle + half), (middle - half, middle)]
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.end()
    return QIcon(picture)
