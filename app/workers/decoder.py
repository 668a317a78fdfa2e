"""Opens and decodes episodes in a thread: only the newest wish counts, answers carry their question's number."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.clock import NANOSECONDS
from core.errors import EpisodeFileError
from core.messages import CameraInfo, EpisodeEvent, Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.episodes.arrays import Arrays
    from core.episodes.reader import EpisodeReader

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenEpisode:
    """What a player needs to know at once. ``stamps_s``: capture times of every camera's frames from the start."""

    id: str
    duration_s: float
    cameras: dict[str, CameraInfo]
    stamps_s: dict[str, NDArray[np.float64]]
    events: tuple[tuple[float, EpisodeEvent], ...]


@dataclass(frozen=True, slots=True)
class Ticks:
    """All control ticks; ``times_s`` from the start of the episode."""

    times_s: NDArray[np.float64]
    arrays: Arrays


@dataclass(frozen=True, slots=True)
class _Wish:
    generation: int
    time_s: float
    roles: tuple[str, ...]
    depth: bool


class Decoder(QObject):
    """``open`` an episode, then ask for moments of it."""

    opened = Signal(int, object)
    ticksRead = Signal(int, object)
    failed = Signal(int, str)
    decoded = Signal(int, float, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._condition = threading.Condition()
        self._generation = 0
        self._path: tuple[int, str, Path, Path | None] | None = None
        self._wish: _Wish | None = None
        self._closing = False
        self._thread: threading.Thread | None = None

    def open(self, episode_id: str, path: Path, cache_dir: Path | None) -> int:
        """Open another episode; returns the number that its answers carry."""
        with self._condition:
            self._generation += 1
            self._path = (self._generation, episode_id, path, cache_dir)
            self._wish = None
            self._condition.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="decoder", daemon=True)
            self._thread.start()
        return self._generation

    def ask(self, time_s: float, roles: tuple[str, ...], *, depth: bool) -> None:
        """Decode the frames of a moment; a wish that waits is replaced."""
        with self._condition:
            self._wish = _Wish(self._generation, time_s, roles, depth)
            self._condition.notify()

    @property
    def busy(self) -> bool:
        return self._wish is not None

    def close(self) -> None:
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    # The thread -----------------------------------------------------------------------------------------------------
    def _serve(self) -> None:
        reader: EpisodeReader | None = None
        while True:
            with self._condition:
                while self._path is None and self._wish is None and not self._closing:
                    self._condition.wait()
                if self._closing:
                    break
                path, self._path = self._path, None
                wish = self._wish if path is None else None
            if path is not None:
                if reader is not None:
                    reader.close()
                reader = self._open(*path)
            elif wish is not None:
                if reader is not None:
                    self._decode(reader, wish)
                with self._condition:
                    if self._wish is wish:
                        self._wish = None
        if reader is not None:
            reader.close()

    def _open(self, generation: int, episode_id: str, path: Path, cache_dir: Path | None) -> EpisodeReader | None:
        from core.episodes.reader import EpisodeReader

        try:
            reader = EpisodeReader(path, cache_dir)
            self.opened.emit(generation, _facts(episode_id, reader))
            arrays = reader.arrays()
            times_s = (arrays["stamp_ns"] - reader.start_ns) / NANOSECONDS
            self.ticksRead.emit(generation, Ticks(times_s, arrays))
        except EpisodeFileError as error:
            self.failed.emit(generation, str(error))
            return None
        except (OSError, ValueError, KeyError) as error:
            _LOG.exception("an episode could not be opened")
            self.failed.emit(generation, f"{path.name} cannot be read: {error}.")
            return None
        return reader

    def _decode(self, reader: EpisodeReader, wish: _Wish) -> None:
        stamp_ns = reader.start_ns + round(wish.time_s * NANOSECONDS)
        frames: dict[str, Frame] = {}
        for role in wish.roles:
            try:
                if reader.frame_count(role):
                    frames[role] = reader.frame(role, reader.index_at(role, stamp_ns), depth=wish.depth)
            except EpisodeFileError as error:
                self.failed.emit(wish.generation, str(error))
        self.decoded.emit(wish.generation, wish.time_s, frames)


def _facts(episode_id: str, reader: EpisodeReader) -> OpenEpisode:
    start_ns = reader.start_ns
    return OpenEpisode(
        episode_id,
        reader.duration_s,
        reader.cameras,
        {role: (reader.stamps(role) - start_ns) / NANOSECONDS for role in reader.cameras},
        tuple(((event.stamp_ns - start_ns) / NANOSECONDS, event) for event in reader.events()),
    )
