"""What to label next: pairs of images that the inspector compares while nobody asks it, the least sure first."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.pages.correspondence.scenes import Scenes
from app.workers.inspector import InspectorWorker
from app.workers.library import LibraryWorker
from core.library.annotations import Label
from robot.inspector_messages import PairCompared, StoredFrame, StoredPair

PAIRS = 40


class PairQueue(QObject):
    """Draws pairs, has them compared and shows them one after the other; what is labelled never comes again.

    ``at_work``: whether marks that are not stored would be lost with the images that are shown.
    """

    changed = Signal(str)
    """How far it is, in words."""

    def __init__(
        self, library: LibraryWorker, inspector: InspectorWorker, scenes: Scenes, at_work: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._library, self._inspector, self._scenes = library, inspector, scenes
        self._at_work = at_work
        self._model = self._trouble = ""
        self._on = self._awaited = self._drawing = False
        self._left: list[StoredPair] = []
        self._known: dict[StoredPair, float] = {}
        self._unmasked: dict[StoredPair, str] = {}
        self._past: set[frozenset[StoredFrame]] = set()
        self._labelled: list[set[tuple[str, str, int]]] = []
        self._total = 0
        self._current: StoredPair | None = None
        inspector.compared.connect(self._compared)
        scenes.changed.connect(self._no_longer_await)
        scenes.changed.connect(self._tell)

    @property
    def waiting(self) -> tuple[StoredPair, ...]:
        """The compared pairs that were not shown yet, the least sure first."""
        open_pairs = [pair for pair in self._known if not self._is_past(pair)]
        return tuple(sorted(open_pairs, key=self._known.__getitem__))

    def use(self, on: bool, model: str) -> None:
        """Compare with this model while ``on``; what is known stays as long as the model does."""
        if (on, model) == (self._on, self._model):
            return
        if model != self._model:
            self._forget()
        self._awaited = self._awaited and on
        self._on, self._model = on, model
        if on and not self._left and not self.waiting:
            self._draw()
        self._ask()
        self._tell()

    def know(self, labels: tuple[Label, ...]) -> None:
        """These labels exist: their images are not proposed together any more."""
        self._labelled = [{(mark.episode, mark.role, mark.frame) for mark in label.marks} for label in labels]
        self._tell()

    def next(self) -> None:
        """Show the pair that the model is least sure of so far; other pairs are drawn when all were shown.

        When none is compared yet it is shown once all are, unless the images that are shown were changed or marked.
        """
        waiting = self.waiting
        if not waiting:
            self._awaited = True
            if not self._left:
                self._draw()
            self._tell()
            return
        self._current = waiting[0]
        self._past.add(frozenset(self._current))
        self._scenes.show(self._current)
        self._tell()

    def _draw(self) -> None:
        if self._drawing:
            return
        self._drawing = True
        self._scenes.draw_pairs(PAIRS, self._drawn, self._not_drawn)

    def _not_drawn(self, message: str) -> None:
        self._drawing = self._awaited = False
        self._forget()
        self._trouble = message
        self._tell()

    def _forget(self) -> None:
        """What is known of pairs."""
        self._left.clear()
        self._known.clear()
        self._unmasked.clear()
        self._current, self._total, self._trouble = None, 0, ""

    def _drawn(self, pairs: tuple[StoredPair, ...]) -> None:
        self._drawing = False
        self._forget()
        self._left = [pair for pair in pairs if not self._is_past(pair)]
        self._total = len(self._left)
        self._awaited = self._awaited and bool(self._left)
        self._ask()
        self._tell()

    def _ask(self) -> None:
        library = self._library.library
        captures = library.captures if library is not None else None
        self._inspector.compare(self._model, tuple(self._left) if self._on else (), captures)

    def _compared(self, event: PairCompared) -> None:
        if event.model != self._model or event.pair not in self._left:
            return
        self._left.remove(event.pair)
        if event.confidence is None:
            self._total -= 1
            self._trouble = event.trouble or self._trouble
        else:
            self._known[event.pair] = event.confidence
            if event.trouble:
                self._unmasked[event.pair] = event.trouble
        if self._awaited and not self._left:
            self._show_awaited()
        self._tell()

    def _show_awaited(self) -> None:
        """All are compared: what was waited for comes, unless the hand has begun something else."""
        self._awaited = False
        if self.waiting and not self._at_work():
            self.next()

    def _no_longer_await(self) -> None:
        """Other images are shown."""
        if self._awaited:
            self._awaited = False
            self._tell()

    def _is_past(self, pair: StoredPair) -> bool:
        images = {(shown.episode, shown.role, shown.frame) for shown in pair}
        return frozenset(pair) in self._past or any(images <= marked for marked in self._labelled)

    def _tell(self) -> None:
        self.changed.emit(self._words())

    def _words(self) -> str:
        if self._drawing:
            return "Looking for the pairs where the model is least sure"
        if not self._total:
            return self._trouble or "No two images show an object that could be labelled"
        compared = f"{self._total - len(self._left)} of {self._total} pairs are compared"
        if self._awaited:
            return f"{compared}; the least sure comes when all are"
        if self._current in self._known and self._scenes.panels == self._current:
            return self._words_of(self._current)
        return compared if self._left else f"{len(self.waiting)} pairs wait, the least sure first"

    def _words_of(self, pair: StoredPair) -> str:
        """How sure the model is of a pair; and of what, where no object is known."""
        shown = self._total - len(self._left) - len(self.waiting)
        so_far = f"; {len(self._known)} compared so far" if self._left else ""
        where = f", over the whole image. {self._unmasked[pair]}" if pair in self._unmasked else ""
        return f"{shown} of {self._total}, confidence {100 * self._known[pair]:.0f} %{so_far}{where}"
