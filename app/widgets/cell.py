"""Two lines of words that keep their place while numbers change."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.icons import paint_icon
from app.theme import Role, scaled, unit


class Cell(QWidget):
    """Two lines: what it is now, and what it is called. Its width holds the longest words it was made for."""

    def __init__(self, widest: str = "", *, stretch: bool = False, icons: bool = True) -> None:
        super().__init__()
        self._room_for_icon = icons
        self._value, self._caption, self._icon, self._warns = "", "", "", False
        self._widest = widest
        horizontal = QSizePolicy.Policy.Ignored if stretch else QSizePolicy.Policy.Fixed
        self.setSizePolicy(horizontal, QSizePolicy.Policy.Expanding)

    def show_lines(
        self, value: str, caption: str, icon_name: str = "", *, warns: bool = False, tooltip: str = ""
    ) -> None:
        """Repaint only when something is different."""
        wanted = (value, caption, icon_name, warns)
        if wanted == (self._value, self._caption, self._icon, self._warns):
            return
        self._value, self._caption, self._icon, self._warns = wanted
        self.setToolTip(tooltip)
        self.setAccessibleName(f"{value}, {caption}")
        self.update()

    @property
    def value(self) -> str:
        return self._value

    @property
    def caption(self) -> str:
        return self._caption

    @property
    def wanted_width(self) -> int:
        """How wide it must be for all of its words."""
        u = unit()
        value = QFontMetricsF(scaled(self.font(), 1.0, QFont.Weight.DemiBold)).horizontalAdvance(self._value)
        caption = QFontMetricsF(scaled(self.font(), 0.86)).horizontalAdvance(self._caption)
        icon = u * 6.4 if self._warns or self._icon else 0.0
        return round(u * 5.0 + icon + max(value, caption))

    def sizeHint(self) -> QSize:
        u = unit()
        width = QFontMetricsF(scaled(self.font(), 1.0, QFont.Weight.Medium)).horizontalAdvance(self._widest)
        return QSize(round(width) + u * (13 if self._room_for_icon else 5), u * 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        u = unit()
        painter = QPainter(self)
        palette = self.palette()
        left = u * 3.0
        icon_name = "warning" if self._warns else self._icon
        if icon_name:
            size = u * 4.4
            colour = palette.color(Role.WindowText if self._warns else Role.PlaceholderText)
            paint_icon(painter, icon_name, QRectF(left, (self.height() - size) / 2, size, size), colour)
            left += size + u * 2
        width = self.width() - left - u
        painter.setFont(scaled(self.font(), 1.0, QFont.Weight.DemiBold if self._warns else QFont.Weight.Medium))
        painter.setPen(palette.color(Role.WindowText))
        elide = Qt.TextElideMode.ElideRight
        value = painter.fontMetrics().elidedText(self._value, elide, round(width))
        middle = self.height() / 2
        painter.drawText(QRectF(left, middle - u * 4.8, width, u * 4.8), int(Qt.AlignmentFlag.AlignVCenter), value)
        painter.setFont(scaled(self.font(), 0.86))
        painter.setPen(palette.color(Role.PlaceholderText))
        caption = painter.fontMetrics().elidedText(self._caption, elide, round(width))
        painter.drawText(QRectF(left, middle - u * 0.2, width, u * 4.6), int(Qt.AlignmentFlag.AlignVCenter), caption)
