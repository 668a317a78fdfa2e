"""Matches drawn into pictures: green is what is asked for, red what was found (paper, Figures 5 and 6)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.correspondence.heatmap import Floats, Match, colour_map, painted

Picture = NDArray[np.uint8]
_ASKED, _FOUND = (0, 220, 0), (230, 30, 30)


def asked(rgb: Picture, uv: NDArray[np.float64], radius_px: int = 6) -> Picture:
    """A copy of the source with the pixel ``uv: (2,)`` that is asked for."""
    picture = rgb.copy()
    _reticle(picture, uv, _ASKED, radius_px)
    return picture


def answered(
    rgb: Picture, heat: Floats, found: Match, known: NDArray[np.float64] | None, radius_px: int = 6
) -> Picture:
    """A target under its heatmap ``(H, W)`` with the best match, and the pixel that is right where it is known."""
    picture = painted(rgb, heat, colour_map("jet"))
    if known is not None:
        _reticle(picture, known, _ASKED, radius_px)
    _reticle(picture, np.array([found.u, found.v], dtype=np.float64), _FOUND, radius_px)
    return picture


def dotted(rgb: Picture, uv: NDArray[np.float64]) -> Picture:
    """A copy with pixels ``(N, 2)`` in the colours of a rainbow, the first red: the same order, the same colours."""
    picture = rgb.copy()
    colours = colour_map("rainbow")[np.linspace(0, 255, len(uv)).astype(int)]
    for (u, v), colour in zip(uv, colours, strict=True):
        place = round(float(u)), round(float(v))
        cv2.circle(picture, place, 7, (20, 20, 20), -1, cv2.LINE_AA)
        cv2.circle(picture, place, 5, tuple(map(int, colour)), -1, cv2.LINE_AA)
    return picture


def _reticle(rgb: Picture, uv: NDArray[np.float64], colour: tuple[int, int, int], radius_px: int) -> None:
    u, v = (round(float(value)) for value in uv)
    arm, width = radius_px + radius_px // 2 + 1, max(1, radius_px // 6)
    cv2.circle(rgb, (u, v), radius_px, colour, width, cv2.LINE_AA)
    cv2.line(rgb, (u - arm, v), (u + arm, v), colour, width, cv2.LINE_AA)
    cv2.line(rgb, (u, v - arm), (u, v + arm), colour, width, cv2.LINE_AA)
