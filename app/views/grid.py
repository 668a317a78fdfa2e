"""Camera views and the 3-D view side by side, as large as they fit; they resize together."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from app.theme import well_colour

_ASPECT = 4.0 / 3.0
_GAP = 2
_LEAST_SHARE = 0.22
_WEIGHT = 0.4


def arrange(columns: int, rows: int, width: int, height: int, beside: float) -> tuple[int, int]:
    """Size of a tile when ``columns`` by ``rows`` of them stand left of a view that has that share of the width."""
    room = width * (1.0 - beside)
    tile_width = min((room - _GAP * columns) / columns, (height - _GAP * (rows - 1)) / rows * _ASPECT)
    tile_width = max(1.0, tile_width)
    return int(tile_width), int(tile_width / _ASPECT)


def best_rows(count: int, group: int, width: int, height: int, beside: float) -> int:
    """How many rows make the most of the room. ``group`` pictures of one camera stay in one column."""
    best, best_score = group, -1.0
    for rows in range(group, max(count, group) + 1, group):
        columns = math.ceil(count / rows)
        tile_width, tile_height = arrange(columns, rows, width, height, beside)
        rest = max(0, width - columns * (tile_width + _GAP)) * height if beside else 0
        score = count * tile_width * tile_height + _WEIGHT * rest
        if score > best_score:
            best, best_score = rows, score
    return best


class ViewGrid(QWidget):
    """Places widgets it is given; ``fill`` lets one of them have all the room."""

    def __init__(self) -> None:
        super().__init__()
        self._tiles: list[QWidget] = []
        self._group = 1
        self._beside: QWidget | None = None
        self._share = _LEAST_SHARE
        self._filling: QWidget | None = None

    def set_views(self, tiles: list[QWidget], group: int, beside: QWidget | None, share: float = _LEAST_SHARE) -> None:
        """``tiles`` camera by camera, ``group`` pictures a camera; ``beside`` takes the rest at the right, at least
        that share of the width."""
        self._share = share
        for widget in [*self._tiles, *([self._beside] if self._beside is not None else [])]:
            if widget not in tiles and widget is not beside:
                widget.hide()
        self._tiles, self._group, self._beside = tiles, group, beside
        for widget in self._all():
            widget.setParent(self)
        if self._filling not in self._all():
            self._filling = None
        self.place()

    def fill(self, widget: QWidget | None) -> None:
        """Give one view the whole page; the same again, or None, goes back."""
        self._filling = None if widget is self._filling else widget
        self.place()

    @property
    def filling(self) -> QWidget | None:
        return self._filling

    def _all(self) -> list[QWidget]:
        return [*self._tiles, *([self._beside] if self._beside is not None else [])]

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.place()

    def place(self) -> None:
        if self._filling is not None:
            for widget in self._all():
                widget.setVisible(widget is self._filling)
            self._filling.setGeometry(self.rect())
            return
        for widget in self._all():
            widget.setVisible(True)
        beside = self._share if self._beside is not None else 0.0
        if not self._tiles:
            if self._beside is not None:
                self._beside.setGeometry(self.rect())
            return
        rows = best_rows(len(self._tiles), self._group, self.width(), self.height(), beside)
        columns = math.ceil(len(self._tiles) / rows)
        width, height = arrange(columns, rows, self.width(), self.height(), beside)
        top = (self.height() - rows * height - (rows - 1) * _GAP) // 2
        left = 0 if beside else (self.width() - columns * width - (columns - 1) * _GAP) // 2
        for index, tile in enumerate(self._tiles):
            column, row = self._cell(index, rows, columns)
            tile.setGeometry(left + column * (width + _GAP), top + row * (height + _GAP), width, height)
        if self._beside is not None:
            used = columns * (width + _GAP)
            self._beside.setGeometry(QRect(used, 0, self.width() - used, self.height()))

    def _cell(self, index: int, rows: int, columns: int) -> tuple[int, int]:
        """Cameras from left to right, the pictures of one camera from top to bottom."""
        camera, picture = divmod(index, self._group)
        return camera % columns, camera // columns * self._group + picture

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), well_colour(self.palette()))
