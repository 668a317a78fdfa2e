"""Keeping runs: name, note, trash; each of it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.messages import Messenger
from app.pages.train.lines import RunLine
from app.workers.library import LibraryWorker

if TYPE_CHECKING:
    from core.library.library import Library

Change = Callable[["Library"], object]


class RunKeeping(QObject):
    """Changes runs and remembers how to take that back, the newest change first."""

    changed = Signal(object)
    """Identifiers of the runs to look at, when a change was made or taken back."""

    def __init__(self, library: LibraryWorker, messenger: Messenger) -> None:
        super().__init__()
        self._library, self._messenger = library, messenger
        self._back: list[tuple[str, Change, tuple[str, ...]]] = []

    def rename(self, line: RunLine, name: str) -> None:
        """Call a run and what came of it otherwise."""
        if name not in ("", line.name):
            self._do(_renaming(line, name), "The run has its name of before.", _renaming(line, line.name), [line])

    def note(self, line: RunLine, words: str) -> None:
        run, before = line.run.id, line.run.notes
        if words != before:
            self._do(
                lambda library: library.runs.note(run, words),
                "The run has its note of before.",
                lambda library: library.runs.note(run, before),
                [line],
            )

    def trash(self, lines: Sequence[RunLine]) -> None:
        """Their models stay."""
        runs = tuple(line.run.id for line in lines)
        said = f"'{lines[0].name}' is" if len(lines) == 1 else f"{len(lines)} runs are"

        def trash(library: Library) -> None:
            for run in runs:
                library.runs.trash(run)

        def restore(library: Library) -> None:
            for run in runs:
                library.runs.restore(run)

        def trashed() -> None:
            self._messenger.say(f"{said} in the trash.", "Bring back", self.undo, "run")

        self._do(trash, f"{said} back from the trash.", restore, lines, trashed)

    def undo(self) -> bool:
        """Take back the newest change; False when there is none."""
        if not self._back:
            return False
        words, change, runs = self._back.pop()

        def done(_: object) -> None:
            self._messenger.say(words, key="run")
            self.changed.emit(runs)

        self._library.write(change, done, self._refused)
        return True

    def _do(
        self,
        change: Change,
        undone: str,
        back: Change,
        lines: Sequence[RunLine],
        then: Callable[[], None] = lambda: None,
    ) -> None:
        runs = tuple(line.run.id for line in lines)

        def done(_: object) -> None:
            self._back.append((undone, back, runs))
            then()
            self.changed.emit(runs)

        self._library.write(change, done, self._refused)

    def _refused(self, message: str) -> None:
        self._messenger.complain(message, key="run")
        self.changed.emit(())


def _renaming(line: RunLine, name: str) -> Change:
    run, model = line.run.id, line.model

    def rename(library: Library) -> None:
        library.runs.rename(run, name)
        if model is not None:
            library.models.rename(model.id, name)

    return rename
