"""The filter bar: words, task, who drove, outcome, tag, date. What is set is what is shown."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QPushButton

from app.actions import ActionBook
from app.theme import unit
from app.widgets.basics import row, search_field, text
from app.widgets.choices import Combo, tool
from core.clock import NANOSECONDS
from core.library.query import Corrections, EpisodeFilter
from core.messages import Source

_TYPING_MS = 150
_ANY = ""
_OUTCOMES = (("Any outcome", _ANY), ("Success", "success"), ("Failure", "failure"), ("No verdict", "none"))
_DRIVERS = (
    ("By hand", f"demonstrator/{Source.HAND}"),
    ("By an expert", f"demonstrator/{Source.EXPERT}"),
    ("By a policy", f"demonstrator/{Source.POLICY}"),
    ("By a policy, corrected", f"corrections/{Corrections.ONLY}"),
    ("Scans", f"demonstrator/{Source.SCAN}"),
)
_DATES = (("Any date", _ANY), ("Today", "0"), ("Last 7 days", "7"), ("Last 30 days", "30"), ("Last 365 days", "365"))


class FilterBar(QFrame):
    """Says which episodes are wanted."""

    filterChanged = Signal(object)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 11)
        self.words = search_field("Search task, note, tag, operator")
        self.words.setMinimumWidth(unit() * 24)
        self.words.setMaximumWidth(unit() * 90)
        self.setMinimumWidth(unit() * 100)
        self.task, self.operator, self.tag = Combo(30), Combo(32), Combo(25)
        self.outcome, self.date = Combo(32), Combo(27)
        self.outcome.offer(list(_OUTCOMES), _ANY)
        self.date.offer(list(_DATES), _ANY)
        self._clear = QPushButton("Clear")
        self._clear.setProperty("quiet", True)
        self._clear.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._clear.clicked.connect(book["find.clear"].trigger)
        self._count = text("", muted=True)
        self._count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._count.setMinimumWidth(self.fontMetrics().horizontalAdvance("100,000 episodes"))
        layout = row(margins=(3, 0, 3, 0), gap=1)
        layout.addWidget(self.words, 1)
        for widget in (self.task, self.operator, self.outcome, self.tag, self.date, self._clear):
            layout.addWidget(widget)
        layout.addStretch(0)
        layout.addWidget(self._count)
        layout.addWidget(tool(book["find.statistics"]))
        layout.addWidget(tool(book["find.trash"]))
        self.setLayout(layout)
        self._trash = False
        self._quiet = False
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._announce)
        self.words.textChanged.connect(lambda _: self._typing.start())
        self.words.returnPressed.connect(self._announce)
        self._combos = (self.task, self.operator, self.tag, self.outcome, self.date)
        for combo in self._combos:
            combo.currentIndexChanged.connect(lambda _: self._announce())
        self.offer_names([], [], [], {})
        self._refresh()

    def offer_names(self, tasks: list[str], operators: list[str], tags: list[str], titles: dict[str, str]) -> None:
        """What can be chosen; the choices that are made stay."""
        offers = (
            (self.task, "Any task", [(titles.get(name, name), name) for name in tasks]),
            (self.operator, "Any operator", [*_DRIVERS, *((name, f"operator/{name}") for name in operators)]),
            (self.tag, "Any tag", [(name, name) for name in tags]),
        )
        for combo, anything, entries in offers:
            combo.offer([(anything, _ANY), *entries], str(combo.currentData() or _ANY))

    def show_trash(self, trash: bool) -> None:
        self._trash = trash
        self._announce()

    def show_count(self, total: int) -> None:
        self._count.setText(f"{total:,} episode{'' if total == 1 else 's'}")

    def clear(self) -> None:
        self._quiet = True
        self.words.clear()
        for combo in self._combos:
            combo.setCurrentIndex(0)
        self._quiet = False
        self._announce()

    def filter(self) -> EpisodeFilter:
        """What is wanted now."""
        column, _, name = str(self.operator.currentData() or _ANY).partition("/")
        outcome, days = self.outcome.currentData(), self.date.currentData()
        return EpisodeFilter(
            query=self.words.text().strip(),
            task=self.task.currentData() or None,
            operator=name if column == "operator" else None,
            demonstrator=name if column == "demonstrator" else None,
            corrections=Corrections(name) if column == "corrections" else None,
            status="trashed" if self._trash else None,
            success={"success": True, "failure": False}.get(outcome),
            unlabelled=outcome == "none",
            tags=(self.tag.currentData(),) if self.tag.currentData() else (),
            since=_midnight_ns(int(days)) if days else None,
        )

    @property
    def narrowed(self) -> bool:
        """Whether anything is filtered out."""
        return self.filter() != EpisodeFilter(status="trashed" if self._trash else None)

    def _announce(self) -> None:
        self._typing.stop()
        if not self._quiet:
            self._refresh()
            self.filterChanged.emit(self.filter())

    def _refresh(self) -> None:
        self._clear.setEnabled(self.narrowed)


def _midnight_ns(days_ago: int) -> int:
    """UTC nanoseconds of the local midnight that many days ago."""
    today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    return int((today - timedelta(days=days_ago)).timestamp()) * NANOSECONDS
