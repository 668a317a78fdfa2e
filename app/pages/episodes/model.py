"""The table's model: pages of rows, asked for when they are looked at, so that 100,000 episodes scroll like ten."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.workers.library import LibraryWorker
from core.clock import NANOSECONDS
from core.library.query import EpisodeFilter
from core.library.rows import EpisodePage, EpisodeRow

PAGE = 200
_PAGES_KEPT = 30
_Index = QModelIndex | QPersistentModelIndex

COLUMNS: tuple[tuple[str, str], ...] = (
    ("Episode", "created"),
    ("Outcome", "success"),
    ("Length", "duration"),
    ("Operator", "operator"),
    ("Tags", ""),
    ("Note", "notes"),
    ("Frames", "frames"),
    ("Drops", "dropped"),
)
"""Title and sort of every column; an empty sort cannot be sorted by."""
RIGHT_COLUMNS = (2, 6, 7)
"""Columns of numbers."""


class EpisodeModel(QAbstractTableModel):
    """Rows arrive in pages; until then a row is None. Answers to older questions are dropped."""

    totalChanged = Signal(int)
    arrived = Signal()

    def __init__(self, library: LibraryWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self.filter = EpisodeFilter()
        self.sorted_by, self.descending = "created", True
        self._total = 0
        self._generation = 0
        self._pages: OrderedDict[int, tuple[EpisodeRow, ...]] = OrderedDict()
        self._asked: set[int] = set()
        self._known = False

    # Questions ------------------------------------------------------------------------------------------------------
    def show(self, episodes: EpisodeFilter, sort: str, descending: bool) -> None:
        """Ask anew; the old rows stay until the new ones are here."""
        self.filter, self.sorted_by, self.descending = episodes, sort, descending
        self.refresh()

    def refresh(self) -> None:
        """Ask again for what is in sight."""
        self._generation += 1
        self._asked.clear()
        newest = next(reversed(self._pages)) if self._pages else 0
        self._ask(newest, first=True)

    def _ask(self, page: int, *, first: bool = False) -> None:
        if page in self._asked:
            return
        self._asked.add(page)
        generation, wanted, sort, descending = self._generation, self.filter, self.sorted_by, self.descending
        self._library.read(
            lambda library: library.episodes.list(wanted, sort, descending, PAGE, page * PAGE),
            lambda found: self._answer(generation, page, found, first),
        )

    def _answer(self, generation: int, page: int, found: EpisodePage, first: bool) -> None:
        if generation != self._generation:
            return
        if first and page > 0 and not found.rows and found.total:
            self._pages.clear()
            self._asked.clear()
            self._ask(0, first=True)
            return
        if first:
            self._pages.clear()
        self._resize(found.total)
        self._pages[page] = found.rows
        while len(self._pages) > _PAGES_KEPT:
            old, _ = self._pages.popitem(last=False)
            self._asked.discard(old)
        self.dataChanged.emit(
            self.index(page * PAGE, 0), self.index(page * PAGE + max(0, len(found.rows) - 1), len(COLUMNS) - 1)
        )
        if first or not self._known:
            self._known = True
            self.totalChanged.emit(self._total)
        self.arrived.emit()

    def _resize(self, total: int) -> None:
        if total > self._total:
            self.beginInsertRows(QModelIndex(), self._total, total - 1)
            self._total = total
            self.endInsertRows()
        elif total < self._total:
            self.beginRemoveRows(QModelIndex(), total, self._total - 1)
            self._total = total
            self.endRemoveRows()

    # Answers --------------------------------------------------------------------------------------------------------
    @property
    def total(self) -> int:
        return self._total

    @property
    def known(self) -> bool:
        """Whether the first answer has arrived."""
        return self._known

    def episode(self, row: int) -> EpisodeRow | None:
        """The episode of a row, or None while it is on its way."""
        if not 0 <= row < self._total:
            return None
        page, offset = divmod(row, PAGE)
        rows = self._pages.get(page)
        if rows is None:
            self._ask(page)
            return None
        self._pages.move_to_end(page)
        return rows[offset] if offset < len(rows) else None

    def loaded(self, row: int) -> EpisodeRow | None:
        """The episode of a row when it is here; asks for nothing."""
        page, offset = divmod(row, PAGE)
        rows = self._pages.get(page, ())
        return rows[offset] if offset < len(rows) else None

    def row_of(self, episode_id: str) -> int | None:
        """The row of an episode among those that are here."""
        for page, rows in self._pages.items():
            for offset, episode in enumerate(rows):
                if episode.id == episode_id:
                    return page * PAGE + offset
        return None

    # Qt -------------------------------------------------------------------------------------------------------------
    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008  Qt's own signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            title, sort = COLUMNS[section]
            arrow = ("  ↓" if self.descending else "  ↑") if sort and sort == self.sorted_by else ""
            return title + arrow
        if role == Qt.ItemDataRole.TextAlignmentRole and section in RIGHT_COLUMNS:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        episode = self.episode(index.row())
        if role == Qt.ItemDataRole.UserRole:
            return episode
        if episode is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cell_words(episode, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell_words(episode, index.column()) or None
        return None


def cell_words(episode: EpisodeRow, column: int) -> str:
    """What stands in a cell."""
    words = (
        f"{episode.task}, {when_words(episode.created_utc_ns)}",
        outcome_words(episode.success),
        f"{trimmed_length_s(episode):.1f} s",
        episode.operator,
        ", ".join(episode.tags),
        episode.notes,
        f"{episode.frames:,}",
        str(episode.dropped),
    )
    return words[column]


def outcome_words(success: bool | None) -> str:
    return {True: "Success", False: "Failure", None: "No verdict"}[success]


def trimmed_length_s(episode: EpisodeRow) -> float:
    """Seconds that the trim leaves."""
    end = episode.duration_s if episode.trim_end_s is None else episode.trim_end_s
    return end - (episode.trim_start_s or 0.0)


def when_words(utc_ns: int) -> str:
    """Local date and time, the year left out when it is this one."""
    moment = datetime.fromtimestamp(utc_ns / NANOSECONDS).astimezone()
    this_year = moment.year == datetime.now().astimezone().year
    return moment.strftime("%d %b %H:%M" if this_year else "%d %b %Y %H:%M")
