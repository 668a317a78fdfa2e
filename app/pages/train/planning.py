"""What can be trained from, and what the next training would be: the library's answers for the form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.workers.library import LibraryWorker
from core.correspondence.config import TrainingConfig
from core.correspondence.descriptor_sets import list_sets
from core.errors import InputError
from core.library.datasets import Dataset
from core.library.models import ModelRow
from core.library.preview import Preview
from core.library.query import EpisodeFilter
from core.library.runs import RunRow
from core.policies.config import PolicyConfig
from core.policies.estimate import seconds
from core.policies.wants import CORRESPONDENCE
from core.representations import REPRESENTATIONS
from robot.policies.demonstrated import demonstrated, own_camera
from robot.policies.start import descriptor_model

if TYPE_CHECKING:
    from core.library.library import Library

_SOON_MS = 150
Source = EpisodeFilter | str


@dataclass(frozen=True, slots=True)
class Options:
    """What the form can offer. ``newest_task``: of the newest demonstration; ``sets`` by the folder of their model."""

    tasks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    newest_task: str = ""
    episodes: int = 0
    models: tuple[ModelRow, ...] = ()
    sets: dict[str, tuple[tuple[str, str], ...]] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: which episodes, and one of the two kinds of training."""

    source: Source
    failures: bool
    config: PolicyConfig | TrainingConfig
    name: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would come of a plan. ``seconds``: how long it takes, None where nobody can tell; ``problem``: what is
    missing, empty when nothing is; ``own_camera``: the one that a policy sees unless another one is chosen."""

    found: Preview
    seconds: float | None
    problem: str
    own_camera: str = ""


class Planning(QObject):
    """Asks the library; answers to an older plan are dropped."""

    offered = Signal(object)
    """``Options``."""
    previewed = Signal(object)
    """An ``Outlook``."""
    refused = Signal(str)

    def __init__(self, library: LibraryWorker) -> None:
        super().__init__()
        self._library = library
        self._generation = 0
        self._plan: Plan | None = None
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._ask)

    def refresh(self) -> None:
        self._library.read(_options, self.offered.emit)

    def look(self, plan: Plan | None) -> None:
        """Preview it soon, None nothing; typing asks once."""
        self._plan = plan
        self._generation += 1
        self._soon.start()

    def _ask(self) -> None:
        plan, generation = self._plan, self._generation
        if plan is None:
            return

        def fresh(emit: Callable[..., None]) -> Callable[[Any], None]:
            return lambda answer: emit(answer) if generation == self._generation else None

        self._library.read(
            lambda library: _looked(library, plan),
            fresh(self.previewed.emit),
            fresh(self.refused.emit),
        )


def _options(library: Library) -> Options:
    episodes = library.episodes
    newest = episodes.list(EpisodeFilter(demonstrations=True), limit=1)
    models = library.models.list("descriptor")
    return Options(
        tasks=episodes.tasks(),
        tags=episodes.tags(),
        datasets=library.datasets.list(),
        newest_task=newest.rows[0].task if newest.rows else "",
        episodes=episodes.list(EpisodeFilter(), limit=0).total,
        models=models,
        sets={model.id: tuple((each.name, each.id) for each in list_sets(Path(model.path))) for model in models},
    )


def _looked(library: Library, plan: Plan) -> Outlook:
    seconds = _seconds(library.runs.list("policy"), plan)
    if not isinstance(plan.config, PolicyConfig):
        found = library.datasets.preview(plan.source, CORRESPONDENCE)
        return Outlook(found, seconds, found.problem)
    _, found = demonstrated(library, plan.config, plan.source, failures=plan.failures)
    problem = found.problem or _missing(library, plan.config)
    return Outlook(found, seconds, problem, own_camera(plan.config, found))


def _missing(library: Library, config: PolicyConfig) -> str:
    """What else than episodes is missing, in one sentence."""
    if REPRESENTATIONS.get(config.representation).info.descriptors:
        try:
            descriptor_model(library, config)
        except InputError as error:
            return str(error)
    return ""


def _seconds(runs: tuple[RunRow, ...], plan: Plan) -> float | None:
    if isinstance(plan.config, PolicyConfig):
        return seconds(runs, plan.config)
    return 60.0 * plan.config.minutes if plan.config.minutes else None
