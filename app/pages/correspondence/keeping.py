"""Keeping models: rename, trash and bring back; which paused trainings could go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.messages import Messenger
from app.workers.library import LibraryWorker
from core.library.models import ModelRow
from core.library.runs import RunRow

if TYPE_CHECKING:
    from core.library.library import Library

Found = tuple[tuple[ModelRow, ...], tuple[RunRow, ...]]


class Keeping(QObject):
    """Asks the library and says what there is afterwards."""

    listed = Signal(object)
    """The descriptor models, the newest first."""
    paused = Signal(object)
    """The paused correspondence runs, the newest first."""

    def __init__(self, library: LibraryWorker, messenger: Messenger) -> None:
        super().__init__()
        self._library, self._messenger = library, messenger

    def refresh(self) -> None:
        self._library.read(_find, self._found)

    def _found(self, found: Found) -> None:
        self.listed.emit(found[0])
        self.paused.emit(found[1])

    def rename(self, model: ModelRow, name: str) -> None:
        """Call a model otherwise; a name that cannot be is refused in words."""
        if name.strip() != model.name:
            self._library.write(
                lambda library: library.models.rename(model.id, name), lambda _: self.refresh(), self._refused
            )

    def trash(self, model: ModelRow) -> None:
        """Move a model to the trash, with an offer to bring it back."""

        def trashed(_: object) -> None:
            self._messenger.say(f"'{model.name}' is in the trash.", "Bring back", lambda: self.restore(model), "model")
            self.refresh()

        self._library.write(lambda library: library.models.trash(model.id), trashed, self._refused)

    def restore(self, model: ModelRow) -> None:
        """Bring a model back from the trash."""
        self._library.write(lambda library: library.models.restore(model.id), lambda _: self.refresh(), self._refused)

    def _refused(self, message: str) -> None:
        self._messenger.complain(message, key="model")
        self.refresh()


def _find(library: Library) -> Found:
    runs = library.runs.list("correspondence")
    return library.models.list("descriptor"), tuple(run for run in runs if run.status == "paused")
