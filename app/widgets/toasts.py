"""Quiet messages and errors, stacked over the page's upper right corner, clear of every bar."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QToolButton, QWidget

from app.icons import icon, paint_icon
from app.messages import Message, Messenger, Tone
from app.theme import Role, unit
from app.widgets.basics import row

_QUIET_MS = 5000
_AT_MOST = 4
_BELOW_BAR = 13


class Toast(QFrame):
    """One message: its sentence, at most one button, and a way to close it."""

    def __init__(self, message: Message, stack: ToastStack) -> None:
        super().__init__(stack.parentWidget())
        self.message = message
        self._stack = stack
        u = unit()
        self._label = QLabel(message.text)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setMinimumWidth(u * 50)
        close = QToolButton()
        close.setIcon(icon("close", Role.PlaceholderText))
        close.setToolTip("Close this message")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(lambda: stack.close_toast(self))
        layout = row(7, self._label, margins=(3, 2, 2, 2))
        layout.setStretch(1, 1)
        if message.button:
            button = QPushButton(message.button)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(self._act)
            layout.addWidget(button)
        layout.addWidget(close)
        self.setLayout(layout)
        self.setFixedWidth(u * 105)
        self.setAccessibleName(message.text)
        if message.tone is Tone.QUIET:
            QTimer.singleShot(_QUIET_MS, self, lambda: stack.close_toast(self))

    def _act(self) -> None:
        self._stack.close_toast(self)
        if self.message.action is not None:
            self.message.action()

    def paintEvent(self, event: QPaintEvent) -> None:
        u = unit()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        error = self.message.tone is Tone.ERROR
        painter.setBrush(palette.color(Role.AlternateBase))
        painter.setPen(palette.color(Role.WindowText if error else Role.Dark))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), u * 1.5, u * 1.5)
        size = u * 5
        colour = QColor(palette.color(Role.WindowText if error else Role.Accent))
        name = "warning" if error else "info"
        paint_icon(painter, name, QRectF(u * 3, (self.height() - size) / 2, size, size), colour)


class ToastStack(QObject):
    """Places messages over a widget, the newest uppermost."""

    def __init__(self, host: QWidget, messenger: Messenger) -> None:
        super().__init__(host)
        self._host = host
        self._toasts: list[Toast] = []
        host.installEventFilter(self)
        messenger.said.connect(self.show_message)
        messenger.withdrawn.connect(self.withdraw)
        messenger.outdated.connect(self.withdraw_offers)

    def parentWidget(self) -> QWidget:
        return self._host

    @property
    def texts(self) -> list[str]:
        return [toast.message.text for toast in self._toasts]

    def show_message(self, message: Message) -> None:
        same = [
            t for t in self._toasts if t.message.text == message.text or (message.key and t.message.key == message.key)
        ]
        for toast in same + self._toasts[: max(0, len(self._toasts) - len(same) - _AT_MOST + 1)]:
            self.close_toast(toast)
        toast = Toast(message, self)
        self._toasts.append(toast)
        toast.show()
        self._place()

    def withdraw(self, key: str) -> None:
        for toast in [toast for toast in self._toasts if toast.message.key == key]:
            self.close_toast(toast)

    def withdraw_offers(self, action: Callable[[], None]) -> None:
        for toast in [toast for toast in self._toasts if toast.message.action == action]:
            self.close_toast(toast)

    def close_toast(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            toast.hide()
            toast.deleteLater()
            self._place()

    def close_newest(self) -> bool:
        if not self._toasts:
            return False
        self.close_toast(self._toasts[-1])
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        u = unit()
        top = u * _BELOW_BAR
        for toast in reversed(self._toasts):
            toast.adjustSize()
            toast.move(QPoint(self._host.width() - toast.width() - u * 3, top))
            toast.raise_()
            top += toast.height() + u * 2
