"""Which images stand in the inspector's panels: chosen from the library, one after the other. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError
from core.library.query import EpisodeFilter
from core.library.rows import EpisodeRow
from core.messages import Integrity
from robot.inspector_messages import MOST_PANELS, LiveFrame, Shown, StoredFrame, StoredPair

if TYPE_CHECKING:
    from core.library.library import Library

OFFERED = 500
"""So many of the newest episodes can be chosen from."""
_TRIES = 12
_PAIRED = 24
"""So many images make the pairs that are compared."""
_UNUSABLE = (Integrity.DAMAGED, Integrity.MISSING, Integrity.UNFINISHED)
Panels = tuple[Shown, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EpisodeFrames:
    """An episode's images. ``stamps_s``: capture times by camera, seconds from the start; only cameras with images."""

    id: str
    task: str
    created_utc_ns: int
    path: str
    begin_s: float
    end_s: float
    stamps_s: dict[str, NDArray[np.float64]]

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(self.stamps_s)

    def at(self, role: str, time_s: float) -> StoredFrame:
        """The image of a camera nearest to a time."""
        index = int(np.abs(self.stamps_s[role] - time_s).argmin())
        return StoredFrame(self.id, self.path, role, index)

    def time_s(self, shown: StoredFrame) -> float:
        return float(self.stamps_s[shown.role][shown.frame])

    def within(self, share: float) -> float:
        """The time at that share of what the trims leave, in seconds."""
        return self.begin_s + share * (self.end_s - self.begin_s)


class FrameBook:
    """Facts of episodes, read once; used by one thread at a time."""

    def __init__(self) -> None:
        self._known: dict[str, EpisodeFrames] = {}

    def get(self, episode: str) -> EpisodeFrames | None:
        return self._known.get(episode)

    def read(self, row: EpisodeRow, cache: Path) -> EpisodeFrames:
        """Open the episode's file unless its facts are known; EpisodeFileError says what is wrong with it."""
        if row.id not in self._known:
            with EpisodeReader(Path(row.path), cache) as reader:
                stamps = {role: (reader.stamps(role) - reader.start_ns) / NANOSECONDS for role in reader.cameras}
                begin, end = row.trim_start_s or 0.0, row.trim_end_s or reader.duration_s
            seen = {role: times for role, times in stamps.items() if times.size}
            self._known[row.id] = EpisodeFrames(row.id, row.task, row.created_utc_ns, row.path, begin, end, seen)
        return self._known[row.id]


def usable(library: Library) -> tuple[EpisodeRow, ...]:
    """The newest episodes that have images, as far as the catalogue knows."""
    rows = library.episodes.list(EpisodeFilter(), limit=OFFERED).rows
    return tuple(row for row in rows if row.status == "complete" and row.integrity not in _UNUSABLE and row.frames)


class SceneMaker:
    """Draws scenes: a source and targets that are worth comparing with it."""

    def __init__(self, book: FrameBook, library: Library) -> None:
        self._book, self._cache = book, library.cache
        self._rows = list(usable(library))

    def first(self, targets: int, rng: np.random.Generator) -> Panels:
        """The newest episode with two cameras, its other camera at that moment, and other episodes."""
        readable = [frames for row in self._rows[:_TRIES] if (frames := self._read(row)) is not None]
        source = next((frames for frames in readable if len(frames.roles) > 1), readable[0] if readable else None)
        return () if source is None else self._around(source, source.roles[0], 0.3, targets, rng)

    def random(self, targets: int, rng: np.random.Generator) -> Panels:
        """Another episode, camera and time as the source."""
        for index in rng.permutation(len(self._rows))[:_TRIES]:
            source = self._read(self._rows[int(index)])
            if source is not None:
                role = source.roles[int(rng.integers(len(source.roles)))]
                return self._around(source, role, float(rng.uniform(0.05, 0.95)), targets, rng)
        return ()

    def pairs(self, count: int, rng: np.random.Generator) -> tuple[StoredPair, ...]:
        """Up to ``count`` pairs of images of different episodes; of one episode when it is the only one."""
        readable = (self._read(self._rows[int(k)]) for k in rng.permutation(len(self._rows)))
        episodes = list(islice((frames for frames in readable if frames is not None), _PAIRED))
        each = range(0, _PAIRED, max(1, len(episodes)))
        images = list(dict.fromkeys(self._any_image(frames, rng) for _ in each for frames in episodes))[:_PAIRED]
        apart = [pair for pair in combinations(images, 2) if pair[0].episode != pair[1].episode or len(episodes) == 1]
        return tuple(apart[int(k)] for k in rng.permutation(len(apart))[:count])

    def _any_image(self, frames: EpisodeFrames, rng: np.random.Generator) -> StoredFrame:
        role = frames.roles[int(rng.integers(len(frames.roles)))]
        return frames.at(role, frames.within(float(rng.uniform(0.05, 0.95))))

    def _around(self, source: EpisodeFrames, role: str, share: float, targets: int, rng: np.random.Generator) -> Panels:
        time_s = source.within(share)
        panels: list[Shown] = [source.at(role, time_s)]
        panels += [source.at(other, time_s) for other in source.roles if other != role][:1]
        others = [row for row in self._rows if row.id != source.id]
        tried = [self._read(others[int(index)]) for index in rng.permutation(len(others))[: targets + 2]]
        for count, frames in enumerate(frames for frames in tried if frames is not None):
            roles = sorted(frames.roles, key=lambda other: (other != role, other))
            panels.append(frames.at(roles[count // 2 % len(roles)], frames.within(float(rng.uniform(0.1, 0.9)))))
        while len(panels) < targets + 1:
            panels.append(source.at(role, source.within(float(rng.uniform(0.0, 1.0)))))
        return tuple(panels[: min(targets + 1, MOST_PANELS)])

    def _read(self, row: EpisodeRow) -> EpisodeFrames | None:
        """Episodes whose file cannot be read are passed over here; choosing one by hand says what is wrong."""
        try:
            frames = self._book.read(row, self._cache)
        except (EpisodeFileError, OSError):
            return None
        return frames if frames.stamps_s else None


def swapped(panels: Panels, target: int) -> Panels:
    """Source and a target change places."""
    changed = list(panels)
    changed[0], changed[target] = changed[target], changed[0]
    return tuple(changed)


def roles_live(panels: Panels) -> set[str]:
    """The live cameras that are shown."""
    return {shown.role for shown in panels if isinstance(shown, LiveFrame)}
