"""A mask over a picture: what was found, what a hand added and what it took away, each with a look of its own."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from core.correspondence.mask_correction import ADDED, REMOVED, Layers, Mask, corrected
from core.correspondence.mask_painting import Area

FOUND_COLOUR, ADDED_COLOUR, REMOVED_COLOUR = QColor("#4aa8ff"), QColor("#c97bff"), QColor("#f4f6f8")
_TINT, _RIM, _HATCH = 0.36, 0.95, 0.62
_HATCH_PX = 6
_RIM_PX = 2
_RIMMED, _HATCHED = 4, 8
WHOLE: Area = (slice(None), slice(None))


def _table() -> NDArray[np.uint8]:
    """``(12, 4)`` premultiplied BGRA by kind (nothing, added, removed, found), with a rim and under the hatch."""
    table = np.zeros((12, 4), np.uint8)
    for kind, colour in ((ADDED, ADDED_COLOUR), (_FOUND, FOUND_COLOUR)):
        table[[kind, kind + _HATCHED]] = _premultiplied(colour, _TINT)
        table[kind + _RIMMED] = _premultiplied(colour, _RIM)
    table[REMOVED + _HATCHED] = _premultiplied(REMOVED_COLOUR, _HATCH)
    return table


def _premultiplied(colour: QColor, alpha: float) -> list[int]:
    return [round(255 * alpha * part) for part in (colour.blueF(), colour.greenF(), colour.redF(), 1.0)]


_FOUND = 3
_TABLE = _table()


class MaskPicture:
    """The overlay of one image. ``layers`` may be painted into; ``refresh`` says where that was done."""

    def __init__(self, found: Mask, layers: Layers) -> None:
        self.found, self.layers = found, layers
        height, width = layers.shape
        v, u = np.indices(layers.shape)
        self._hatch = np.where((u + v) % _HATCH_PX < _HATCH_PX // 3, _HATCHED, 0).astype(np.uint8)
        self._screen = np.zeros((height, width, 4), np.uint8)
        self.image = QImage(self._screen.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        self.refresh(WHOLE)

    @property
    def mask(self) -> Mask:
        return corrected(self.found, self.layers)

    def refresh(self, area: Area) -> None:
        """Draw anew where pixels were painted, and their neighbours' rims."""
        rows, columns = (_grown(each, size) for each, size in zip(area, self.layers.shape, strict=True))
        outer = (_grown(rows, self.layers.shape[0]), _grown(columns, self.layers.shape[1]))
        inner = (_inside(rows, outer[0]), _inside(columns, outer[1]))
        mask = corrected(self.found[outer], self.layers[outer]).astype(np.uint8)
        core = cv2.erode(mask, np.ones((2 * _RIM_PX + 1, 2 * _RIM_PX + 1), np.uint8))
        mask, rim = mask[inner], (mask != core)[inner]
        layers = self.layers[rows, columns]
        kind = np.where((layers == 0) & (mask > 0), np.uint8(_FOUND), layers)
        extra = np.where(rim, np.uint8(_RIMMED), self._hatch[rows, columns])
        self._screen[rows, columns] = _TABLE[kind + extra]


def _grown(part: slice, size: int) -> slice:
    start, stop, _ = part.indices(size)
    return slice(max(0, start - _RIM_PX), min(size, stop + _RIM_PX))


def _inside(part: slice, outer: slice) -> slice:
    return slice(part.start - outer.start, part.stop - outer.start)
