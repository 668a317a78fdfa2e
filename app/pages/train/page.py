"""The Train page: form, curves, details and table; joined here, decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from app.page import Page
from app.pages.train.curves import MOST, History, RunCurves
from app.pages.train.details import RunDetails
from app.pages.train.doing import RunDoing
from app.pages.train.form import TrainForm
from app.pages.train.keeping import RunKeeping
from app.pages.train.left import LeftRuns
from app.pages.train.lines import RunLine, read_lines
from app.pages.train.planning import Options, Plan, Planning
from app.pages.train.runs_table import RunModel, RunTable
from app.services import Services
from app.settings import Setting
from app.theme import unit
from app.widgets.basics import ActionButton, EmptyState, column, laid_out, record_first, row, search_field, text
from app.widgets.choices import tool
from core.errors import InputError
from core.library.runs import RunRow
from core.policies.config import PolicyConfig
from core.processes.jobs import JobEnded, JobProgress, JobStage, read_metrics
from robot.correspondence.start import begin as begin_correspondence
from robot.policies.start import begin as begin_policy
from robot.station_messages import Ready

if TYPE_CHECKING:
    from core.library.library import Library

_SPLITS: Setting[list[list[int]]] = Setting("train.splits", list[list[int]], [])


class TrainPage(Page):
    """Choose, train, compare, go on."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._trainings = services.trainings
        self._shown = False
        self._under_way: tuple[tuple[str, str], ...] = ()
        self._wanted: tuple[str, ...] = ()
        self._read = 0
        self.form = TrainForm(services.actions)
        self.planning = Planning(services.library)
        self.keeping = RunKeeping(services.library, services.messenger)
        self.model = RunModel()
        self.table = RunTable(self.model)
        self.curves = RunCurves()
        self.details = RunDetails(services.actions)
        self.left_runs = LeftRuns(services.actions)
        self.words = search_field("Search runs")
        self._compose()
        self.doing = RunDoing(services, self.table, self.details, self.keeping, self._added, self._refused)
        self._connect()

    def _compose(self) -> None:
        self.words.setFixedWidth(unit() * 60)
        self._count = text("", muted=True)
        bar = row(self.words, None, self._count, tool(self._services.actions["run.minutes"]), margins=(3, 1, 2, 1))
        below = QWidget()
        inside = column(gap=0)
        inside.addLayout(bar)
        inside.addWidget(self.table, 1)
        below.setLayout(inside)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._down = QSplitter(Qt.Orientation.Vertical)
        for part in (self.curves, self.details):
            self._across.addWidget(part)
        for part in (self._across, below):
            self._down.addWidget(part)
        sizes = self._services.settings.get(_SPLITS)
        defaults = ([unit() * 150, unit() * 80], [unit() * 110, unit() * 80])
        for index, splitter in enumerate((self._across, self._down)):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(max(2, unit() // 2))
            splitter.setSizes(sizes[index] if len(sizes) == 2 else defaults[index])
        self._across.setStretchFactor(0, 1)
        start = ActionButton(self._services.actions, "run.start", primary=True)
        words = "Curves, figures and settings of every training will be here. Choose on the left what to learn from."
        self._no_runs = EmptyState("chart", "No trainings yet", words, start)
        record = record_first(lambda: self._services.show_first_page())
        words = "Once there are demonstrations, policies and descriptors learn from them, and this page shows how well."
        self._no_episodes = EmptyState("chart", "No episodes yet", words, record)
        self._right = QStackedWidget()
        self._waiting = QWidget()
        for widget in (self._waiting, self._no_runs, self._no_episodes, self._down):
            self._right.addWidget(widget)
        right = column(self.left_runs, gap=0)
        right.addWidget(self._right, 1)
        layout = row(self.form, gap=0)
        layout.addLayout(right, 1)
        self.setLayout(layout)

    def _connect(self) -> None:
        library, trainings = self._services.library, self._trainings
        library.opened.connect(lambda _: self._refresh())
        library.episodesChanged.connect(lambda _: self._refresh())
        trainings.changed.connect(self._trainings_changed)
        trainings.progressed.connect(self._progressed)
        trainings.ended.connect(self._ended)
        self.form.planned.connect(self.planning.look)
        self.planning.offered.connect(self._offer)
        self.planning.previewed.connect(self.form.show_outlook)
        self.planning.refused.connect(self.form.refuse)
        self.keeping.changed.connect(self._look_at)
        self.curves.recoloured.connect(self.table.show_colours)
        self.curves.recoloured.connect(self.details.show_colours)
        self.table.choiceChanged.connect(self._choose)
        self.words.textChanged.connect(self._search)
        self.words.returnPressed.connect(self.table.setFocus)
        self._services.station.readied.connect(self._station_ready)
        handlers: dict[str, Callable[[], object]] = {
            "run.start": self._start,
            "run.find": self._find,
            "run.go_on": lambda: trainings.go_on(self.left_runs.runs, self._refused),
            "run.leave": trainings.leave,
        }
        for name, handler in handlers.items():
            self._services.actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        self._services.actions["run.minutes"].toggled.connect(self.curves.by_minute)

    # Page -----------------------------------------------------------------------------------------------------------
    def entered(self) -> None:
        self._shown = True
        self._refresh()
        self.table.setFocus()

    def left(self) -> None:
        self._shown = False

    def undo(self) -> bool:
        return self.keeping.undo()

    def setFocus(self, *arguments: object) -> None:
        """The table is where the keys are wanted."""
        (self.table if self._right.currentWidget() is self._down else self.form).setFocus(*arguments)

    def remember(self) -> None:
        if laid_out(self._down):
            self._services.settings.put(_SPLITS, [self._across.sizes(), self._down.sizes()])

    # What there is --------------------------------------------------------------------------------------------------
    def _refresh(self) -> None:
        if self._services.library.library is not None:
            self._services.library.read(read_lines, self._show_lines)
            if self._shown:
                self.planning.refresh()

    def _offer(self, options: Options) -> None:
        self.form.offer(options)
        self._show_part(options.episodes)

    def _show_part(self, episodes: int) -> None:
        if self.model.lines:
            self._right.setCurrentWidget(self._down)
        else:
            self._right.setCurrentWidget(self._no_runs if episodes else self._no_episodes)

    def _station_ready(self, ready: Ready) -> None:
        self.form.know_tasks({task.name: task.title for task in ready.tasks})
        self._refresh()

    def _show_lines(self, lines: tuple[RunLine, ...]) -> None:
        chosen = self._wanted or tuple(line.run.id for line in self.table.chosen)
        self._wanted = ()
        self.model.show(lines)
        self.countChanged.emit(f"{len(lines):,}" if lines else "")
        if lines:
            self._right.setCurrentWidget(self._down)
            self.table.choose(chosen)
        elif self._right.currentWidget() is self._down:
            self._right.setCurrentWidget(self._no_runs)
        self._show_count()
        self._show_left()

    def _show_left(self) -> None:
        """What a closed window left and is still paused."""
        paused = {line.run.id: line for line in self.model.lines if line.run.status == "paused"}
        self.left_runs.show_runs([paused[run] for run in self._trainings.left if run in paused])

    def _look_at(self, runs: tuple[str, ...]) -> None:
        self._wanted = runs
        self._refresh()

    def _search(self, words: str) -> None:
        chosen = tuple(line.run.id for line in self.table.chosen)
        self.table.order.search(words)
        self.table.choose(chosen)
        self._show_count()

    def _show_count(self) -> None:
        shown, every = self.table.order.rowCount(), len(self.model.lines)
        runs = "run" if every == 1 else "runs"
        self._count.setText(f"{every:,} {runs}" if shown == every else f"{shown:,} of {every:,} {runs}")

    # The chosen runs ------------------------------------------------------------------------------------------------
    def _choose(self) -> None:
        self._show_details()
        self._draw()

    def _show_details(self) -> None:
        lines, running = self.table.chosen, self._trainings.running
        here = len(lines) == 1 and running is not None and lines[0].run.id == running.id
        allowed = self.doing.allow()
        self.details.show_runs(lines, self._trainings.standing if here else None, allowed)

    def _draw(self) -> None:
        """Read what the chosen runs reported; an older question's answer is dropped."""
        lines = sorted(self.table.chosen[:MOST], key=lambda line: line.run.id)  # sorting the table recolours nothing
        self._read += 1
        asked = self._read

        def read(_: Library) -> tuple[History, ...]:
            return tuple(History(line.run.id, line.name, read_metrics(Path(line.run.path))) for line in lines)

        def drawn(histories: tuple[History, ...]) -> None:
            if asked == self._read:
                self.curves.show_histories(histories)

        self._services.library.read(read, drawn)

    def _find(self) -> None:
        self.words.setFocus()
        self.words.selectAll()

    # Trainings ------------------------------------------------------------------------------------------------------
    def _start(self) -> None:
        try:
            plan = self.form.plan
        except InputError as error:
            self.form.refuse(str(error))
            return
        self._trainings.add(lambda library: self._begin(library, plan), self._added, self._refused)

    def _begin(self, library: Library, plan: Plan) -> RunRow:
        rig = self._services.rig
        if isinstance(plan.config, PolicyConfig):
            return begin_policy(library, rig, plan.config, plan.source, plan.name, failures=plan.failures)
        return begin_correspondence(library, rig, plan.config, plan.source, plan.name)

    def _added(self, run: RunRow) -> None:
        self.form.name.clear()
        self._look_at((run.id,))

    def _refused(self, message: str) -> None:
        self._services.messenger.complain(message, key="training")
        self._refresh()

    def _trainings_changed(self) -> None:
        running = self._trainings.running
        runs = (*((running,) if running is not None else ()), *self._trainings.waiting)
        under_way = tuple((run.id, run.status) for run in runs)
        if under_way != self._under_way:
            self._under_way = under_way
            self._refresh()
        elif self._shown:
            self._show_details()
        self._show_left()

    def _progressed(self, event: JobStage | JobProgress) -> None:
        running = self._trainings.running
        if running is not None and isinstance(event, JobProgress):
            self.model.report(running.id, event.metrics)
            if self._shown and any(line.run.id == running.id for line in self.table.chosen):
                self._draw()

    def _ended(self, run: RunRow, event: JobEnded) -> None:
        self._refresh()
        if run.kind != "policy":
            return
        if event.status == "failed":
            self._services.messenger.complain(f"'{run.name}': {event.message}", key="training")
            return
        show = lambda: self._reveal(run.id)  # noqa: E731
        self._services.messenger.say(
            f"'{run.name}': {event.message}", "" if self._shown else "Show it", show, "training"
        )

    def _reveal(self, run: str) -> None:
        self._services.show_page("train")
        self._look_at((run,))
