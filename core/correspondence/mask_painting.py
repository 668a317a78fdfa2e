"""Painting into the layers of a mask's correction: what a brush passes over and what a polygon encloses."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from core.correspondence.mask_correction import Layers

Pixel = tuple[float, float]
"""``u, v``; pixel centres are integers."""
Area = tuple[slice, slice]
"""Rows and columns that were touched."""
_SMALLEST_RADIUS = 0.75
_FRACTION_BITS = 6


def brush(layers: Layers, start: Pixel, end: Pixel, diameter_px: float, value: int) -> Area:
    """Set every pixel that a round brush touches on its way; the smallest one touches a pixel at least."""
    radius = max(_SMALLEST_RADIUS, diameter_px / 2)
    area = _area(layers, [start, end], radius)
    v, u = np.mgrid[area]
    from_u, from_v = u - start[0], v - start[1]
    way_u, way_v = end[0] - start[0], end[1] - start[1]
    length2 = way_u**2 + way_v**2
    share = np.clip((from_u * way_u + from_v * way_v) / length2, 0, 1) if length2 else 0.0
    touched = (from_u - share * way_u) ** 2 + (from_v - share * way_v) ** 2 <= radius**2
    layers[area][touched] = value
    return area


def fill(layers: Layers, corners: Sequence[Pixel], value: int) -> Area:
    """Set every pixel inside a polygon and on its edge."""
    points: NDArray[np.int32] = np.round(np.array(corners) * 2**_FRACTION_BITS).astype(np.int32)
    cv2.fillPoly(layers, [points], value, shift=_FRACTION_BITS)
    return _area(layers, corners, 1.0)


def _area(layers: Layers, pixels: Sequence[Pixel], around: float) -> Area:
    """The part of the image that lies around these pixels."""
    height, width = layers.shape
    u, v = np.array(pixels, dtype=np.float64).T
    low_u, high_u = np.clip([np.floor(u.min() - around), np.ceil(u.max() + around) + 1], 0, width).astype(int)
    low_v, high_v = np.clip([np.floor(v.min() - around), np.ceil(v.max() + around) + 1], 0, height).astype(int)
    return slice(low_v, high_v), slice(low_u, high_u)
