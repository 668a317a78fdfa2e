"""Images made for tests: a bright card moves over a textured table."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.messages import CameraInfo
from core.representations.representation import TrainingImages, View

CAMERA = CameraInfo("right", 640, 480, 30.0, 533.0, 534.0, 319.5, 239.5)


def table(width: int, height: int) -> NDArray[np.uint8]:
    """Blurred noise, always the same."""
    coarse = np.random.default_rng(99).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth * 0.4 + 40.0, 0, 255).astype(np.uint8)


def corners(count: int, width: int, height: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Where a card of a third of the height goes, ``(count, 2)`` x and y of its corner: a smooth curve."""
    phase, speed = rng.uniform(0.0, 6.28, 2), rng.uniform(2.0, 9.0, 2)
    share = 0.5 + 0.5 * np.sin(np.linspace(0.0, 1.0, count)[:, None] * speed + phase)
    return (share * (np.array([width, height]) - height // 3)).astype(np.int64)


def episode(
    seed: int, count: int = 6, width: int = 320, height: int = 240
) -> tuple[TrainingImages, NDArray[np.float64]]:
    """Images in order with the card's masks, and its middle ``(count, 2)`` in centred coordinates."""
    rng, side = np.random.default_rng(seed), height // 3
    path = corners(count, width, height, rng)
    rgb = np.repeat(table(width, height)[None], count, 0)
    mask = np.zeros((count, height, width), dtype=np.bool_)
    for k, (x, y) in enumerate(path.tolist()):
        rgb[k, y : y + side, x : x + side] = (240, 220, 90)
        rgb[k, y : y + side // 2, x : x + side] = (140, 40, 30)
        mask[k, y : y + side, x : x + side] = True
    return TrainingImages(rgb, mask), (path + side / 2) * (2.0 / np.array([width, height])) - 1.0


def views(count: int = 3) -> list[View]:
    """What a camera of 640x480 shows of an episode."""
    return [View(camera=CAMERA, rgb=rgb) for rgb in episode(1, count, 640, 480)[0].rgb]
