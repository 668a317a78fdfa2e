"""How the rows of every table are painted."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QStyle, QStyleOptionViewItem, QTableView

from app.theme import Role, blend


def paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Chosen or under the pointer, with a line below."""
    palette = option.palette
    base = palette.color(Role.Base)
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, blend(base, palette.color(Role.Accent), 0.22))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(option.rect, blend(base, palette.color(Role.Light), 0.4))
    bottom = option.rect.bottom()
    painter.setPen(palette.color(Role.Midlight))
    painter.drawLine(option.rect.left(), bottom, option.rect.right(), bottom)


def paint_line(painter: QPainter, rect: QRect, words: str, *, right: bool = False) -> None:
    """One line of words; what does not fit ends in an ellipsis."""
    shown = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), shown)


def dress(table: QTableView, row_height: int) -> None:
    """Full rows without a grid, moved through by keys."""
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
    table.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
    table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
    table.setShowGrid(False)
    table.setMouseTracking(True)
    table.setTabKeyNavigation(False)
    table.setFrameShape(QTableView.Shape.NoFrame)
    vertical = table.verticalHeader()
    vertical.hide()
    vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    vertical.setDefaultSectionSize(row_height)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setStretchLastSection(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setTextElideMode(Qt.TextElideMode.ElideRight)
