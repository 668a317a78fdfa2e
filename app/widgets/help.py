"""F1: every key, from the same data that makes the menus; commands' keys can be changed here."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.actions import ActionBook
from app.input import COVERS, key_name
from app.theme import Role, unit
from app.widgets.basics import KeyCap, clear, column, line, row, text
from core.errors import InputError
from robot.teleoperation.presets import TITLES, DriveAction


class KeyField(QWidget):
    """The keys of one command; click, then press another key. Esc keeps the old one, Delete takes it away."""

    def __init__(self, book: ActionBook, name: str, complain: QLabel) -> None:
        super().__init__()
        self._book, self._name, self._complaint = book, name, complain
        self._listening = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click, then press the key you want. Delete removes it, Esc keeps it.")
        self._layout = row(gap=1)
        self.setLayout(self._layout)
        book.keysChanged.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        clear(self._layout)
        keys = ("press a key",) if self._listening else self._book.keys(self._name) or ("none",)
        self._layout.addStretch(1)
        for key in keys:
            cap = KeyCap(key)
            cap.set_role(Role.Accent if self._listening else Role.WindowText)
            self._layout.addWidget(cap)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._listen(True)

    def focusOutEvent(self, event: QEvent) -> None:
        self._listen(False)

    def _listen(self, listening: bool) -> None:
        if listening:
            self.setFocus()
        if listening != self._listening:
            self._listening = listening
            self._refresh()

    def event(self, event: QEvent) -> bool:
        if self._listening and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._listening:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Space):
                self._listen(True)
            else:
                super().keyPressEvent(event)
            return
        name = key_name(event)
        if not name:
            return
        self._listen(False)
        self._complaint.hide()
        if name == "Esc":
            return
        try:
            self._book.set_keys(self._name, () if name == "Del" else (name,))
        except InputError as error:
            self._complaint.setText(str(error))
            self._complaint.show()


class HelpSheet(QFrame):
    """Covers the page; F1, Esc or a click beside it closes it."""

    def __init__(self, host: QWidget, book: ActionBook, hints: tuple[tuple[str, str], ...]) -> None:
        super().__init__(host)
        self._host, self._book, self._hints = host, book, hints
        self.setProperty(COVERS, True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        u = unit()
        self._search = QLineEdit()
        self._search.setPlaceholderText("Find a key or a command")
        self._search.setFixedWidth(u * 70)
        self._search.textChanged.connect(self._fill)
        self._complaint = text("", heading=True)
        self._complaint.setWordWrap(True)
        self._complaint.hide()
        self._body = QWidget()
        self._columns = QHBoxLayout(self._body)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(u * 10)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self._body)
        for part in (scroll, scroll.viewport(), self._body):
            part.setAutoFillBackground(False)
        scroll.setStyleSheet("background: transparent")
        self._card = QFrame()
        self._card.setProperty("card", True)
        heading = row(text("Keys", heading=True), 6, self._search, None, text("Click a key to change it", muted=True))
        inside = column(margins=(6, 5, 6, 5), gap=3)
        inside.addLayout(heading)
        inside.addWidget(line())
        inside.addWidget(self._complaint)
        inside.addWidget(scroll, 1)
        self._card.setLayout(inside)
        around = QVBoxLayout(self)
        around.setContentsMargins(u * 12, u * 8, u * 12, u * 8)
        around.addWidget(self._card)
        host.installEventFilter(self)
        self.hide()

    def toggle(self) -> None:
        if self.isVisible():
            self.hide()
            return
        self._complaint.hide()
        self._search.clear()
        self._fill()
        self.setGeometry(self._host.rect())
        self.raise_()
        self.show()
        self.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._host.rect())
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        elif event.text().strip() and event.text().isprintable():
            self._search.setFocus()
            self._search.insert(event.text())
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        veil = QColor(self.palette().color(Role.Window))
        veil.setAlphaF(0.82)
        QPainter(self).fillRect(self.rect(), veil)

    def _fill(self) -> None:
        clear(self._columns)
        words = self._search.text().casefold()
        groups = [(title, grid) for title, grid in self._groups(words) if grid is not None]
        if not groups:
            self._columns.addWidget(text("Nothing found", muted=True), 0, Qt.AlignmentFlag.AlignCenter)
            return
        columns = [QVBoxLayout() for _ in range(3)]
        heights = [0] * 3
        for title, (widget, height) in groups:
            target = heights.index(min(heights))
            columns[target].addWidget(text(title, heading=True))
            columns[target].addWidget(widget)
            columns[target].addSpacing(unit() * 5)
            heights[target] += height + 3
        for layout in columns:
            layout.addStretch(1)
            holder = QWidget()
            layout.setContentsMargins(0, 0, 0, 0)
            holder.setLayout(layout)
            self._columns.addWidget(holder, 1)

    def _groups(self, words: str) -> list[tuple[str, tuple[QWidget, int] | None]]:
        groups: dict[str, list[tuple[str, str, QWidget]]] = {}
        preset = self._book.preset
        for spec in self._book.specs:
            if words in f"{spec.text} {spec.help} {' '.join(self._book.keys(spec.id))}".casefold():
                entry = (spec.text, spec.help, KeyField(self._book, spec.id, self._complaint))
                groups.setdefault(spec.group, []).append(entry)
        if preset is not None:
            for action in DriveAction:
                triggers = preset.triggers(action)
                if triggers and words in f"{TITLES[action]} {' '.join(triggers)}".casefold():
                    groups.setdefault(f"Driving, {preset.title}", []).append((TITLES[action], "", _caps(*triggers)))
        for title, press in self._hints:
            if words in f"{title} {press}".casefold():
                groups.setdefault("Mouse in views", []).append((title, "", _caps(press)))
        return [(title, _grid(entries)) for title, entries in groups.items()]


def _caps(*triggers: str) -> QWidget:
    caps = QWidget()
    caps.setLayout(row(None, *(KeyCap(trigger) for trigger in triggers), gap=1))
    return caps


def _grid(entries: list[tuple[str, str, QWidget]]) -> tuple[QWidget, int]:
    widget = QWidget()
    grid = QGridLayout(widget)
    u = unit()
    grid.setContentsMargins(0, u, 0, 0)
    grid.setHorizontalSpacing(u * 4)
    grid.setVerticalSpacing(u)
    for index, (title, explanation, keys) in enumerate(entries):
        label = text(title, muted=True)
        label.setToolTip(explanation)
        grid.addWidget(label, index, 0)
        grid.addWidget(keys, index, 1)
    grid.setColumnStretch(0, 1)
    return widget, len(entries)
