"""Descriptor images: what a network makes of a camera's image, and descriptors of single pixels in it.

The network's map is coarser than the image. A full-size descriptor image is its bilinear enlargement, which is linear:
a dot product with it is the enlarged dot product with the coarse map. So full-size images are never stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class DescriptorImage:
    """``map: (h, w, D) float32``, of an image of ``width`` by ``height`` pixels; ``norms: (H, W)`` squared lengths
    of the enlarged descriptors."""

    map: Floats
    width: int
    height: int
    norms: Floats

    @staticmethod
    def of(coarse: Floats, width: int, height: int) -> DescriptorImage:
        """From a map ``(h, w, D)`` that covers an image of that size."""
        coarse = np.ascontiguousarray(coarse, dtype=np.float32)
        image = DescriptorImage(coarse, width, height, np.zeros((0, 0), np.float32))
        full = image.enlarged()
        return DescriptorImage(coarse, width, height, np.einsum("hwd,hwd->hw", full, full))

    @property
    def dim(self) -> int:
        return int(self.map.shape[2])

    def enlarged(self) -> Floats:
        """All descriptors, ``(H, W, D)``."""
        return enlarge(self.map, self.width, self.height)

    def at(self, uv: NDArray[np.float64]) -> Floats:
        """Descriptors ``(N, D)`` of pixels ``(N, 2)`` of the image, sub-pixel."""
        height, width, _ = self.map.shape
        x = np.clip((uv[:, 0] + 0.5) * width / self.width - 0.5, 0, width - 1)
        y = np.clip((uv[:, 1] + 0.5) * height / self.height - 0.5, 0, height - 1)
        left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
        fx, fy = (x - left)[:, None], (y - top)[:, None]
        upper = (1 - fx) * self.map[top, left] + fx * self.map[top, right]
        lower = (1 - fx) * self.map[bottom, left] + fx * self.map[bottom, right]
        return np.asarray((1 - fy) * upper + fy * lower, dtype=np.float32)


def enlarge(values: Floats, width: int, height: int) -> Floats:
    """Bilinear enlargement of ``(h, w)`` or ``(h, w, C)``; pixel centres as OpenCV and torch have them."""
    if values.shape[:2] == (height, width):
        return values
    size = (width, height)
    if values.ndim == 2:
        return np.asarray(cv2.resize(values, size), dtype=np.float32)
    channels = range(0, values.shape[2], 4)  # OpenCV resizes at most four at once
    parts = [np.asarray(cv2.resize(values[..., k : k + 4], size), dtype=np.float32) for k in channels]
    return np.concatenate([part.reshape(height, width, -1) for part in parts], axis=2)
