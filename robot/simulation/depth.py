"""From exact depth in metres to what a D415-like stereo camera reports: uint16 millimetres, 0 where it sees nothing.

Stereo measures disparity ``d = f B / z``: a constant error of a fraction of a pixel and its quantisation become a
depth error that grows with z^2. Beside a near edge the second eye sees nothing: holes. All arrays ``(H, W)``.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

BASELINE_M = 0.055
FOCAL_PX = 600.0
NEAREST_M = 0.16
FARTHEST_M = 10.0
_SUBPIXEL = 32.0
_NOISE_PX = 0.05
_EDGE_PX = 1.5
_DROPOUT = 0.0004
_TILE = 1024

Depth = NDArray[np.float32]
Millimetres = NDArray[np.uint16]


def exact_millimetres(depth_m: Depth) -> Millimetres:
    """Round to millimetres; 0 beyond what 16 bits hold."""
    mm = depth_m * np.float32(1000.0)
    return np.where(mm < 65535.0, mm + np.float32(0.5), np.float32(0.0)).astype(np.uint16)


@lru_cache(maxsize=1)
def _noise_tile() -> Depth:
    """Disparity noise in quantisation units, grain and neighbouring pixels that agree; frames cut windows from it."""
    rng = np.random.default_rng(20221)
    grain = rng.standard_normal((_TILE, _TILE), dtype=np.float32)
    smooth = cv2.GaussianBlur(grain, (0, 0), 1.2)
    tile = 0.5 * grain + 0.85 * smooth / smooth.std()
    return np.asarray(tile * np.float32(_NOISE_PX * _SUBPIXEL), dtype=np.float32)


class DepthNoise:
    """The noise of one camera: the same for the same ``seed``, ``role`` and frame number, whatever came before."""

    def __init__(self, seed: int, role: str) -> None:
        self._key = (seed, *role.encode())
        self._tile = _noise_tile()

    def __call__(self, depth_m: Depth, frame: int) -> Millimetres:
        """What the camera reports of ``depth_m`` in that frame."""
        height, width = depth_m.shape
        rng = np.random.default_rng((*self._key, frame))
        v, u = rng.integers(0, (_TILE - height, _TILE - width))
        units = np.float32(FOCAL_PX * BASELINE_M * _SUBPIXEL) / depth_m
        holes = self._holes(units, rng)
        cv2.add(units, self._tile[v : v + height, u : u + width], dst=units)
        np.rint(units, out=units)
        np.maximum(units, np.float32(1.0), out=units)
        mm = np.float32(1000.0 * FOCAL_PX * BASELINE_M * _SUBPIXEL) / units
        holes |= (mm < 1000.0 * NEAREST_M) | (mm > 1000.0 * FARTHEST_M)
        result = (mm + np.float32(0.5)).astype(np.uint16)
        result[holes] = 0
        return result

    def _holes(self, units: Depth, rng: np.random.Generator) -> NDArray[np.bool_]:
        """Where disparity jumps: a band on the far side of edges that face the second eye, and lone dropouts."""
        jump = np.zeros(units.shape, dtype=np.uint8)
        threshold = np.float32(_EDGE_PX * _SUBPIXEL)
        np.greater(units[:, 1:] - units[:, :-1], threshold, out=jump[:, :-1], casting="unsafe")
        jump[:-1] |= np.abs(units[1:] - units[:-1]) > threshold
        band = cv2.dilate(jump, np.ones((2, 5), dtype=np.uint8), anchor=(1, 0))
        count = rng.poisson(_DROPOUT * units.size)
        band.ravel()[rng.integers(0, units.size, count)] = 1
        return np.asarray(band.view(np.bool_))
