"""Which images are compared: drawn from the library, browsed, changed one by one. Signals only, no widgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.pages.episodes.model import when_words
from app.workers.library import LibraryWorker
from core.errors import InputError
from core.library.mask_corrections import CorrectedFrame
from core.library.rows import EpisodeRow
from robot.inspector_messages import MOST_PANELS, LiveFrame, Shown, StoredFrame, StoredPair
from robot.inspector_scenes import EpisodeFrames, FrameBook, Panels, SceneMaker, swapped, usable

if TYPE_CHECKING:
    from core.library.library import Library

_TARGETS = 4


class Scenes(QObject):
    """The scenes that were looked at, and the one that is shown."""

    changed = Signal()
    """Other panels are shown, or another one is chosen."""
    listed = Signal(object)
    """The episodes that can be chosen from."""

    def __init__(self, library: LibraryWorker, seed: int) -> None:
        super().__init__()
        self._library = library
        self._book = FrameBook()
        self._rng = np.random.default_rng(seed)
        self._history: list[Panels] = []
        self._position = -1
        self.chosen = 0
        self.rows: tuple[EpisodeRow, ...] = ()
        self.titles: dict[str, str] = {}
        self.live_roles: tuple[str, ...] = ()

    @property
    def panels(self) -> Panels:
        return self._history[self._position] if self._history else ()

    @property
    def targets(self) -> int:
        return max(0, len(self.panels) - 1)

    def frames(self, panel: int) -> EpisodeFrames | None:
        """What is known of the episode in a panel."""
        shown = self.panels[panel]
        return self._book.get(shown.episode) if isinstance(shown, StoredFrame) else None

    def title(self, shown: Shown) -> str:
        """What a caption says of an image."""
        if isinstance(shown, LiveFrame):
            return f"{shown.role}, live"
        frames = self._book.get(shown.episode)
        if frames is None:
            return shown.role
        task = self.titles.get(frames.task, frames.task)
        return f"{shown.role} at {frames.time_s(shown):.1f} s   {task}, {when_words(frames.created_utc_ns)}"

    def name(self, image: CorrectedFrame) -> str:
        """What a list says of a stored image, whose episode need not have been read."""
        found = next((row for row in self.rows if row.id == image.episode), None)
        task = "" if found is None else self.titles.get(found.task, found.task)
        when = "" if found is None else when_words(found.created_utc_ns)
        return f"{task}, {when}   {image.role}, frame {image.frame}"

    # Drawing --------------------------------------------------------------------------------------------------------
    def list_episodes(self) -> None:
        self._library.read(usable, self._listed)

    def _listed(self, rows: tuple[EpisodeRow, ...]) -> None:
        self.rows = rows
        self.listed.emit(rows)

    def first(self) -> None:
        """The scene to begin with, unless there is one."""
        self._draw(lambda maker, rng: maker.first(_TARGETS, rng))

    def new(self) -> None:
        """Other images, as many as are shown."""
        targets = self.targets or _TARGETS
        self._draw(lambda maker, rng: maker.random(targets, rng))

    def _draw(self, how: Callable[[SceneMaker, np.random.Generator], Panels]) -> None:
        rng = np.random.default_rng(self._rng.integers(2**32))

        def draw(library: Library) -> Panels:
            return how(SceneMaker(self._book, library), rng)

        self._library.read(draw, self._drawn)

    def draw_pairs(
        self, count: int, done: Callable[[tuple[StoredPair, ...]], None], failed: Callable[[str], None]
    ) -> None:
        """Pairs of images that could be labelled, as far as there are; or the sentence that says why not."""
        rng = np.random.default_rng(self._rng.integers(2**32))
        self._library.read(lambda library: SceneMaker(self._book, library).pairs(count, rng), done, failed)

    def _drawn(self, panels: Panels) -> None:
        if panels:
            self.show(panels)

    def show(self, panels: Panels) -> None:
        """Show other panels; what was shown can be gone back to."""
        del self._history[self._position + 1 :]
        self._history.append(panels)
        self._position = len(self._history) - 1
        self.chosen = min(self.chosen, len(panels) - 1)
        self.changed.emit()

    def _replace(self, panels: Panels) -> None:
        """A small change is not a scene of its own."""
        self._history[self._position] = panels
        self.chosen = min(self.chosen, len(panels) - 1)
        self.changed.emit()

    def go(self, by: int) -> None:
        """Back and forth; past the newest are new images."""
        wanted = self._position + by
        if wanted >= len(self._history):
            self.new()
        elif wanted >= 0:
            self._position = wanted
            self.chosen = min(self.chosen, self.targets)
            self.changed.emit()

    # Changing -------------------------------------------------------------------------------------------------------
    def choose(self, panel: int) -> None:
        if self.panels:
            self.chosen = panel % len(self.panels)
            self.changed.emit()

    def swap(self) -> None:
        """The source and the chosen target, the first one when the source itself is chosen."""
        if self.targets:
            self._replace(swapped(self.panels, self.chosen or 1))

    def add(self) -> None:
        """One more target: another moment of the chosen image's episode, or its other camera."""
        if not self.panels or len(self.panels) >= MOST_PANELS:
            return
        shown = self.panels[self.chosen]
        frames = self.frames(self.chosen)
        more: Shown = shown
        if isinstance(shown, StoredFrame) and frames is not None:
            role = frames.roles[(frames.roles.index(shown.role) + 1) % len(frames.roles)]
            more = frames.at(role, frames.within(float(self._rng.uniform())))
        self._replace((*self.panels, more))
        self.choose(len(self.panels) - 1)

    def remove(self) -> None:
        """Take the chosen target away; the last one stays."""
        if self.chosen and self.targets > 1:
            self._replace(tuple(shown for panel, shown in enumerate(self.panels) if panel != self.chosen))

    def put(self, shown: Shown) -> None:
        """Another image in the chosen panel."""
        panels = list(self.panels)
        panels[self.chosen] = shown
        self._replace(tuple(panels))

    def choose_episode(self, episode: str, live: bool) -> None:
        """Another episode, or the live camera, in the chosen panel; the same camera when it has it."""
        role = self.panels[self.chosen].role
        if live:
            roles = self.live_roles
            if roles:
                self.put(LiveFrame(role if role in roles else roles[0]))
            return
        panel = self.chosen
        self._library.read(lambda library: self._read(library, episode), lambda frames: self._use(panel, role, frames))

    def _read(self, library: Library, episode: str) -> EpisodeFrames:
        return self._book.read(library.episodes.get(episode), library.cache)

    def _use(self, panel: int, role: str, frames: EpisodeFrames) -> None:
        if panel < len(self.panels) and frames.stamps_s:
            self.chosen = panel
            self.put(frames.at(role if role in frames.roles else frames.roles[0], frames.within(0.3)))

    def choose_image(self, image: CorrectedFrame) -> None:
        """That image as the source; its episode may have been replaced since the image was corrected."""

        def find(library: Library) -> EpisodeFrames:
            frames = self._read(library, image.episode)
            if image.frame >= len(frames.stamps_s.get(image.role, ())):
                raise InputError(
                    f"The episode has no frame {image.frame} of a {image.role} camera any more; choose another image."
                )
            return frames

        def use(frames: EpisodeFrames) -> None:
            self.chosen = 0
            self.put(StoredFrame(image.episode, frames.path, image.role, image.frame))

        self._library.read(find, use)

    def choose_role(self, role: str) -> None:
        """Another camera at the same moment."""
        shown, frames = self.panels[self.chosen], self.frames(self.chosen)
        if isinstance(shown, StoredFrame) and frames is not None:
            self.put(frames.at(role, frames.time_s(shown)))
        else:
            self.put(LiveFrame(role))

    def choose_frame(self, frame: int) -> None:
        """Another frame of the same camera."""
        shown, frames = self.panels[self.chosen], self.frames(self.chosen)
        if isinstance(shown, StoredFrame) and frames is not None:
            last = len(frames.stamps_s[shown.role]) - 1
            wanted = StoredFrame(shown.episode, shown.path, shown.role, min(max(0, frame), last))
            if wanted != shown:
                self.put(wanted)

    def step_frame(self, by: int) -> None:
        shown: Any = self.panels[self.chosen] if self.panels else None
        if isinstance(shown, StoredFrame):
            self.choose_frame(shown.frame + by)
