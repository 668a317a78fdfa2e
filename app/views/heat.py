"""A heatmap over a picture, painted by numbers: buffers are kept, Qt looks at them without a copy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from core.correspondence.heatmap import KERNEL_WIDTH, colour_map

COLOUR_MAPS = ("jet", "turbo", "viridis", "inferno", "bone")
KERNELS = (0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0)
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Look:
    """How heatmaps are drawn; ``blend`` is the share of the colour map."""

    kernel: float = KERNEL_WIDTH
    blend: float = 0.7
    colours: str = COLOUR_MAPS[0]


@lru_cache(maxsize=8)
def _table(name: str) -> Bytes:
    """``(256, 1, 3)`` BGR, as OpenCV wants its own tables."""
    return np.ascontiguousarray(colour_map(name)[:, ::-1]).reshape(256, 1, 3)


class HeatPainter:
    """Draws over one picture. The image it returns is overwritten by the next call."""

    def __init__(self, rgb: Bytes) -> None:
        height, width = rgb.shape[:2]
        self._bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
        self._levels = np.empty((height, width), np.uint8)
        self._coloured = np.empty((height, width, 3), np.uint8)
        self._screen = np.empty((height, width, 4), np.uint8)

    def plain(self) -> QImage:
        """The picture itself."""
        return self._image(self._bgr)

    def heat(self, heat: NDArray[np.float32], look: Look) -> QImage:
        """The picture under a heatmap ``(H, W)`` in [0, 1]."""
        cv2.convertScaleAbs(heat, self._levels, 255.0)
        cv2.applyColorMap(self._levels, _table(look.colours), self._coloured)
        cv2.addWeighted(self._coloured, look.blend, self._bgr, 1.0 - look.blend, 0.0, self._coloured)
        return self._image(self._coloured)

    def colours(self, rgb: Bytes) -> QImage:
        """Another picture in its place, ``(h, w, 3) uint8`` of any size."""
        height, width = self._levels.shape
        full = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)
        return self._image(cv2.cvtColor(full, cv2.COLOR_RGB2BGR))

    def _image(self, bgr: Bytes) -> QImage:
        cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA, self._screen)
        height, width = self._levels.shape
        return QImage(self._screen.data, width, height, 4 * width, QImage.Format.Format_RGB32)
