"""The reference: the first frame of an earlier episode of the task, to set up a scene alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from app.workers.library import LibraryWorker
from core.static_scenes import SCAN

if TYPE_CHECKING:
    from core.library import Library
    from core.library.rows import EpisodeRow

Images = dict[str, NDArray[np.uint8]]


class Reference(QObject):
    """Keeps the first reference that a task gets, so that starts do not drift from episode to episode."""

    changed = Signal(object)

    def __init__(self, library: LibraryWorker) -> None:
        super().__init__()
        self._library = library
        self._task = ""
        self._found = False

    def use_task(self, task: str) -> None:
        """Look for the newest success of the task, or the newest episode of it."""
        if task == self._task and self._found:
            return
        self._task, self._found = task, False
        if self._library.library is not None:
            self._library.read(lambda library: _first_frames(library, task), lambda images: self._keep(task, images))

    def saved(self, row: EpisodeRow) -> None:
        """The first episode of a task becomes its reference."""
        if row.task == self._task and row.demonstrator != SCAN and not self._found:
            self.use_task(self._task)

    def _keep(self, task: str, images: Images) -> None:
        if task == self._task:
            self._found = bool(images)
            self.changed.emit(images)


def _first_frames(library: Library, task: str) -> Images:
    from core.library.query import EpisodeFilter

    complete = EpisodeFilter(task=task, status="complete", demonstrations=True)
    for wanted in (msgspec.structs.replace(complete, success=True), complete):
        for row in library.episodes.list(wanted, limit=1).rows:
            with library.episodes.open(row.id) as reader:
                return {role: reader.rgb(role, 0) for role in reader.cameras if reader.frame_count(role)}
    return {}
