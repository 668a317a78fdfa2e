"""Small parts that every page uses, in one style."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFont, QFontMetrics, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from app.actions import ActionBook, spoken
from app.icons import icon, paint_icon
from app.theme import Role, scaled, unit


def text(content: str = "", *, muted: bool = False, heading: bool = False, small: bool = False) -> QLabel:
    """A label in one of the few ways text may look."""
    label = QLabel(content)
    label.setProperty("muted", muted)
    label.setProperty("heading", heading)
    if small:
        label.setFont(scaled(label.font(), 0.88))
    return label


def laid_out(widget: QWidget) -> bool:
    """Whether it was shown with the size it has; sizes inside one that never was say nothing."""
    return not widget.testAttribute(Qt.WidgetAttribute.WA_PendingResizeEvent)


def line() -> QFrame:
    """A hairline."""
    frame = QFrame()
    frame.setProperty("line", True)
    return frame


def row(*items: QWidget | int | None, margins: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 2) -> QHBoxLayout:
    """A row of widgets; a number is a space in units, None stretches."""
    layout = QHBoxLayout()
    _fill(layout, items, margins, gap)
    return layout


def column(
    *items: QWidget | int | None, margins: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 2
) -> QVBoxLayout:
    """A column of widgets; a number is a space in units, None stretches."""
    layout = QVBoxLayout()
    _fill(layout, items, margins, gap)
    return layout


def _fill(layout: QBoxLayout, items: tuple[QWidget | int | None, ...], margins: tuple[int, ...], gap: int) -> None:
    u = unit()
    layout.setContentsMargins(*(u * margin for margin in margins))
    layout.setSpacing(u * gap)
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addSpacing(u * item)
        else:
            layout.addWidget(item)


def clear(layout: QLayout) -> None:
    """Take everything out of a layout; widgets are gone from the screen at once."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


