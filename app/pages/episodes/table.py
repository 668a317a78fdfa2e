"""The table of episodes: thumbnails, outcomes with shape and word, tags as small plates."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from app.icons import paint_icon
from app.pages.episodes.model import COLUMNS, RIGHT_COLUMNS, EpisodeModel, cell_words, outcome_words, when_words
from app.pages.episodes.thumbnails import ThumbnailStore
from app.theme import Role, blend, outcome_colour, scaled, unit
from app.widgets.rows import dress, paint_ground, paint_line
from core.library.rows import EpisodeRow

ROW_UNITS = 14
_Index = QModelIndex | QPersistentModelIndex
_WIDTHS = (62, 24, 18, 26, 34, 44, 18, 16)
_LEAST = (46, 22, 16, 18, 11, 11, 16, 14)
"""Widths in units: as wanted, and how narrow a column may become before the last ones give way."""


class EpisodeDelegate(QStyledItemDelegate):
    """Paints cells; reads nothing but the row it is given."""

    def __init__(self, thumbnails: ThumbnailStore, title_of: Callable[[str], str]) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._title_of = title_of

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(unit() * _WIDTHS[index.column()], unit() * ROW_UNITS)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        episode = index.data(Qt.ItemDataRole.UserRole)
        if episode is None:
            self._paint_waiting(painter, option)
        elif index.column() == 0:
            self._paint_episode(painter, option, episode)
        elif index.column() == 1:
            self._paint_outcome(painter, option, episode)
        elif index.column() == 4:
            self._paint_tags(painter, option, episode)
        else:
            self._paint_words(painter, option, cell_words(episode, index.column()), index.column())
        painter.restore()

    def _paint_waiting(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        u = unit()
        bar = QRectF(option.rect.left() + 2 * u, option.rect.center().y() - u, option.rect.width() * 0.5, 2 * u)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.color(Role.Midlight))
        painter.drawRoundedRect(bar, u, u)

    def _paint_episode(self, painter: QPainter, option: QStyleOptionViewItem, episode: EpisodeRow) -> None:
        u, rect, palette = unit(), option.rect, option.palette
        picture = QRect(rect.left() + u, rect.top() + u, round((rect.height() - 2 * u) * 4 / 3), rect.height() - 2 * u)
        pixmap = self._thumbnails.pixmap(episode.id) if episode.status != "recording" else None
        if pixmap is None:
            painter.fillRect(picture, palette.color(Role.Midlight))
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(picture, pixmap)
        left, marks = picture.right() + 3 * u, _marks(episode)
        room = rect.right() - left - u
        painter.setPen(palette.color(Role.Text))
        painter.setFont(scaled(option.font, 1.0, QFont.Weight.Medium))
        paint_line(painter, QRect(left, rect.top() + 2 * u, room, 5 * u), self._title_of(episode.task))
        for icon_name in marks:
            paint_icon(
                painter,
                icon_name,
                QRectF(left, rect.top() + 7.6 * u, 3.4 * u, 3.4 * u),
                palette.color(Role.PlaceholderText),
            )
            left += round(4.4 * u)
        painter.setPen(palette.color(Role.PlaceholderText))
        painter.setFont(scaled(option.font, 0.88))
        paint_line(
            painter, QRect(left, rect.top() + 7 * u, rect.right() - left - u, 5 * u), when_words(episode.created_utc_ns)
        )

    def _paint_outcome(self, painter: QPainter, option: QStyleOptionViewItem, episode: EpisodeRow) -> None:
        u, rect, palette = unit(), option.rect, option.palette
        icon_name = {True: "success", False: "failure", None: "unlabelled"}[episode.success]
        muted = palette.color(Role.PlaceholderText)
        colour = muted if episode.success is None else outcome_colour(palette, episode.success)
        size = 4.4 * u
        paint_icon(painter, icon_name, QRectF(rect.left() + 2 * u, rect.center().y() - size / 2, size, size), colour)
        painter.setPen(muted if episode.success is None else palette.color(Role.Text))
        painter.setFont(option.font)
        words = "" if episode.success is None else outcome_words(episode.success)
        paint_line(painter, rect.adjusted(8 * u, 0, -u, 0), words)

    def _paint_tags(self, painter: QPainter, option: QStyleOptionViewItem, episode: EpisodeRow) -> None:
        u, rect, palette = unit(), option.rect, option.palette
        painter.setFont(scaled(option.font, 0.86))
        metrics = painter.fontMetrics()
        left = rect.left() + 2 * u
        for tag in episode.tags:
            width = min(metrics.horizontalAdvance(tag) + 3 * u, rect.right() - left - u)
            if width < 6 * u:
                break
            plate = QRectF(left, rect.center().y() - 2.6 * u, width, 5.2 * u)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(blend(palette.color(Role.Base), palette.color(Role.Text), 0.14))
            painter.drawRoundedRect(plate, 2 * u, 2 * u)
            painter.setPen(palette.color(Role.Text))
            words = metrics.elidedText(tag, Qt.TextElideMode.ElideRight, round(width - 2 * u))
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)
            left += round(width) + u

    def _paint_words(self, painter: QPainter, option: QStyleOptionViewItem, words: str, column: int) -> None:
        u = unit()
        painter.setFont(option.font)
        muted = words in ("0", "")
        painter.setPen(option.palette.color(Role.PlaceholderText if muted else Role.Text))
        paint_line(painter, option.rect.adjusted(2 * u, 0, -2 * u, 0), words, right=column in RIGHT_COLUMNS)


def _marks(episode: EpisodeRow) -> list[str]:
    """Signs of what is not ordinary."""
    marks = []
    if episode.disturbed:
        marks.append("disturbed")
    if episode.integrity != "ok" or episode.status == "recovered":
        marks.append("warning")
    if episode.demonstrator not in ("", "hand"):
        marks.append("robot")
    return marks


class EpisodeTable(QTableView):
    """Full rows, several at once; the header sorts."""

    sortChosen = Signal(str, bool)
    currentRowChanged = Signal(int)
    contextWanted = Signal(object)

    def __init__(self, model: EpisodeModel, delegate: EpisodeDelegate) -> None:
        super().__init__()
        self._delegate = delegate
        self.setModel(model)
        self._model = model
        self.setItemDelegate(delegate)
        dress(self, unit() * ROW_UNITS)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(lambda point: self.contextWanted.emit(self.mapToGlobal(point)))
        header = self.horizontalHeader()
        header.setSectionsMovable(True)
        header.setMinimumSectionSize(unit() * min(_LEAST))
        header.sectionClicked.connect(self._header_clicked)
        for column, width in enumerate(_WIDTHS):
            self.setColumnWidth(column, unit() * width)
        self._fitting = False
        self._wanted = [unit() * width for width in _WIDTHS]
        header.sectionResized.connect(self._column_resized)
        self.selectionModel().currentRowChanged.connect(lambda now, _: self.currentRowChanged.emit(now.row()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @property
    def wanted_widths(self) -> list[int]:
        """What the person would have, were there room."""
        return list(self._wanted)

    def _column_resized(self, column: int, old: int, new: int) -> None:
        if not self._fitting:
            self._wanted[column] = new

    def _fit(self) -> None:
        """Share the width out, so that nothing needs scrolling sideways; what does not fit ends in an ellipsis."""
        room = self.viewport().width()
        least = [unit() * width for width in _LEAST]
        shown = len(least)
        while shown > 1 and sum(least[:shown]) > room:
            shown -= 1
        wishes = [max(1, wanted - low) for wanted, low in zip(self._wanted, least, strict=True)]
        spare = max(0, room - sum(least[:shown]))
        self._fitting = True
        for column, (low, wish) in enumerate(zip(least, wishes, strict=True)):
            self.setColumnHidden(column, column >= shown)
            if column < shown:
                self.setColumnWidth(column, low + spare * wish // sum(wishes[:shown]))
        self._fitting = False

    def _header_clicked(self, column: int) -> None:
        sort = COLUMNS[column][1]
        if sort:
            descending = (
                not self._model.descending if sort == self._model.sorted_by else sort in ("created", "duration")
            )
            self.sortChosen.emit(sort, descending)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here; there is a search field."""

    def selected_rows(self) -> list[int]:
        """All selected rows, without touching rows that are not here."""
        rows: list[int] = []
        selection = self.selectionModel().selection()
        for part in (selection.at(index) for index in range(selection.size())):
            rows += range(part.top(), part.bottom() + 1)
        return sorted(set(rows))
