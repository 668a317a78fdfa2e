"""The descriptor set that is being put together: add, rename, delete, propose, save, open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Signal

from app.messages import Messenger
from app.pages.correspondence.points import POINT_COLOURS
from app.workers.library import LibraryWorker
from core.correspondence.descriptor_sets import (
    DescriptorSet,
    SetPoint,
    list_sets,
    load_set,
    propose,
    sample_on_mask,
    save_set,
)
from core.errors import InputError
from core.library.models import ModelRow
from robot.inspector_messages import PanelImage, StoredFrame

SET_SIZE = 16
"""P of the paper (section IV-B)."""


class Gathering(QObject):
    """Keeps the points; widgets show them."""

    changed = Signal(object)
    """The points as they are now."""
    setsChanged = Signal(object, str)
    """The sets of the model, and which of them is open."""

    def __init__(self, library: LibraryWorker, messenger: Messenger) -> None:
        super().__init__()
        self._library, self._messenger = library, messenger
        self._model: ModelRow | None = None
        self._sets: tuple[DescriptorSet, ...] = ()
        self._opened: DescriptorSet | None = None
        self._points: tuple[SetPoint, ...] = ()
        self._name = ""

    @property
    def points(self) -> tuple[SetPoint, ...]:
        return self._points

    @property
    def name(self) -> str:
        return self._name

    def use_model(self, model: ModelRow | None) -> None:
        """Points mean something to one model only."""
        before, self._model = self._model, model
        if (before.id if before else "") == (model.id if model else ""):
            return  # it may have got another name
        self._begin()
        self.refresh()

    def refresh(self) -> None:
        """Read the sets of the model from the disk."""
        if self._model is None:
            return
        folder = Path(self._model.path)
        self._library.read(lambda _: list_sets(folder), self._arrived)

    def _arrived(self, sets: tuple[DescriptorSet, ...]) -> None:
        if self._model is not None:
            self._sets = tuple(each for each in sets if each.model == self._model.id)
            self.setsChanged.emit(self._sets, self._opened.id if self._opened else "")

    # Editing --------------------------------------------------------------------------------------------------------
    def add(self, source: PanelImage, uv: list[tuple[float, float]]) -> None:
        """Add pixels of the source."""
        points = list(self._points)
        for (u, v), descriptor in zip(uv, source.descriptors.at(np.array(uv)), strict=True):
            points.append(_point(len(points), u, v, descriptor, source, {point.name for point in points}))
        self._set(tuple(points))

    def propose(self, source: PanelImage, others: list[PanelImage]) -> None:
        """Replace the points by well-separated confident ones, on the objects when it is known where they are."""
        mask = source.mask
        if mask is None:
            self._messenger.say("Where objects are is not known here, so the whole image is searched.", key="points")
        images = [other.descriptors for other in others]
        try:
            pixels = propose(source.descriptors, images, mask, SET_SIZE)
        except InputError as error:
            self._messenger.complain(str(error), key="points")
            return
        self._replace(source, pixels)

    def sample(self, source: PanelImage) -> None:
        """Replace the points by some drawn from the object, the paper's fixed set."""
        try:
            mask = source.mask
            if mask is None:
                raise InputError(
                    "Which pixels show an object is not known for this image: it needs depth and a capture of the "
                    "empty workspace."
                )
            pixels = sample_on_mask(mask, SET_SIZE)
        except InputError as error:
            self._messenger.complain(str(error), key="points")
            return
        self._replace(source, pixels)

    def _replace(self, source: PanelImage, pixels: np.ndarray) -> None:
        give_back = self._giving_back()
        self._points = ()
        self.add(source, [(float(u), float(v)) for u, v in pixels])
        self._offer("The points before were replaced.", give_back)

    def rename(self, index: int, name: str) -> None:
        """An empty or taken name is refused: the old one stays."""
        points = list(self._points)
        if name and all(point.name != name for point in points):
            points[index] = msgspec.structs.replace(points[index], name=name)
        self._set(tuple(points))

    def delete(self, indices: list[int]) -> None:
        self._set(tuple(point for index, point in enumerate(self._points) if index not in indices))

    def clear(self) -> None:
        """Begin another set, with an offer to bring these points back."""
        give_back = self._giving_back()
        self._begin()
        self._offer("Another set begins.", give_back)

    def _begin(self) -> None:
        self._opened, self._name = None, ""
        self._set(())
        self.setsChanged.emit(self._sets, "")

    def _giving_back(self) -> Callable[[], None] | None:
        """What brings the points back that are here now, as long as their model is asked; None without points."""
        model, opened, name, points = self._model, self._opened, self._name, self._points

        def give_back() -> None:
            if model is not None and self._model is not None and model.id == self._model.id:
                self._opened, self._name = opened, name
                self._set(points)
                self.setsChanged.emit(self._sets, opened.id if opened else "")

        return give_back if points else None

    def _offer(self, words: str, give_back: Callable[[], None] | None) -> None:
        if give_back is not None:
            self._messenger.say(words, "Bring points back", give_back, key="points before")

    def use_name(self, name: str) -> None:
        self._name = name

    def _set(self, points: tuple[SetPoint, ...]) -> None:
        self._points = points
        self.changed.emit(points)

    # Files ----------------------------------------------------------------------------------------------------------
    def save(self) -> None:
        """Write the set beside its model; an opened one is replaced."""
        if self._model is None or not self._points:
            self._messenger.say(
                "There is no point to save yet. Shift and click in the source to add one.", key="points"
            )
            return
        name = self._name or f"Set {len(self._sets) + 1}"
        made = DescriptorSet.of(name, self._model.id, self._model.sha256, self._points)
        if self._opened is not None:
            made = msgspec.structs.replace(made, id=self._opened.id, created_utc_ns=self._opened.created_utc_ns)
        folder = Path(self._model.path)

        def saved(_: Path) -> None:
            self._opened, self._name = made, name
            self._messenger.say(f"Saved '{name}' with {len(made.points)} points.", key="points")
            self.refresh()
            self.changed.emit(self._points)

        self._library.write(lambda _: save_set(folder, made), saved)

    def open(self, identifier: str) -> None:
        """Show a set that was saved."""
        model = self._model
        if model is None:
            return
        path = Path(model.path) / "sets" / f"{identifier}.json"

        def opened(found: DescriptorSet) -> None:
            self._opened, self._name = found, found.name
            self._set(found.points)

        self._library.read(lambda _: load_set(path, model.sha256), opened)


def _point(index: int, u: float, v: float, descriptor: np.ndarray, source: PanelImage, taken: set[str]) -> SetPoint:
    number = index + 1
    while f"point {number}" in taken:
        number += 1
    shown = source.shown
    stored = isinstance(shown, StoredFrame)
    return SetPoint(
        name=f"point {number}",
        colour=POINT_COLOURS[index % len(POINT_COLOURS)],
        u=u,
        v=v,
        descriptor=tuple(float(value) for value in descriptor),
        episode=shown.episode if isinstance(shown, StoredFrame) else "",
        role=shown.role,
        frame=shown.frame if stored else -1,
    )
