"""The library in threads of its own, one that writes and one that reads: intents in, signals out."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core.errors import ReticleError
from core.messages import CameraInfo, EpisodeMetadata, EpisodeSummary

if TYPE_CHECKING:
    from core.library import Library
    from core.library.journal import Edit

_LOG = logging.getLogger(__name__)
_PATIENCE_S = 30.0
_CLOSING_S = 10.0
Work = Callable[["Library"], Any]
Done = Callable[[Any], None]


class LibraryWorker(QObject):
    """Answers arrive in the window's thread. Whoever asked drops answers that are stale by then."""

    opened = Signal(object)
    openFailed = Signal(str)
    episodeSaved = Signal(object)
    episodesChanged = Signal(object)
    changing = Signal()
    """A change, an undo or a redo was asked for: what an earlier message offered to take back is another thing now."""
    undone = Signal(str, object)
    """What was taken back, in words, and the identifiers of the episodes that are as they were before."""
    redone = Signal(object)
    """The identifiers of the episodes to which an undone change was made again."""
    troubled = Signal(str)

    _delivered = Signal(object, object)

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.library: Library | None = None
        self._writes: queue.SimpleQueue[tuple[Work, Done] | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[tuple[Work, Done] | None] = queue.SimpleQueue()
        self._threads: dict[str, threading.Thread] = {}
        self._usable = threading.Event()
        self._delivered.connect(self._deliver)

    # Life -----------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Open the library, recover what a crash left, then serve; again when opening failed before."""
        for name, serve in (("library writer", self._serve_writes), ("library reader", self._serve_reads)):
            if name not in self._threads or not self._threads[name].is_alive():
                self._threads[name] = threading.Thread(target=serve, name=name, daemon=True)
                self._threads[name].start()

    def close(self) -> None:
        """Finish what was asked, then close the catalogue."""
        self._reads.put(None)
        self._writes.put(None)
        self._usable.set()  # who waits for a library that never opened need not wait any longer
        for thread in self._threads.values():
            thread.join(timeout=_CLOSING_S)

    # Intents --------------------------------------------------------------------------------------------------------
    def begin(
        self,
        metadata: EpisodeMetadata,
        cameras: Sequence[CameraInfo],
        begun: Callable[[str, str, float], None],
        failed: Callable[[str], None],
    ) -> None:
        """A row for a new recording; ``begun`` gets its id, its path and the bytes a second to expect."""

        def begin(library: Library) -> tuple[str, str, float]:
            bytes_per_second = library.episodes.bytes_per_second(cameras)
            episode, path = library.episodes.begin(metadata, cameras)
            return episode, str(path), bytes_per_second

        self.write(begin, lambda answer: begun(*answer), failed)

    def complete(self, summary: EpisodeSummary) -> None:
        """The recording is finished: its row is completed."""
        self.write(lambda library: library.episodes.complete(summary), self._saved)

    def cancel(self, episode_id: str) -> None:
        """The recording never began."""
        self.write(lambda library: library.episodes.cancel(episode_id), lambda _: None)

    def recover(self, done: Done) -> None:
        """What a station that died had recorded becomes episodes at once; ``done`` gets their identifiers."""

        def recovered(report: Any) -> None:
            self.episodesChanged.emit(tuple(report.recovered))
            done(tuple(report.recovered))

        self.write(lambda library: library.recover(repair_damaged=False), recovered)

    def _saved(self, row: Any) -> None:
        self.episodeSaved.emit(row)
        self.episodesChanged.emit((row.id,))

    def change(self, work: Work, ids: tuple[str, ...], done: Done | None = None) -> None:
        """Change episodes; ``episodesChanged`` follows."""
        self.changing.emit()

        def finished(result: Any) -> None:
            self.episodesChanged.emit(ids)
            if done is not None:
                done(result)

        self.write(work, finished)

    def undo(self) -> None:
        """Take back the newest change to any episode; ``undone`` says what it was and on which."""
        self.changing.emit()
        self.write(lambda library: library.episodes.undo(), self._undone)

    def _undone(self, edit: Edit | None) -> None:
        if edit is None:
            self.undone.emit("There is nothing to undo.", ())
            return
        self.undone.emit(undone_words(edit), edit.ids)
        self.episodesChanged.emit(edit.ids)

    def redo(self, done: Done) -> None:
        """Make the change again that was undone last; ``done`` gets it, or None."""
        self.changing.emit()

        def redone(edit: Edit | None) -> None:
            done(edit)
            if edit is not None:
                self.redone.emit(edit.ids)
                self.episodesChanged.emit(edit.ids)

        self.write(lambda library: library.episodes.redo(), redone)

    def write(self, work: Work, done: Done, failed: Callable[[str], None] | None = None) -> None:
        """Run ``work`` in the writing thread."""
        self._writes.put((_guarded(work, failed or self.troubled.emit), done))

    def read(self, work: Work, done: Done, failed: Callable[[str], None] | None = None) -> None:
        """Run ``work`` in the reading thread."""
        self._reads.put((_guarded(work, failed or self.troubled.emit), done))

    # Threads --------------------------------------------------------------------------------------------------------
    def _serve_writes(self) -> None:
        library = self._open()
        if library is None:
            return
        while (item := self._writes.get()) is not None:
            self._run(library, *item)
        reader = self._threads["library reader"]
        reader.join(timeout=_PATIENCE_S)
        self._usable.clear()
        if reader.is_alive():  # SQLite must not be closed under a query
            _LOG.warning("the library stays open: a question is still being answered after %.0f s", _PATIENCE_S)
        else:
            library.close()

    def _open(self) -> Library | None:
        from core.library import Library

        try:
            library = Library.open(self.root)
        except (ReticleError, OSError) as error:
            self._delivered.emit(self.openFailed.emit, str(error))
            return None
        self.library = library
        self._usable.set()
        self._delivered.emit(self.opened.emit, library)
        return library

    def _serve_reads(self) -> None:
        while (item := self._reads.get()) is not None:
            if self._usable.wait(timeout=_PATIENCE_S) and self.library is not None:
                self._run(self.library, *item)

    def _run(self, library: Library, work: Work, done: Done) -> None:
        result = work(library)
        if isinstance(result, _Failure):
            self._delivered.emit(result.tell, result.text)
        else:
            self._delivered.emit(done, result)

    def _deliver(self, done: Done, result: Any) -> None:
        done(result)


class _Failure:
    def __init__(self, tell: Callable[[str], None], text: str) -> None:
        self.tell, self.text = tell, text


def _guarded(work: Work, tell: Callable[[str], None]) -> Work:
    """Errors meant for a person become a message; others are logged and said in words too."""

    def run(library: Library) -> Any:
        try:
            return work(library)
        except ReticleError as error:
            return _Failure(tell, str(error))
        except Exception as error:  # noqa: BLE001  the thread must live; the error is logged and shown
            _LOG.exception("the library could not do what was asked")
            return _Failure(tell, f"The library could not do that: {error}.")

    return run


_COLUMNS = {
    "success": "verdict",
    "notes": "note",
    "tags": "tags",
    "trim_start_s": "trim",
    "trim_end_s": "trim",
    "disturbance": "disturbance",
}


def undone_words(edit: Edit) -> str:
    """What is so again after an edit was taken back."""
    count = len(edit.ids)
    one = count == 1
    which, are = ("The episode", "is") if one else (f"{count:,} episodes", "are")
    if edit.action == "trash":
        return f"{which} {are} back from the trash."
    if edit.action == "restore":
        return f"{which} {are} in the trash again."
    changed = {column for change in edit.changes for column in change.before}
    words = dict.fromkeys(word for column, word in _COLUMNS.items() if column in changed)
    return f"{which} {'has' if one else 'have'} the {' and the '.join(words)} of before."
