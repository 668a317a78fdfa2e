"""Collect here next: starts that the Scores page asks for, marked in the live views until they were demonstrated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QPushButton

from app.live.live_views import LiveViews
from app.theme import unit
from app.widgets.basics import row, text
from app.workers.library import LibraryWorker
from core.attempts.collecting import WantedStarts, marks, struck_off
from core.attempts.workspace import start_of
from core.messages import Floats, Source
from core.static_scenes import SCAN

if TYPE_CHECKING:
    from core.library import Library
    from core.library.rows import EpisodeRow


class Collecting(QFrame):
    """A row under the toolbar while starts are asked for; each saved demonstration strikes one off."""

    def __init__(self, library: LibraryWorker, views: LiveViews) -> None:
        super().__init__()
        self._library, self._views = library, views
        self._wanted: WantedStarts | None = None
        self._task = ""
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 11)
        self._words = text("")
        self.done = QPushButton("Done")
        self.done.clicked.connect(lambda: self.begin(None))
        self.setLayout(row(self._words, None, self.done, margins=(3, 0, 3, 0)))
        self.hide()

    @property
    def words(self) -> str:
        return self._words.text()

    def begin(self, wanted: WantedStarts | None) -> None:
        """Ask for these; None: for nothing any more."""
        self._wanted = wanted
        self._show()

    def use_task(self, task: str) -> None:
        """Marks are drawn in the scene of their own task only."""
        self._task = task
        self._show()

    def saved(self, episode: EpisodeRow) -> None:
        """A demonstration of the task was recorded."""
        wanted = self._wanted
        if wanted is None or episode.task != wanted.task.name or episode.demonstrator in (SCAN, Source.POLICY):
            return

        def read(library: Library) -> Floats | None:
            return start_of(library.episodes.details(episode.id).start_poses, wanted.starts)

        self._library.read(read, lambda start: self._strike(wanted.task.name, start))

    def _strike(self, task: str, start: Floats | None) -> None:
        wanted = self._wanted
        if wanted is None or wanted.task.name != task:
            return
        left = struck_off(wanted.at, start, wanted.starts)
        self.begin(WantedStarts(wanted.task, wanted.starts, left) if len(left) else None)

    def _show(self) -> None:
        wanted = self._wanted
        here = wanted is not None and wanted.task.name == self._task
        self._views.show_wanted(marks(wanted.at) if wanted is not None and here else ())
        self.setVisible(here)
        if wanted is not None:
            self._words.setText(
                f"Collect here next: put the {wanted.starts.object.replace('_', ' ')} on the bright ring, its x axis "
                f"along the stroke, and show '{wanted.task.title}'. {len(wanted.at)} left."
            )
