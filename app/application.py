"""The window's beginning and end: services made and joined, errors shown in words, an orderly quit."""

from __future__ import annotations

import logging
import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QApplication

from app.actions import WINDOW_ACTIONS, ActionBook, ActionSpec, page_action
from app.live.bindings import Bindings
from app.main_window import SCHEME, MainWindow
from app.messages import Messenger
from app.page import PAGES, Page, PageInfo
from app.services import Services
from app.settings import Settings, default_path
from app.theme import Theme
from app.workers.inspector import InspectorWorker
from app.workers.library import LibraryWorker
from app.workers.pair_feed import PairFeed
from app.workers.player_feed import PlayerFeed
from app.workers.policy import PolicyWorker
from app.workers.station import StationWorker
from app.workers.trainings import TrainingQueue
from app.workers.view3d import View3DWorker
from core.errors import ReticleError
from core.platform import default_library
from core.processes.shared_memory import Session
from robot.rig import DEFAULT_RIG, load_rig
from robot.station_messages import StationSpec

_LOG = logging.getLogger(__name__)


class Application:
    """One run of the window. ``begin`` starts the station and the library once the window is on the screen."""

    def __init__(
        self,
        qt: QApplication,
        library_root: Path,
        rig_path: Path,
        seed: int = 0,
        settings_path: Path | None = None,
    ) -> None:
        rig = load_rig(rig_path)
        settings = Settings(settings_path or default_path())
        theme = Theme(qt)
        theme.use(settings.get(SCHEME))
        self.session = Session.create()
        spec = StationSpec(session="", rig=str(rig_path), seed=seed)
        infos = page_infos()
        library = LibraryWorker(library_root)
        actions = ActionBook(
            all_actions(infos),
            settings,
            frozenset(info.name for info in infos if info.drives),
            tuple(use for info in infos for use in info.view_uses),
        )
        self.services = Services(
            settings=settings,
            theme=theme,
            actions=actions,
            bindings=Bindings(settings, actions),
            messenger=Messenger(),
            station=StationWorker(self.session, spec),
            policy=PolicyWorker(self.session, rig.watchdogs),
            library=library,
            trainings=TrainingQueue(library),
            view3d=View3DWorker(self.session),
            player_feed=PlayerFeed(self.session),
            pair_feed=PairFeed(self.session),
            inspector=InspectorWorker(self.session),
            rig=rig,
            seed=seed,
        )
        self.services.station.recordingFinished.connect(lambda event: library.complete(event.summary))
        pages: list[tuple[PageInfo, Page]] = [(info, PAGES.get(info.name).build(self.services)) for info in infos]
        self.window = MainWindow(self.services, pages)
        self.window.closing.connect(self.finish)
        self._finished = False

    def begin(self) -> None:
        """Show the window, then start what it shows."""
        self.window.begin()
        self.window.show()
        QTimer.singleShot(0, self.services.library.start)
        QTimer.singleShot(0, self.services.station.start)

    def finish(self) -> None:
        """Brake, finish the recording, complete its row, end the children."""
        if self._finished:
            return
        self._finished = True
        self.services.station.close()
        QCoreApplication.sendPostedEvents(self.services.station)
        self.services.policy.finish()
        self.services.view3d.close()
        self.services.inspector.close()
        self.services.trainings.close()
        self.services.library.close()
        QCoreApplication.sendPostedEvents(self.services.library)
        self.session.remove()

    def complain(self, error: BaseException) -> None:
        """An error nobody expected, as a message in the window; the window goes on."""
        text = str(error) if isinstance(error, ReticleError) else f"Something went wrong: {error}."
        details = "".join(traceback.format_exception(error))
        self.services.messenger.complain(text, "Copy details", lambda: QApplication.clipboard().setText(details))


def page_infos() -> list[PageInfo]:
    """The registered pages, in the order of the rail."""
    infos = [entry.info for entry in PAGES.entries().values() if entry.info is not None]
    return sorted(infos, key=lambda info: info.order)


def all_actions(infos: list[PageInfo]) -> list[ActionSpec]:
    """The window's actions, one for each page, and the pages' own."""
    pages = [page_action(index, info.name, info.title, info.icon) for index, info in enumerate(infos)]
    return [*pages, *WINDOW_ACTIONS, *(spec for info in infos for spec in info.actions)]


def run(library_dir: Path | None = None, rig: Path | None = None, seed: int = 0) -> int:
    """Open the window and return its exit status when it is closed."""
    qt = QApplication(sys.argv[:1])
    qt.setApplicationName("reticle")
    qt.setApplicationDisplayName("Reticle")
    application = Application(qt, library_dir or default_library(), rig or DEFAULT_RIG, seed)
    _install_hooks(application)
    application.begin()
    return qt.exec()


def _install_hooks(application: Application) -> None:
    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _LOG.error("unexpected error", exc_info=(kind, error, trace))
        application.complain(error)

    sys.excepthook = hook
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: QTimer.singleShot(0, application.window.close))
