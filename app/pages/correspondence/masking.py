"""Correcting masks: every stroke is kept at once as an annotation of its image, and can be taken back."""

from __future__ import annotations

import dataclasses

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QActionGroup

from app.actions import ActionBook
from app.messages import Messenger
from app.pages.correspondence.mask_history import History
from app.pages.correspondence.mask_view import SIZES_PX, MaskSheet, Tool
from app.pages.correspondence.view import PanelView
from app.views.mask import MaskPicture
from app.workers.library import LibraryWorker
from core.correspondence.mask_correction import Layers, Mask, MaskCorrection, corrected, correction, resized_layers
from core.library.mask_corrections import CorrectedFrame
from robot.inspector_messages import PanelImage, Shown, StoredFrame

_TOOLS = ("masks.brush", "masks.polygon", "masks.erase", "masks.smaller", "masks.larger")
"""What works while masks are corrected only."""


class Masking(QObject):
    """The corrections of the images that are shown, and the sheet on which the source's is painted."""

    changed = Signal()
    """A mask is another one now: images must be corrected again."""
    listed = Signal(object)
    """All corrected images, the newest first."""
    stateChanged = Signal(str, int)
    """How the mask of the source came about, and the diameter of the brush, pixels of the image."""

    def __init__(self, library: LibraryWorker, messenger: Messenger, source: PanelView, book: ActionBook) -> None:
        super().__init__()
        self._library, self._messenger, self._book = library, messenger, book
        self.sheet = MaskSheet(source)
        self.on = False
        self._frames: tuple[CorrectedFrame, ...] | None = None
        self._histories: dict[CorrectedFrame, History] = {}
        self._panels: tuple[Shown, ...] = ()
        self._asked: set[CorrectedFrame] = set()
        self._source: PanelImage | None = None
        self._image: CorrectedFrame | None = None
        self.sheet.painted.connect(self._painted)
        self.sheet.sized.connect(self._size)
        self._connect()

    def _connect(self) -> None:
        book, tools = self._book, QActionGroup(self)
        for name, tool in (("masks.brush", Tool.BRUSH), ("masks.polygon", Tool.POLYGON)):
            tools.addAction(book[name])
            book[name].triggered.connect(lambda _=False, tool=tool: self.sheet.use_tool(tool))
        book["masks.brush"].setChecked(True)
        book["masks.erase"].toggled.connect(self.sheet.use_erasing)
        for name, handler in (
            ("masks.smaller", lambda: self._size(max(0, self.sheet.size - 1))),
            ("masks.larger", lambda: self._size(min(len(SIZES_PX) - 1, self.sheet.size + 1))),
            ("masks.redo", self.redo),
            ("masks.as_found", self.as_found),
        ):
            book[name].triggered.connect(lambda _=False, handler=handler: handler())
        self._enable()

    def _enable(self) -> None:
        for name in _TOOLS:
            self._book[name].setEnabled(self.on)
        history = self._history() if self.on else None
        self._book["masks.redo"].setEnabled(history is not None and history.can_move(1))
        self._book["masks.as_found"].setEnabled(history is not None and history.something)

    def use(self, on: bool) -> None:
        """Begin or end correcting."""
        self.sheet.finish()
        self.on = on
        self.sheet.leave_polygon()
        self.sheet.setVisible(on)
        if on:
            self.sheet.raise_()
            self.sheet.setFocus()
        self._show()

    # What is known --------------------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Learn which images are corrected."""
        self._library.read(lambda library: library.masks.frames(), self._listed)

    def _listed(self, frames: tuple[CorrectedFrame, ...]) -> None:
        self._frames = frames
        self.listed.emit(frames)
        self._read_missing()

    def show_panels(self, panels: tuple[Shown, ...], source: PanelImage | None) -> None:
        """Other images are shown."""
        self._panels = panels
        self.look(source)
        self._read_missing()

    def _read_missing(self) -> None:
        for shown in self._panels:
            image = _key(shown)
            if image is not None and self._frames is not None and image not in self._histories:
                self._read(image) if image in self._frames else self._know(image, None)

    def _read(self, image: CorrectedFrame) -> None:
        if image in self._asked:
            return
        self._asked.add(image)

        def damaged(message: str) -> None:
            self._messenger.complain(message, key="masks")
            self._know(image, None, message)

        self._library.read(lambda library: library.masks.get(image), lambda found: self._know(image, found), damaged)

    def _know(self, image: CorrectedFrame, found: MaskCorrection | None, problem: str = "") -> None:
        self._asked.discard(image)
        self._histories.setdefault(image, History([found], problem=problem))
        if found is not None:
            self.changed.emit()
        if image == self._image:
            self._show()

    def corrected(self, image: PanelImage) -> PanelImage:
        """The image with what a hand said of its mask; the same object when that changes nothing."""
        key = _key(image.shown)
        now = self._histories[key].now if key in self._histories else None
        if now is None or not image.was_searched:
            return image if image.mask is image.found else dataclasses.replace(image, mask=image.found)
        return dataclasses.replace(image, mask=corrected(_found(image), now.decoded()))

    # The source -----------------------------------------------------------------------------------------------------
    def look(self, source: PanelImage | None) -> None:
        """The source as it is now; a stroke that is being painted belongs to the image before."""
        changed = _seen(source) != _seen(self._source)
        if changed:
            self.sheet.finish()
        self._source, self._image = source, None if source is None else _key(source.shown)
        if changed:
            self._show()

    def _history(self) -> History | None:
        return None if self._image is None else self._histories.get(self._image)

    def _show(self) -> None:
        """Put the source's mask on the sheet, or why there is none to correct."""
        history, source = self._history(), self._source
        if self.on and source is not None and source.was_searched and history is not None:
            found = _found(source)
            self.sheet.show_picture(MaskPicture(found, _layers(history, found)))
        else:
            self.sheet.show_picture(None, self._words())
        self._tell()

    def _words(self) -> str:
        if not self.on or self._source is None:
            return ""
        if self._image is None:
            return "A live image has no mask to correct; choose a recorded one"
        history = self._history()
        if history is None or not self._source.was_searched:
            return "Looking for objects"
        return "Corrected by hand" if history.now is not None else "As found"

    def _tell(self) -> None:
        history = self._history()
        problem = "" if history is None else history.problem
        trouble = "" if self._source is None else self._source.mask_trouble
        self.stateChanged.emit(problem or trouble or self._words(), SIZES_PX[self.sheet.size])
        self._enable()

    # Changes --------------------------------------------------------------------------------------------------------
    def _painted(self) -> None:
        picture, image = self.sheet.picture, self._image
        if picture is None or image is None:
            return
        history, now = self._histories[image], correction(image.role, image.frame, picture.layers)
        if now != history.now:
            history.add(now)
            self._keep(image)

    def undo(self) -> None:
        """Take the newest corner or stroke on this image back."""
        self.sheet.finish()
        if not self.sheet.drop_corner():
            self._step(-1, "There is no stroke on this image to take back.")

    def redo(self) -> None:
        """Paint again what was taken back last."""
        self.sheet.finish()
        self._step(1, "No stroke on this image was taken back that could be painted again.")

    def _step(self, by: int, otherwise: str) -> None:
        history = self._history()
        if history is None or not history.can_move(by):
            self._messenger.say(otherwise, key="masks")
            return
        history.position += by
        self._keep_and_show()

    def as_found(self) -> None:
        """Drop the correction of this image; that can be taken back too."""
        self.sheet.finish()
        history = self._history()
        if history is not None and history.something:
            history.add(None)
            self._keep_and_show()

    def _keep_and_show(self) -> None:
        if self._image is not None:
            self._keep(self._image)
            self._show()

    def _keep(self, image: CorrectedFrame) -> None:
        """Write what is so now into the library."""
        history = self._histories[image]
        history.problem, now = "", history.now

        def failed(message: str) -> None:
            self._messenger.complain(message, key="masks")

        if now is None:
            self._library.write(lambda library: library.masks.remove(image), lambda _: self.refresh(), failed)
        else:
            self._library.write(
                lambda library: library.masks.store(image.episode, now), lambda _: self.refresh(), failed
            )
        self.changed.emit()
        self._tell()

    def _size(self, size: int) -> None:
        self.sheet.use_size(size)
        self._tell()


def _key(shown: Shown) -> CorrectedFrame | None:
    return CorrectedFrame(shown.episode, shown.role, shown.frame) if isinstance(shown, StoredFrame) else None


def _seen(source: PanelImage | None) -> tuple[object, ...]:
    """What is shown of the source; a stroke changes only what comes on top."""
    return () if source is None else (source.shown, id(source.found), source.mask_trouble)


def _found(image: PanelImage) -> Mask:
    """What was found, or an empty mask where nothing could be."""
    return image.found if image.found is not None else np.zeros(image.frame.rgb.shape[:2], np.bool_)


def _layers(history: History, found: Mask) -> Layers:
    """What the hand said, to be painted on."""
    if history.now is None:
        return np.zeros(found.shape, np.uint8)
    return resized_layers(history.now.decoded(), found.shape[1], found.shape[0])
