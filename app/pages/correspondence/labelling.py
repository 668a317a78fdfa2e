"""Labelling: the same point marked in the source and in targets, corrected by dragging, stored as annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem

from app.actions import ActionBook
from app.messages import Messenger
from app.pages.correspondence.view import Mark
from app.widgets.basics import ActionButton, ElidedLabel, column, row, text
from app.widgets.choices import tool
from app.workers.library import LibraryWorker
from core.clock import utc_iso
from core.library.annotations import Label, LabelMark
from robot.inspector_messages import Shown, StoredFrame

if TYPE_CHECKING:
    from core.library.library import Library

_NEW = QColor("#ff5ad1")
_STORED = QColor("#5aa5ff")
Marks = dict[int, tuple[Mark, ...]]


class Labelling(QObject):
    """The label in the making, and those that are stored; widgets show them."""

    marksChanged = Signal(object)
    """What to draw in every panel."""
    labelsChanged = Signal(object)
    """All stored labels, the newest first."""

    def __init__(self, library: LibraryWorker, messenger: Messenger, panels: Callable[[], tuple[Shown, ...]]) -> None:
        super().__init__()
        self._library, self._messenger, self._panels = library, messenger, panels
        self._marks: dict[int, tuple[float, float]] = {}
        self._labels: tuple[Label, ...] = ()
        self.name = ""
        self.on = False

    @property
    def marks(self) -> dict[int, tuple[float, float]]:
        return dict(self._marks)

    @property
    def labels(self) -> tuple[Label, ...]:
        return self._labels

    def use(self, on: bool) -> None:
        """Begin or end labelling; marks that were not stored are dropped."""
        self.on = on
        self._marks.clear()
        if on:
            self.refresh()
        self._show()

    def refresh(self) -> None:
        self._library.read(lambda library: library.annotations.labels(), self._arrived)

    def _arrived(self, labels: tuple[Label, ...]) -> None:
        self._labels = labels
        self.labelsChanged.emit(labels)
        self._show()

    def place(self, panel: int, u: float, v: float) -> None:
        """Mark the point in a panel, or move it there."""
        if not isinstance(self._panels()[panel], StoredFrame):
            self._messenger.say("A live image cannot be labelled; choose a recorded one.", key="labels")
            return
        self._marks[panel] = (u, v)
        self._show()

    def forget(self) -> None:
        """Other images are shown: what was marked in those before is dropped."""
        self._marks.clear()
        self._show()

    def undo(self) -> None:
        """Take the newest mark back; without one, the newest stored label."""
        if self._marks:
            self._marks.popitem()
            self._show()
        elif self._labels:
            newest = self._labels[0]
            self._messenger.say(f"The label '{newest.name}' is taken back.", key="labels")
            self._library.write(lambda library: library.annotations.remove(newest.id), lambda _: self.refresh())

    def store(self) -> None:
        """Keep the marks as a label."""
        panels = self._panels()
        name = self.name or f"label {len(self._labels) + 1}"
        marks = tuple(
            LabelMark(shown.episode, shown.role, shown.frame, round(u, 2), round(v, 2))
            for panel, (u, v) in sorted(self._marks.items())
            if isinstance(shown := panels[panel], StoredFrame)
        )

        def stored(label: Label) -> None:
            self._marks.clear()
            self._messenger.say(f"Stored '{label.name}' in {len(label.marks)} images.", key="labels")
            self.refresh()

        def refused(message: str) -> None:
            self._messenger.complain(message, key="labels")

        self._library.write(lambda library: library.annotations.add(name, marks), stored, refused)

    def export(self) -> None:
        """Write all labels into the library's folder of annotations."""

        def write(library: Library) -> tuple[int, Path]:
            path = library.root / "annotations" / f"labels-{utc_iso()[:10]}.json"
            return library.annotations.export(path), path

        def written(result: tuple[int, Path]) -> None:
            self._messenger.say(f"Wrote {result[0]} labels to {result[1]}.", key="labels")

        self._library.write(write, written, lambda words: self._messenger.complain(words, key="labels"))

    def _show(self) -> None:
        found: dict[int, list[Mark]] = {}
        if self.on:
            for panel, shown in enumerate(self._panels()):
                found[panel] = [
                    Mark(mark.u, mark.v, "label", _STORED, label.name)
                    for label in self._labels
                    for mark in label.marks
                    if isinstance(shown, StoredFrame)
                    and (mark.episode, mark.role, mark.frame) == (shown.episode, shown.role, shown.frame)
                ]
            for panel, (u, v) in self._marks.items():
                found.setdefault(panel, []).append(Mark(u, v, "label", _NEW, self.name))
        self.marksChanged.emit({panel: tuple(marks) for panel, marks in found.items()})


class LabelsPanel(QFrame):
    """Name, buttons and the labels there are."""

    nameChanged = Signal(str)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the point")
        self.name.textChanged.connect(lambda words: self.nameChanged.emit(words.strip()))
        self.name.returnPressed.connect(self.name.clearFocus)
        self._list = QListWidget()
        self._list.setAccessibleName("Stored labels")
        self._list.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self._hint = text("Click a point in the source and the same point in the targets, then store it.", muted=True)
        self._hint.setWordWrap(True)
        self.queue = ElidedLabel()
        self.queue.setToolTip("How sure the model is: the share of the heat round the matches, over the objects.")
        naming = row(self.name, ActionButton(book, "labels.store", primary=True), gap=2)
        naming.setStretch(0, 1)
        tools = row(
            ActionButton(book, "labels.skip", quiet=True),
            None,
            tool(book["labels.undo"]),
            tool(book["labels.export"]),
            gap=1,
        )
        layout = column(margins=(3, 2, 3, 2), gap=2)
        layout.addLayout(naming)
        layout.addLayout(tools)
        layout.addWidget(self.queue)
        layout.addWidget(self._hint)
        layout.addWidget(self._list, 4)
        layout.addStretch(1)
        self.setLayout(layout)
        self.show_labels(())

    def show_labels(self, labels: tuple[Label, ...]) -> None:
        self._list.clear()
        for label in labels[:200]:
            self._list.addItem(QListWidgetItem(f"{label.name}   in {len(label.marks)} images"))
        self._list.setVisible(bool(labels))
        self._hint.setVisible(not labels)
