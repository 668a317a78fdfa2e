"""Thumbnails for the rows in sight: newest wish first, made in a thread, kept as pixmaps."""

from __future__ import annotations

import threading
from collections import OrderedDict

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.workers.library import LibraryWorker
from core.errors import ReticleError

_KEPT = 600
_WAITING = 60


class ThumbnailStore(QObject):
    """``pixmap`` answers at once with what is there and asks for what is not."""

    arrived = Signal(str)

    _made = Signal(str, QImage)

    def __init__(self, library: LibraryWorker, parent: QObject) -> None:
        super().__init__(parent)
        self._library = library
        self._pixmaps: OrderedDict[str, QPixmap | None] = OrderedDict()
        self._wishes: OrderedDict[str, None] = OrderedDict()
        self._condition = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._made.connect(self._keep)

    def pixmap(self, episode_id: str) -> QPixmap | None:
        """The picture, or None while there is none."""
        if episode_id in self._pixmaps:
            self._pixmaps.move_to_end(episode_id)
            return self._pixmaps[episode_id]
        with self._condition:
            self._wishes[episode_id] = None
            self._wishes.move_to_end(episode_id)
            while len(self._wishes) > _WAITING:
                self._wishes.popitem(last=False)
            self._condition.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="thumbnails", daemon=True)
            self._thread.start()
        return None

    def try_again(self, episode_ids: tuple[str, ...]) -> None:
        """These have changed: where there was no picture, there may be one now."""
        for episode_id in episode_ids:
            if self._pixmaps.get(episode_id) is None:
                self._pixmaps.pop(episode_id, None)

    def close(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _serve(self) -> None:
        while True:
            with self._condition:
                while not self._wishes and not self._closing:
                    self._condition.wait()
                if self._closing:
                    return
                episode_id, _ = self._wishes.popitem(last=True)
            self._made.emit(episode_id, self._make(episode_id))

    def _make(self, episode_id: str) -> QImage:
        library = self._library.library
        if library is None:
            return QImage()
        try:
            data = library.episodes.thumbnail(episode_id, "middle")
        except ReticleError:
            data = None
        return QImage.fromData(data) if data else QImage()

    def _keep(self, episode_id: str, image: QImage) -> None:
        self._pixmaps[episode_id] = QPixmap.fromImage(image) if not image.isNull() else None
        while len(self._pixmaps) > _KEPT:
            self._pixmaps.popitem(last=False)
        self.arrived.emit(episode_id)
