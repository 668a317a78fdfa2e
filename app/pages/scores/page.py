"""The Scores page: Table III as it stands now, the attempts behind it, and where policies work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedWidget, QWidget

from app.page import Page
from app.pages.episodes.editing import EpisodeEditing
from app.pages.scores.columns import ATTEMPT_COLUMNS, score_columns
from app.pages.scores.evidence import MOST, EvidencePanel
from app.services import Services
from app.settings import Setting
from app.theme import unit
from app.widgets.basics import ActionButton, EmptyState, column, laid_out, row, text
from app.widgets.choices import tool
from app.widgets.lines_table import LinesModel, LinesTable
from core.attempts.collecting import WantedStarts
from core.attempts.workspace import Plane, WorkspaceMap, planes
from core.clock import utc_iso, utc_ns
from core.geometry import Array
from core.library.attempts import AttemptRow
from core.library.query import EpisodeFilter
from core.library.scores import ScoreLine, matched
from core.tasks import StartRange, TaskInfo

if TYPE_CHECKING:
    from core.library.library import Library

_SPLITS: Setting[list[list[int]]] = Setting("scores.splits", list[list[int]], [])


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What belongs to one chosen row."""

    line: ScoreLine
    attempts: tuple[AttemptRow, ...]
    picture: WorkspaceMap | None


