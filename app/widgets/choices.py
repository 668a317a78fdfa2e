"""Choosing: one of a few in a row, and combo boxes that keep their width."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
)

from app.icons import icon
from app.theme import Role, unit


class Segments(QFrame):
    """A few choices side by side; exactly one is chosen."""

    chosen = Signal(int)

    def __init__(self, titles: tuple[str, ...], tooltips: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.setProperty("segments", True)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._layout = layout
        self.set_titles(titles, tooltips)
        self._group.idClicked.connect(self.chosen.emit)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_titles(self, titles: tuple[str, ...], tooltips: tuple[str, ...] = ()) -> None:
        for button in self._group.buttons():
            self._group.removeButton(button)
            button.deleteLater()
        for index, title in enumerate(titles):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(tooltips[index] if index < len(tooltips) else "")
            self._group.addButton(button, index)
            self._layout.addWidget(button)

    def choose(self, index: int) -> None:
        """Show a choice without saying that it was chosen."""
        button = self._group.button(index)
        if button is not None:
            button.setChecked(True)

    @property
    def current(self) -> int:
        return self._group.checkedId()


class ActionSegments(QFrame):
    """Checkable actions side by side, exactly one on."""

    def __init__(self, actions: list[QAction]) -> None:
        super().__init__()
        self.setProperty("segments", True)
        self._buttons: list[QToolButton] = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for action in actions:
            button = tool(action, words=True)
            button.setProperty("segment", True)
            layout.addWidget(button)
            self._buttons.append(button)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_words(self, shown: bool) -> None:
        """Words beside the icons, or icons alone."""
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if shown else Qt.ToolButtonStyle.ToolButtonIconOnly
        for button in self._buttons:
            button.setToolButtonStyle(style)


def tool(action: QAction, *, words: bool = False) -> QToolButton:
    """A flat button of an action."""
    button = QToolButton()
    button.setDefaultAction(action)
    style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if words else Qt.ToolButtonStyle.ToolButtonIconOnly
    button.setToolButtonStyle(style)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def icon_button(name: str, tooltip: str) -> QToolButton:
    """A flat button with an icon only."""
    button = QToolButton()
    button.setIcon(icon(name, Role.PlaceholderText))
    button.setToolTip(tooltip)
    button.setAccessibleName(tooltip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


_PADDING_UNITS = 3
"""By how much a text is drawn beyond the field that the style tells of, on both sides together."""


class Combo(QComboBox):
    """A combo box as wide as asked for; ``editable`` ones also take words that are not in the list."""

    entered = Signal(str)

    def __init__(self, width: int, *, editable: bool = False, placeholder: str = "") -> None:
        super().__init__()
        self.setEditable(editable)
        self.setFixedWidth(unit() * width)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if editable:
            self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            field = QLineEdit()
            field.setPlaceholderText(placeholder)
            field.editingFinished.connect(lambda: self.entered.emit(self.currentText().strip()))
            field.returnPressed.connect(self.clearFocus)
            self.setLineEdit(field)
        else:
            self.setPlaceholderText(placeholder)
        self.activated.connect(self._activated)

    def _activated(self, index: int) -> None:
        self.entered.emit(str(self.itemData(index) or self.itemText(index)))

    def offer(self, entries: list[tuple[str, str]], current: str) -> None:
        """Entries as (title, value); keeps ``current`` chosen."""
        self.blockSignals(True)
        self.clear()
        for title, value in entries:
            self.addItem(title, value)
        index = self.findData(current)
        if index >= 0:
            self.setCurrentIndex(index)
        elif self.isEditable():
            self.setEditText(current)
        self.blockSignals(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        """What is too long loses its middle: names often differ at their end."""
        if self.isEditable() or self.currentIndex() < 0:
            super().paintEvent(event)
            return
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        text, metrics = self.currentText(), self.fontMetrics()
        if metrics.horizontalAdvance(text) > field.width() + _PADDING_UNITS * unit():
            text = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, field.width())
        option.currentText = text  # type: ignore[attr-defined]
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def hidePopup(self) -> None:
        """A closed list gives the keys back to the page."""
        super().hidePopup()
        self.clearFocus()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
