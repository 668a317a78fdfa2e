"""Qt's keys, buttons and modifiers in the words of bindings (robot/teleoperation/triggers.py)."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from robot.teleoperation.triggers import Trigger

_MODIFIERS = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
    (Qt.KeyboardModifier.MetaModifier, "Meta"),
)
_BARE = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr, Qt.Key.Key_unknown}
_TYPING = (QLineEdit, QPlainTextEdit, QTextEdit, QAbstractSpinBox)
_OWN_KEYS = (QComboBox, QAbstractItemView, *_TYPING)
COVERS = "covers"
"""Property of a widget that lies over a page: keys pressed in it do not drive."""
BUTTONS = {
    Qt.MouseButton.LeftButton: "Left",
    Qt.MouseButton.MiddleButton: "Middle",
    Qt.MouseButton.RightButton: "Right",
}


def application() -> QApplication:
    """The running application, to listen to all of its events."""
    running = QApplication.instance()
    if not isinstance(running, QApplication):
        raise RuntimeError("there is no application to listen to")
    return running


def modifiers_of(modifiers: Qt.KeyboardModifier) -> tuple[str, ...]:
    """The held modifiers by name, in the order of bindings."""
    return tuple(name for flag, name in _MODIFIERS if modifiers & flag)


def key_trigger(event: QKeyEvent) -> Trigger | None:
    """The trigger of a key event; None for a modifier by itself."""
    key = Qt.Key(event.key()) if event.key() else Qt.Key.Key_unknown
    if key in _BARE:
        return None
    if key == Qt.Key.Key_Backtab:
        key = Qt.Key.Key_Tab
    if key == Qt.Key.Key_Enter:
        key = Qt.Key.Key_Return
    name = QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)
    return Trigger(modifiers_of(event.modifiers()), name.upper() if len(name) == 1 else name) if name else None


def key_name(event: QKeyEvent) -> str:
    """The key with its modifiers as text; empty for a modifier by itself."""
    trigger = key_trigger(event)
    return "" if trigger is None else str(trigger)


def is_typing(widget: QWidget | None) -> bool:
    """Whether letters belong to that widget."""
    return isinstance(widget, _TYPING) or (isinstance(widget, QComboBox) and widget.isEditable())


def wants_keys(widget: QWidget | None) -> bool:
    """Whether keys belong to that widget: it is typed into or moved through by keys, or covers what keys drive."""
    if isinstance(widget, _OWN_KEYS):
        return True
    while widget is not None and not widget.property(COVERS):
        widget = widget.parentWidget()
    return widget is not None
