"""What pages are given: made once by the application, passed through constructors, never global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.actions import ActionBook
from app.messages import Messenger
from app.settings import Settings
from app.theme import Theme

if TYPE_CHECKING:
    from app.live.bindings import Bindings
    from app.workers.inspector import InspectorWorker
    from app.workers.library import LibraryWorker
    from app.workers.pair_feed import PairFeed
    from app.workers.player_feed import PlayerFeed
    from app.workers.policy import PolicyWorker
    from app.workers.station import StationWorker
    from app.workers.trainings import TrainingQueue
    from app.workers.view3d import View3DWorker
    from core.attempts.collecting import WantedStarts
    from robot.rig import RigConfig


@dataclass(slots=True)
class Services:
    """The window's parts that outlive any page."""

    settings: Settings
    theme: Theme
    actions: ActionBook
    bindings: Bindings
    messenger: Messenger
    station: StationWorker
    policy: PolicyWorker
    library: LibraryWorker
    trainings: TrainingQueue
    view3d: View3DWorker
    player_feed: PlayerFeed
    pair_feed: PairFeed
    inspector: InspectorWorker
    rig: RigConfig
    seed: int = 0
    show_page: Callable[[str], None] = field(default=lambda name: None)
    show_first_page: Callable[[], None] = field(default=lambda: None)
    choose_task: Callable[[str], None] = field(default=lambda name: None)
    show_job: Callable[[str, str], None] = field(default=lambda name, progress: None)
    """How far a job of that name is, for the strip; an empty text when it has ended."""
    reveal_episode: Callable[[str], None] = field(default=lambda episode_id: None)
    reveal_model: Callable[[str], None] = field(default=lambda folder: None)
    """Ask the descriptor model of that folder on the page that shows what it sees."""
    collect_here: Callable[[WantedStarts], None] = field(default=lambda wanted: None)
    """Mark where the next demonstrations should begin, on the page where they are given."""
    deploy_policy: Callable[[str], None] = field(default=lambda policy_id: None)
    """Let the policy of that identifier act."""
