"""Beside the source while masks are corrected: tools, how the mask came about, and which images were corrected."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem

from app.actions import ActionBook
from app.pages.correspondence.mask_view import SIZES_PX
from app.pages.correspondence.toolbar import slider
from app.theme import unit
from app.widgets.basics import ActionButton, column, row, text
from app.widgets.choices import ActionSegments, tool
from core.library.mask_corrections import CorrectedFrame

_LISTED = 200


class MaskPanel(QFrame):
    """Says what was chosen; the page decides."""

    sizeChosen = Signal(int)
    frameChosen = Signal(object)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._size = slider("Size of the brush; the wheel does the same", len(SIZES_PX) - 1, 28)
        self._size.valueChanged.connect(self.sizeChosen.emit)
        self._size_value = text("", muted=True)
        self._size_value.setFixedWidth(self._size_value.fontMetrics().horizontalAdvance("150 px") + unit())
        self._size_value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._words = text("", muted=True)
        self._words.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName("Corrected masks")
        self.list.itemClicked.connect(lambda item: self.frameChosen.emit(item.data(Qt.ItemDataRole.UserRole)))
        legend = text("Blue was found, violet was added, hatched was taken away.", muted=True)
        legend.setWordWrap(True)
        self._heading = text("Corrected masks", heading=True)
        tools = row(
            ActionSegments([book["masks.brush"], book["masks.polygon"]]),
            tool(book["masks.erase"], words=True),
            None,
            tool(book["undo"]),
            tool(book["masks.redo"]),
            gap=1,
        )
        sizing = row(tool(book["masks.smaller"]), self._size, tool(book["masks.larger"]), self._size_value, None, gap=1)
        sizing.addWidget(ActionButton(book, "masks.as_found", quiet=True))
        layout = column(margins=(3, 2, 3, 2), gap=2)
        layout.addLayout(tools)
        layout.addLayout(sizing)
        layout.addWidget(legend)
        layout.addWidget(self._words)
        layout.addWidget(self._heading)
        layout.addWidget(self.list, 4)
        layout.addStretch(1)
        self.setLayout(layout)
        self.show_frames([])

    def show_state(self, words: str, size_px: int) -> None:
        """How the source's mask came about, and how large the brush is."""
        with QSignalBlocker(self._size):
            self._size.setValue(SIZES_PX.index(size_px))
        self._size_value.setText(f"{size_px} px")
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def show_frames(self, frames: list[tuple[CorrectedFrame, str]]) -> None:
        """The corrected images with their names, the newest first."""
        self.list.clear()
        for image, name in frames[:_LISTED]:
            item = QListWidgetItem(name)
            item.setData(Qt.ItemDataRole.UserRole, image)
            self.list.addItem(item)
        self.list.setVisible(bool(frames))
        self._heading.setVisible(bool(frames))
