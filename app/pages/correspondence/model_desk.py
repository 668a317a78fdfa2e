"""Which models there are, which one or two of them are asked, and how more are made; the page shows what follows."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.pages.correspondence.keeping import Keeping
from app.pages.correspondence.model_panel import ModelPanel
from app.pages.correspondence.toolbar import NONE, Toolbar
from app.pages.correspondence.training import Training
from app.pages.correspondence.training_view import TrainingCard
from app.services import Services
from app.settings import Setting
from core.library.models import ModelRow
from core.library.runs import RunRow

_MODEL = Setting("correspondence.model", str, "")


class ModelDesk(QObject):
    """Joins the library's models, the trainings and the widgets that tell of them."""

    changed = Signal()
    """Other models are there, or others are asked."""
    panelWanted = Signal()

    def __init__(self, services: Services, toolbar: Toolbar) -> None:
        super().__init__()
        self._services, self._toolbar = services, toolbar
        self.training = Training(services.trainings, services.rig)
        self.keeping = Keeping(services.library, services.messenger)
        self.panel = ModelPanel(services.actions)
        self.card = TrainingCard(services.actions)
        self.models: tuple[ModelRow, ...] = ()
        self.paused: tuple[RunRow, ...] = ()
        self.path = services.settings.get(_MODEL)
        self.beside = ""
        toolbar.modelChosen.connect(self.use)
        toolbar.besideChosen.connect(self.use_beside)
        self.keeping.listed.connect(self._listed)
        self.keeping.paused.connect(self._paused)
        self.panel.renamed.connect(self._rename)
        for show in (self.card.show_state, self.panel.show_state, lambda _: self._allow()):
            self.training.changed.connect(show)
        self._connect_actions()

    def _connect_actions(self) -> None:
        handlers = {
            "model.rename": self._edit_name,
            "model.trash": self._trash,
            "training.start": self._train,
            "training.resume": lambda: self.training.resume(self.paused[0].id),
            "training.pause": self.training.pause,
            "training.cancel": self.training.cancel,
        }
        for name, handler in handlers.items():
            self._services.actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        self._allow()

    # Models ---------------------------------------------------------------------------------------------------------
    @property
    def chosen(self) -> ModelRow | None:
        """The first of the models that are asked."""
        return next((model for model in self.models if model.path == self.path), None)

    @property
    def folders(self) -> tuple[str, ...]:
        """Of the one or two models that are asked."""
        return tuple(path for path in (self.path, self.beside) if path)

    @property
    def names(self) -> tuple[str, ...]:
        """What tells two models apart; one needs no name."""
        called = {model.path: model.name for model in self.models}
        return tuple(called[path] for path in self.folders) if len(self.folders) > 1 else ()

    def refresh(self) -> None:
        self.keeping.refresh()

    def use(self, path: str) -> None:
        """Ask the model of that folder."""
        self.path = path
        self._settle()

    def use_beside(self, path: str) -> None:
        """Ask a second model too, or no longer."""
        self.beside = "" if path == NONE else path
        self._settle()

    def _listed(self, models: tuple[ModelRow, ...]) -> None:
        self.models = models
        self._settle()

    def _settle(self) -> None:
        """What is asked is among what is there."""
        paths = [model.path for model in self.models]
        if self.path not in paths:
            self.path = paths[0] if paths else ""
        if self.beside not in paths or self.beside == self.path:
            self.beside = ""
        self._toolbar.offer_models(self.models, self.path, self.beside)
        self.panel.show_model(self.chosen)
        self._allow()
        self.changed.emit()

    def _rename(self, name: str) -> None:
        if self.chosen is not None:
            self.keeping.rename(self.chosen, name)

    def _edit_name(self) -> None:
        self.panelWanted.emit()
        self.panel.name.setFocus()
        self.panel.name.selectAll()

    def _trash(self) -> None:
        if self.chosen is not None:
            self.keeping.trash(self.chosen)

    # Trainings ------------------------------------------------------------------------------------------------------
    def _train(self) -> None:
        """As the panel says; the panel shows how far it is."""
        self.panelWanted.emit()
        self.training.start(self.panel.new_name.text().strip(), self.panel.minutes.value())

    def _paused(self, runs: tuple[RunRow, ...]) -> None:
        self.paused = runs
        self.card.show_resumable(bool(runs))
        self.panel.show_resumable(bool(runs))
        self._allow()

    def _allow(self) -> None:
        """What can be asked of trainings and models now."""
        actions, running = self._services.actions, self.training.state is not None
        actions["training.start"].setEnabled(not running)
        actions["training.resume"].setEnabled(not running and bool(self.paused))
        for name in ("training.pause", "training.cancel"):
            actions[name].setEnabled(running)
        for name in ("model.rename", "model.trash"):
            actions[name].setEnabled(bool(self.models))

    # Page -----------------------------------------------------------------------------------------------------------
    def remember(self) -> None:
        """The window closes."""
        self._services.settings.put(_MODEL, self.path)
