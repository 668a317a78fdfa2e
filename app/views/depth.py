"""Depth in colour: near is bright, far is dark, invalid is the colour of nothing."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

_STEP_M = 0.05
DEFAULT_RANGE_M = (0.2, 1.5)
_LEAST_VALID = 0.2
_MOST_TOO_NEAR = 0.25
_LEAST_IN_RANGE = 0.25
_STRIDE = 8


def depth_table(near_m: float, far_m: float, scale_m: float, nothing: int) -> NDArray[np.uint32]:
    """``(65536,) uint32``: 0xffRRGGBB for every depth value; ``nothing`` is the colour of 0, the invalid depth."""
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_CIVIDIS).reshape(256, 3).astype(np.uint32)
    colours = 0xFF000000 | (ramp[:, 2] << 16) | (ramp[:, 1] << 8) | ramp[:, 0]
    metres = np.arange(65536, dtype=np.float32) * np.float32(scale_m)
    share = np.clip((far_m - metres) / max(1e-3, far_m - near_m), 0.0, 1.0)
    table: NDArray[np.uint32] = colours[(share * 255).astype(np.uint8)].astype(np.uint32)
    table[0] = nothing
    return table


@lru_cache(maxsize=4)
def ramp_colours(count: int) -> list[tuple[int, int, int]]:
    """The colours from near to far, for a legend."""
    values = np.linspace(255, 0, count).astype(np.uint8)
    ramp = cv2.applyColorMap(values, cv2.COLORMAP_CIVIDIS).reshape(count, 3)
    return [(int(r), int(g), int(b)) for b, g, r in ramp]


def fits(depth: NDArray[np.uint16], scale_m: float, range_m: tuple[float, float]) -> bool:
    """Whether a range (m) still tells the things in an image apart: a camera on the hand comes close to them."""
    sample = depth[::_STRIDE, ::_STRIDE]
    valid = np.count_nonzero(sample)
    if valid < _LEAST_VALID * sample.size:
        return True
    near, far = (limit / scale_m for limit in range_m)
    too_near = np.count_nonzero((sample > 0) & (sample < near))
    in_range = np.count_nonzero((sample >= near) & (sample <= far))
    return bool(too_near <= _MOST_TOO_NEAR * valid and in_range >= _LEAST_IN_RANGE * valid)


def fitting_range(depth: NDArray[np.uint16], scale_m: float) -> tuple[float, float] | None:
    """A round range (m) that holds nearly all valid depths of an image, a far background left out.

    None when too little of the image is valid to tell.
    """
    sample = depth[::_STRIDE, ::_STRIDE]
    valid = sample[sample > 0]
    if valid.size < _LEAST_VALID * sample.size:
        return None
    low, middle, high = (float(value) * scale_m for value in np.percentile(valid, (1, 50, 97)))
    high = min(high, middle + 2.0 * (middle - low))
    near = max(0.0, np.floor(low / _STEP_M) * _STEP_M)
    return float(near), float(max(near + _STEP_M, np.ceil(high / _STEP_M) * _STEP_M))