class ScoresPage(Page):
    """Follows the catalogue as attempts come in."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._tasks: dict[str, TaskInfo] = {}
        self._plane: Plane | None = None
        self._shown = False
        self._stale = True
        self._asked = 0
        self._chosen: tuple[_Chosen, ...] = ()
        self._wanted: WantedStarts | None = None
        self._editing = EpisodeEditing(services.library, services.messenger)
        rows = LinesModel(score_columns(self._tasks), lambda line: (line.policy, line.task))
        self.scores = LinesTable(rows, "Scores")
        self.attempts = LinesTable(LinesModel(ATTEMPT_COLUMNS, lambda attempt: attempt.id), "Attempts")
        self.evidence = EvidencePanel(services.actions)
        self._compose()
        self._connect()
        self._allow()

    def _compose(self) -> None:
        actions, u = self._services.actions, unit()
        self._count = text("", muted=True)
        bar = row(text("Scores", heading=True), 2, self._count, None, gap=1, margins=(3, 1, 2, 1))
        for name in ("score.tables", "score.report"):
            bar.addWidget(ActionButton(actions, name, quiet=True))
        above = QWidget()
        inside = column(gap=0)
        inside.addLayout(bar)
        inside.addWidget(self.scores, 1)
        above.setLayout(inside)
        self._which = text("", muted=True)
        verdicts = row(text("Attempts", heading=True), 2, self._which, None, gap=1, margins=(3, 1, 2, 1))
        for name in ("attempt.success", "attempt.failure", "attempt.none", "attempt.open"):
            verdicts.addWidget(tool(actions[name]))
        left = QWidget()
        inside = column(gap=0)
        inside.addLayout(verdicts)
        inside.addWidget(self.attempts, 1)
        left.setLayout(inside)
        self._across, self._down = QSplitter(Qt.Orientation.Horizontal), QSplitter(Qt.Orientation.Vertical)
        for part in (left, self.evidence):
            self._across.addWidget(part)
        for part in (above, self._across):
            self._down.addWidget(part)
        sizes = self._services.settings.get(_SPLITS)
        defaults = ([u * 110, u * 130], [u * 50, u * 130])
        for index, splitter in enumerate((self._across, self._down)):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(max(2, u // 2))
            splitter.setSizes(sizes[index] if len(sizes) == 2 else defaults[index])
        for splitter in (self._across, self._down):
            splitter.setStretchFactor(0, 0)
            splitter.setStretchFactor(1, 1)
        words = "How often policies succeed, where they work and which of two is better will be here."
        train = QPushButton("Train a policy")
        train.setProperty("primary", True)
        train.clicked.connect(lambda: self._services.show_page("train"))
        self._empty = EmptyState("statistics", "No attempts yet", words, train)
        self._stack = QStackedWidget()
        for widget in (QWidget(), self._empty, self._down):
            self._stack.addWidget(widget)
        layout = column(gap=0)
        layout.addWidget(self._stack, 1)
        self.setLayout(layout)

    def _connect(self) -> None:
        library, station, actions = self._services.library, self._services.station, self._services.actions
        library.opened.connect(lambda _: self._refresh())
        library.episodesChanged.connect(lambda _: self._refresh())
        station.readied.connect(lambda ready: self.know_tasks(ready.tasks))
        self.scores.choiceChanged.connect(self._look)
        self.attempts.choiceChanged.connect(self._draw)
        self.attempts.opened.connect(actions["attempt.open"].trigger)
        self.evidence.planeChosen.connect(self._show_plane)
        self.evidence.attemptChosen.connect(lambda attempt: self.attempts.choose([attempt]))
        handlers: dict[str, Callable[[], object]] = {
            "score.collect": self._collect,
            "score.report": lambda: self._write("report"),
            "score.tables": lambda: self._write("tables"),
            "attempt.open": self._open,
            "attempt.success": lambda: self._label("success", True),
            "attempt.failure": lambda: self._label("failure", False),
            "attempt.none": lambda: self._label("no verdict", None),
        }
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _=False, handler=handler: handler())

    # Page -----------------------------------------------------------------------------------------------------------
    def entered(self) -> None:
        self._shown = True
        if self._stale:
            self._refresh()
        self.setFocus()

    def left(self) -> None:
        self._shown = False

    def setFocus(self, *arguments: object) -> None:
        """The table is where the keys are wanted."""
        self.scores.setFocus(*arguments)

    def remember(self) -> None:
        if laid_out(self._down):
            self._services.settings.put(_SPLITS, [self._across.sizes(), self._down.sizes()])

    # What there is --------------------------------------------------------------------------------------------------
    def know_tasks(self, tasks: Iterable[TaskInfo]) -> None:
        """Their titles, criteria and starts."""
        self._tasks.update({task.name: task for task in tasks})
        self._refresh()

    def _refresh(self) -> None:
        """Count anew what is in the catalogue, now or when the page is shown."""
        self._stale = not self._shown or self._services.library.library is None
        if self._services.library.library is not None:
            self._services.library.read(lambda library: library.scores.lines(), self._show_lines)

    def _show_lines(self, lines: tuple[ScoreLine, ...]) -> None:
        attempts = sum(line.attempts for line in lines)
        self.countChanged.emit(f"{attempts:,}" if attempts else "")
        disturbed = sum(line.disturbed.trials for line in lines)
        undisturbed = sum(line.undisturbed.trials for line in lines)
        silent = attempts - disturbed - undisturbed
        left_out = f", {silent:,} not counted" if silent else ""
        self._count.setText(f"in total {undisturbed:,} attempts undisturbed, {disturbed:,} disturbed{left_out}")
        self._stack.setCurrentWidget(self._down if lines else self._empty)
        self.scores.show_lines(lines)

    def _look(self) -> None:
        """Read what belongs to the chosen rows; an older question's answer is dropped."""
        lines: tuple[ScoreLine, ...] = self.scores.chosen[:MOST]
        self._asked += 1
        asked = self._asked
        if not self._shown:
            return

        def read(library: Library) -> tuple[_Chosen, ...]:
            return tuple(self._read(library, line) for line in lines)

        def found(chosen: tuple[_Chosen, ...]) -> None:
            if asked == self._asked:
                self._show_chosen(chosen)

        self._services.library.read(read, found)

    def _read(self, library: Library, line: ScoreLine) -> _Chosen:
        attempts = library.attempts.list(EpisodeFilter(policy=line.policy, task=line.task))
        plane, starts = self._plane_of(line.task), self._starts_of(line.task)
        picture = None
        if plane is not None and starts is not None:
            picture = library.scores.where_it_works(line.policy, line.task, starts, plane)
        return _Chosen(line, attempts, picture)

    def _starts_of(self, task: str) -> StartRange | None:
        return self._tasks[task].starts if task in self._tasks else None

    def _planes_of(self, task: str) -> tuple[Plane, ...]:
        starts = self._starts_of(task)
        return () if starts is None else planes(starts)

    def _plane_of(self, task: str) -> Plane | None:
        there = self._planes_of(task)
        return self._plane if self._plane in there else next(iter(there), None)

    def _show_chosen(self, chosen: tuple[_Chosen, ...]) -> None:
        self._chosen = chosen
        rows = [attempt for each in chosen for attempt in each.attempts]
        self._which.setText(" and ".join(f"'{each.line.name}'" for each in chosen))
        tasks = {each.line.task for each in chosen}
        if len(chosen) == MOST and len(tasks) == 1:
            first, second = chosen
            found = matched(first.attempts, second.attempts)
            self.evidence.show_comparison(first.line.name, second.line.name, found)
        else:
            self.evidence.show_comparison("", "", None)
        task = chosen[0].line.task if len(tasks) == 1 else ""
        self.evidence.offer_planes(self._planes_of(task), self._plane_of(task))
        self.attempts.show_lines(rows)

    def _show_plane(self, plane: Plane) -> None:
        self._plane = plane
        self._look()

    def _draw(self) -> None:
        marked = [attempt.id for attempt in self.attempts.chosen]
        drawn = [(each.line.name, each.picture) for each in self._chosen if each.picture is not None]
        wanted = self._wanted
        shown = wanted is not None and all(each.line.task == wanted.task.name for each in self._chosen)
        self.evidence.show_pictures(drawn, wanted.at if wanted is not None and shown else None, marked)
        self._allow()

    # The chosen attempts --------------------------------------------------------------------------------------------
    def _allow(self) -> None:
        actions, chosen = self._services.actions, self.attempts.chosen
        for name in ("attempt.success", "attempt.failure", "attempt.none"):
            actions[name].setEnabled(bool(chosen))
        actions["attempt.open"].setEnabled(len(chosen) == 1)
        for name in ("score.report", "score.tables"):
            actions[name].setEnabled(bool(self.scores.lines.lines))
        actions["score.collect"].setEnabled(any(each.picture is not None for each in self._chosen))

    def _open(self) -> None:
        self._services.reveal_episode(self.attempts.chosen[0].id)

    def _label(self, what: str, success: bool | None) -> None:
        self._editing.label(tuple(attempt.id for attempt in self.attempts.chosen), what, success=success)

    # Collect here next ----------------------------------------------------------------------------------------------
    def _collect(self) -> None:
        """For the first of the chosen policies; drawn here too, for whoever comes back."""
        line, picture = next((each.line, each.picture) for each in self._chosen if each.picture is not None)
        task = self._tasks[line.task]

        def found(at: Array) -> None:
            self._wanted = WantedStarts(task, picture.starts, at)
            self._draw()
            self._services.collect_here(self._wanted)

        self._services.library.read(lambda library: library.scores.collect_next(picture, line.task), found)

    # Reports --------------------------------------------------------------------------------------------------------
    def _write(self, kind: str) -> None:
        """Into the library's folder; what is said then leads there."""
        tasks = dict(self._tasks)

        def write(library: Library) -> Path:
            from core.attempts.report import write_report, write_tables

            made = utc_iso(utc_ns())[:19]
            folder = library.root / "reports" / made.replace(":", "-")
            evidence = library.scores.evidence(tasks)
            if kind == "tables":
                return write_tables(folder, evidence)
            return write_report(folder, evidence, f"{made[:16].replace('T', ' ')} UTC")

        self._services.library.read(write, self._written)

    def _written(self, path: Path) -> None:
        def show() -> None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))

        self._services.messenger.say(f"The scores are in {path}.", "Open", show, "report")
