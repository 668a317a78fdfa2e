"""The navigation rail: a page a place, with icon, name and count."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QSizePolicy, QVBoxLayout

from app.icons import paint_icon
from app.theme import Role, scaled, unit


class RailButton(QAbstractButton):
    """Icon above name above count."""

    def __init__(self, icon_name: str, title: str, tooltip: str, *, checkable: bool = True) -> None:
        super().__init__()
        self._icon = icon_name
        self._count = ""
        self.setText(title)
        self.setToolTip(tooltip)
        self.setAccessibleName(title)
        self.setCheckable(checkable)
        self.setAutoExclusive(checkable)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFont(scaled(self.font(), 0.86, QFont.Weight.Medium))

    def set_count(self, count: str) -> None:
        self._count = count
        self.update()

    def sizeHint(self) -> QSize:
        u = unit()
        return QSize(u * 21, u * (17 if self.isCheckable() else 13))

    def paintEvent(self, event: QPaintEvent) -> None:
        u = unit()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        current = self.isChecked()
        if current or self.underMouse() or self.hasFocus():
            field = QColor(palette.color(Role.Accent if current else Role.Light))
            field.setAlphaF(0.16 if current else 0.6)
            painter.setPen(palette.color(Role.Accent) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(field)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(u, u * 0.5, -u, -u * 0.5), u * 1.5, u * 1.5)
        strong = palette.color(Role.WindowText if current else Role.PlaceholderText)
        size = u * 5.5
        icon_colour = palette.color(Role.Accent) if current else strong
        paint_icon(painter, self._icon, QRectF((self.width() - size) / 2, u * 2.2, size, size), icon_colour)
        painter.setPen(strong)
        centre = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, u * 8, self.width(), u * 4), int(centre), self.text())
        if self._count:
            painter.setPen(palette.color(Role.PlaceholderText))
            painter.drawText(QRectF(0, u * 11.5, self.width(), u * 4), int(centre), self._count)


class Rail(QFrame):
    """The pages from top to bottom, then the window's own commands."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._buttons: dict[str, RailButton] = {}
        u = unit()
        self.setFixedWidth(u * 21)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, u * 2, 0, u * 2)
        self._layout.setSpacing(u)
        self._layout.addStretch(1)

    def add_page(self, name: str, title: str, icon_name: str, tooltip: str) -> None:
        button = RailButton(icon_name, title, tooltip)
        button.clicked.connect(lambda: self.chosen.emit(name))
        self._layout.insertWidget(len(self._buttons), button)
        self._buttons[name] = button

    def add_command(self, action: QAction, icon_name: str) -> None:
        """A small button at the lower end."""
        button = RailButton(icon_name, action.text(), action.toolTip(), checkable=False)
        button.clicked.connect(action.trigger)
        self._layout.addWidget(button)

    def set_current(self, name: str) -> None:
        self._buttons[name].setChecked(True)

    def set_count(self, name: str, count: str) -> None:
        self._buttons[name].set_count(count)
