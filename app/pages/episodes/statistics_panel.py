"""Counts, minutes and success of the episodes that are listed, by task and by operator."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.theme import Role, outcome_colour, scaled, unit
from app.widgets.basics import column, text
from core.library.statistics import Statistics, Tally

_MOST = 12


class Bars(QWidget):
    """A line a group: name, count and minutes, and a bar of successes, failures and what nobody judged."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, Tally]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: list[tuple[str, Tally]]) -> None:
        self._rows = rows[:_MOST]
        self.setAccessibleName("; ".join(f"{name}: {tally_words(tally)}" for name, tally in self._rows))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(unit() * 60, unit() * 11 * max(1, len(self._rows)))

    def paintEvent(self, event: QPaintEvent) -> None:
        u, palette = unit(), self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max((tally.episodes for _, tally in self._rows), default=1)
        for index, (name, tally) in enumerate(self._rows):
            top = index * 11 * u
            words, line = tally_words(tally), QRectF(0, top, self.width(), 5 * u)
            flags = int(Qt.AlignmentFlag.AlignVCenter)
            painter.setFont(scaled(self.font(), 0.88))
            painter.setPen(palette.color(Role.PlaceholderText))
            painter.drawText(line, flags | int(Qt.AlignmentFlag.AlignRight), words)
            room = self.width() - painter.fontMetrics().horizontalAdvance(words) - 2 * u
            painter.setFont(scaled(self.font(), 1.0, QFont.Weight.Medium))
            painter.setPen(palette.color(Role.WindowText))
            painter.drawText(line, flags, painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room))
            self._paint_bar(painter, QRectF(0, top + 5.6 * u, self.width() * tally.episodes / most, 2 * u), tally)

    def _paint_bar(self, painter: QPainter, rect: QRectF, tally: Tally) -> None:
        palette, left = self.palette(), rect.left()
        parts = (
            (tally.successes, outcome_colour(palette, True)),
            (tally.failures, outcome_colour(palette, False)),
            (tally.unlabelled, palette.color(Role.Dark)),
        )
        for count, colour in parts:
            if count:
                width = rect.width() * count / max(1, tally.episodes)
                painter.fillRect(QRectF(left, rect.top(), max(1.0, width - 1), rect.height()), colour)
                left += width


class StatisticsPanel(QFrame):
    """Follows the filter."""

    def __init__(self, titles: dict[str, str]) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._titles = titles
        self._total = text("", heading=True)
        self._total.setFont(scaled(self.font(), 1.25, QFont.Weight.DemiBold))
        self._more = text("", muted=True)
        self._more.setWordWrap(True)
        self._tasks, self._operators = Bars(), Bars()
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(0, 0, unit() * 2, 0)
        layout.setSpacing(unit() * 2)
        for widget in (text("By task", heading=True), self._tasks, text("By operator", heading=True), self._operators):
            layout.addWidget(widget)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        scroll.setStyleSheet("QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; }")
        outer = column(text("Statistics", muted=True), self._total, self._more, margins=(4, 3, 2, 3), gap=2)
        outer.addSpacing(unit() * 2)
        outer.addWidget(scroll, 1)
        self.setLayout(outer)
        self.setMinimumWidth(unit() * 70)

    def show_statistics(self, statistics: Statistics) -> None:
        total = statistics.total
        self._total.setText(f"{total.episodes:,} episodes, {total.minutes:.0f} min")
        self._more.setText(
            f"{total.successes:,} success, {total.failures:,} failure, {total.unlabelled:,} without verdict; "
            f"{total.dropped:,} frames dropped; {total.bytes / 1e9:.1f} GB"
        )
        by_count = lambda item: -item[1].episodes  # noqa: E731
        tasks = [
            (self._titles.get(name, name), tally) for name, tally in sorted(statistics.by_task.items(), key=by_count)
        ]
        self._tasks.show_rows(tasks)
        operators = sorted(statistics.by_operator.items(), key=by_count)
        self._operators.show_rows([(name or "No operator", tally) for name, tally in operators])


def tally_words(tally: Tally) -> str:
    """Count, minutes and success of a group."""
    judged = tally.successes + tally.failures
    rate = "no verdicts" if tally.rate is None else f"{100 * tally.rate:.0f} % of {judged:,} labelled"
    return f"{tally.episodes:,}, {tally.minutes:.1f} min, {rate}"
