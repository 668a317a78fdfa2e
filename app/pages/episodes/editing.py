"""Changes to episodes: sent to the library's thread, said in a quiet message, undone with one key."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from app.messages import Messenger
from app.workers.library import LibraryWorker


class EpisodeEditing(QObject):
    """Every change names how many episodes it touched and offers Undo."""

    def __init__(self, library: LibraryWorker, messenger: Messenger) -> None:
        super().__init__()
        self._library, self._messenger = library, messenger

    def label(self, ids: tuple[str, ...], what: str, **change: Any) -> None:
        """Verdict, note or tags on all of them, as one change."""
        done = None
        if len(ids) > 1:
            done = lambda _: self._say(f"Set {what} on {len(ids):,} episodes.")  # noqa: E731
        self._library.change(lambda library: library.episodes.label(ids, **change), ids, done)

    def trim(self, episode_id: str, start_s: float | None, end_s: float | None) -> None:
        self._library.change(lambda library: library.episodes.trim(episode_id, start_s, end_s), (episode_id,))

    def trash(self, ids: tuple[str, ...]) -> None:
        words = "The episode is in the trash." if len(ids) == 1 else f"{len(ids):,} episodes are in the trash."
        self._library.change(lambda library: library.episodes.trash(ids), ids, lambda _: self._say(words))

    def restore(self, ids: tuple[str, ...]) -> None:
        words = "The episode is back." if len(ids) == 1 else f"{len(ids):,} episodes are back."
        self._library.change(lambda library: library.episodes.restore(ids), ids, lambda _: self._say(words))

    def redo(self) -> None:
        """Make the change again that was undone last."""

        def redone(edit: Any) -> None:
            if edit is None:
                self._messenger.say("There is nothing to redo.", key="undo")

        self._library.redo(redone)

    def _say(self, words: str) -> None:
        self._messenger.say(words, "Undo", self._library.undo, key="edit")