class KeyCap(QWidget):
    """A key as it looks everywhere: its name in a thin rounded frame."""

    def __init__(self, key: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = spoken(key) if key else ""
        self._role = Role.PlaceholderText
        self.setFont(scaled(self.font(), 0.86, QFont.Weight.Medium))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_key(self, key: str) -> None:
        self._text = spoken(key) if key else ""
        self.setVisible(bool(key))
        self.updateGeometry()
        self.update()

    def set_role(self, role: Role) -> None:
        self._role = role
        self.update()

    def sizeHint(self) -> QSize:
        return keycap_size(self._text, self.font())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_keycap(painter, QRectF(self.rect()), self._text, self.palette().color(self._role))


def keycap_size(content: str, font: QFont) -> QSize:
    metrics = QFontMetricsF(font)
    height = round(metrics.height() * 1.25)
    return QSize(max(height, round(metrics.horizontalAdvance(content) + metrics.height() * 0.7)), height)


def paint_keycap(painter: QPainter, rect: QRectF, content: str, colour: QColor) -> None:
    """Paint a key into a rectangle with the painter's font."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    frame = QColor(colour)
    frame.setAlphaF(0.55)
    painter.setPen(QPen(frame, 1.0))
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), rect.height() * 0.22, rect.height() * 0.22)
    painter.setPen(colour)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, content)


class ElidedLabel(QLabel):
    """A label that ends in an ellipsis when it is too long; the whole text is its tooltip."""

    def __init__(self, content: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__(content)
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(unit(self.font()) * 4, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(self.font()).horizontalAdvance(self.text()) + 2, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(self.text(), self._mode, self.width())
        self.setToolTip(self.text() if shown != self.text() else "")
        role = Role.PlaceholderText if self.property("muted") else Role.WindowText
        painter.setPen(self.palette().color(role))
        painter.drawText(self.rect(), int(self.alignment()), shown)


class ActionButton(QPushButton):
    """A button of an action: its words, icon and key, in step with it."""

    def __init__(
        self,
        book: ActionBook,
        name: str,
        *,
        primary: bool = False,
        quiet: bool = False,
        words: str = "",
        icon_name: str = "",
    ) -> None:
        super().__init__()
        self._book, self._name, self._words = book, name, words
        self._icon = icon_name or book.icon_of(name)
        self._allowed = True
        self.setProperty("primary", primary)
        self.setProperty("quiet", quiet)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(words or book[name].text())
        self.clicked.connect(lambda: book[name].trigger())
        book[name].changed.connect(self._refresh)
        book.keysChanged.connect(self._refresh)
        self._refresh()

    def set_words(self, words: str) -> None:
        self._words = words
        self._refresh()

    def set_allowed(self, allowed: bool) -> None:
        """A button that is not allowed rests; the action's key still does what it does."""
        if allowed != self._allowed:
            self._allowed = allowed
            self._refresh()

    def sizeHint(self) -> QSize:
        size = super().sizeHint()
        return QSize(size.width() + self._key_width(), size.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _key_font(self) -> QFont:
        return scaled(self.font(), 0.82, QFont.Weight.Medium)

    def _key_width(self) -> int:
        keys = self._book.keys(self._name)
        return keycap_size(spoken(keys[0]), self._key_font()).width() + 2 * unit(self.font()) if keys else 0

    def _refresh(self) -> None:
        action: QAction = self._book[self._name]
        role = Role.HighlightedText if self.property("primary") else Role.ButtonText
        self.setText(self._words or action.text())
        self.setIcon(icon(self._icon, role))
        self.setEnabled(action.isEnabled() and self._allowed)
        self.setToolTip(action.toolTip())
        self.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        keys = self._book.keys(self._name)
        u, width = unit(self.font()), self._key_width()
        label = QStyleOptionButton(option)
        label.rect = option.rect.adjusted(0, 0, -width, 0)
        painter.drawControl(QStyle.ControlElement.CE_PushButtonLabel, label)
        if keys:
            painter.setFont(self._key_font())
            size = keycap_size(spoken(keys[0]), painter.font())
            top = (self.height() - size.height()) / 2
            rect = QRectF(self.width() - size.width() - 2.5 * u, top, size.width(), size.height())
            role = Role.HighlightedText if self.property("primary") and self.isEnabled() else Role.PlaceholderText
            paint_keycap(painter, rect, spoken(keys[0]), self.palette().color(role))


def search_field(hint: str) -> QLineEdit:
    """A field to look for words in."""
    field = QLineEdit()
    field.setPlaceholderText(hint)
    field.setClearButtonEnabled(True)
    field.addAction(icon("search", Role.PlaceholderText), QLineEdit.ActionPosition.LeadingPosition)
    return field


def record_first(show: Callable[[], object]) -> QPushButton:
    """The step that fills a library without episodes: ``show`` leads to where they are recorded."""
    button = QPushButton("Record the first episode")
    button.setProperty("primary", True)
    button.clicked.connect(lambda: show())
    return button


class EmptyState(QWidget):
    """Says what will be here and offers the step that fills it."""

    def __init__(self, icon_name: str, title: str, explanation: str, button: QWidget | None = None) -> None:
        super().__init__()
        self._icon = icon_name
        u = unit()
        self._title = text(title, heading=True)
        self._title.setFont(scaled(self._title.font(), 1.25, QFont.Weight.DemiBold))
        self._explanation = text(explanation, muted=True)
        self._explanation.setWordWrap(True)
        for label in (self._title, self._explanation):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout = column(None, 14, self._title, gap=2)
        around = row(None, self._explanation, None)
        around.setStretch(1, 4)
        layout.addLayout(around)
        if button is not None:
            layout.addSpacing(u * 2)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        self.setLayout(layout)

    def say(self, title: str, explanation: str) -> None:
        self._title.setText(title)
        self._explanation.setText(explanation)

    def paintEvent(self, event: QPaintEvent) -> None:
        u = unit(self.font())
        painter = QPainter(self)
        size = 10 * u
        rect = QRectF((self.width() - size) / 2, self._title.y() - size - 3 * u, size, size)
        paint_icon(painter, self._icon, rect, self.palette().color(Role.Dark))
