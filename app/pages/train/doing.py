"""What can be done with the chosen runs, and doing it: one place for keys, buttons and the menu."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu

from app.pages.train.details import RunDetails
from app.pages.train.keeping import RunKeeping
from app.pages.train.lines import RunLine
from app.pages.train.runs_table import RunTable
from app.services import Services
from core.library.runs import UNDER_WAY, RunRow
from core.processes.jobs import Ask

_MENU = ("inspect", "deploy", "pause", "resume", "next", "end", "rename", "note", "trash")


class RunDoing(QObject):
    """Follows the choice in the table. ``added`` hears of a run that waits again, ``refused`` why one does not."""

    def __init__(
        self,
        services: Services,
        table: RunTable,
        details: RunDetails,
        keeping: RunKeeping,
        added: Callable[[RunRow], None],
        refused: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._services, self._actions, self._trainings = services, services.actions, services.trainings
        self._table, self._details, self._keeping = table, details, keeping
        self._added, self._refused = added, refused
        self._connect()
        self.allow()

    def _connect(self) -> None:
        handlers: dict[str, Callable[[], object]] = {
            "run.pause": lambda: self._ask(Ask.PAUSE),
            "run.end": lambda: self._ask(Ask.CANCEL),
            "run.resume": self._resume,
            "run.next": lambda: self._with_one(lambda line: self._trainings.to_front(line.run.id)),
            "run.inspect": lambda: self._with_one(self._inspect),
            "run.deploy": lambda: self._with_one(self._deploy),
            "run.rename": lambda: self._details.edit(self._details.name),
            "run.note": lambda: self._details.edit(self._details.note),
            "run.trash": lambda: self._keeping.trash(self._table.chosen),
        }
        for name, handler in handlers.items():
            self._actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        self._table.opened.connect(self._open)
        self._table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._table.customContextMenuRequested.connect(self._show_menu)
        self._details.renamed.connect(lambda name: self._with_one(lambda line: self._keeping.rename(line, name)))
        self._details.noted.connect(lambda words: self._with_one(lambda line: self._keeping.note(line, words)))

    def allow(self) -> frozenset[str]:
        """What can be done with the chosen runs; the actions follow."""
        lines, running = self._table.chosen, self._trainings.running
        one = lines[0] if len(lines) == 1 else None
        waits = one is not None and any(run.id == one.run.id for run in self._trainings.waiting)
        runs = one is not None and running is not None and one.run.id == running.id
        policy = one is not None and one.run.kind == "policy"
        made = one is not None and one.model is not None
        can = {
            "run.pause": runs,
            "run.end": runs or waits,
            "run.next": waits,
            "run.resume": one is not None and one.run.status == "paused" and not runs and not waits,
            "run.inspect": made and not policy,
            "run.deploy": made and policy,
            "run.rename": one is not None,
            "run.note": one is not None,
            "run.trash": bool(lines) and all(line.run.status not in UNDER_WAY for line in lines),
        }
        for name, possible in can.items():
            self._actions[name].setEnabled(possible)
        return frozenset(name for name, possible in can.items() if possible)

    def _with_one(self, use: Callable[[RunLine], object]) -> None:
        lines = self._table.chosen
        if len(lines) == 1:
            use(lines[0])

    def _ask(self, what: Ask) -> None:
        self._with_one(lambda line: self._trainings.ask(line.run.id, what))

    def _resume(self) -> None:
        self._with_one(lambda line: self._trainings.resume(line.run.id, self._added, self._refused))

    def _open(self) -> None:
        for name in ("run.inspect", "run.deploy"):
            if self._actions[name].isEnabled():
                self._actions[name].trigger()

    def _inspect(self, line: RunLine) -> None:
        if line.model is not None:
            self._services.reveal_model(line.model.path)

    def _deploy(self, line: RunLine) -> None:
        if line.model is not None:
            self._services.deploy_policy(line.model.id)

    def _show_menu(self, point: QPoint) -> None:
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in _MENU:
            action = self._actions[f"run.{name}"]
            if action.isEnabled():
                menu.addAction(action)
        menu.popup(self._table.viewport().mapToGlobal(point))
