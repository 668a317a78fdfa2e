"""Views of a flat, painted table without any simulator: what they show is known in closed form.

The camera looks along the z axis of W at a plane 1 m before it. One pixel is 5 mm of the plane, and the plane is
painted with its own coordinates: red counts pixels along x, green along y, from the first camera's corner.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.correspondence.views import ViewIndex, ViewInfo, ViewSet
from core.geometry import SE3
from core.messages import CameraInfo

WIDTH, HEIGHT, FOCAL_PX = 160, 120, 200.0
CAMERA = CameraInfo("flat", WIDTH, HEIGHT, 30.0, FOCAL_PX, FOCAL_PX, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
PIXEL_M = 1.0 / FOCAL_PX
BLUE = 90


def view(X_WC: SE3, episode: str = "one", moment: int = 0) -> ViewInfo:
    """An image taken from ``X_WC``."""
    return ViewInfo(episode, moment, "flat", 0, CAMERA, X_WC.as_tuple(), 1.0)


def painted_table(shifts_px: Sequence[tuple[int, int]]) -> ViewSet:
    """Views of one moment by cameras moved by whole pixels in x and y; the object covers all but a rim of 10 pixels."""
    rgb = np.full((len(shifts_px), HEIGHT, WIDTH, 3), BLUE, dtype=np.uint8)
    v, u = np.indices((HEIGHT, WIDTH))
    for image, (du, dv) in zip(rgb, shifts_px, strict=True):
        image[..., 0], image[..., 1] = (u + du).clip(0, 255), (v + dv).clip(0, 255)
    mask = np.zeros((len(shifts_px), HEIGHT, WIDTH), dtype=np.bool_)
    mask[:, 10:-10, 10:-10] = True
    infos = tuple(view(SE3.translation(du * PIXEL_M, dv * PIXEL_M, 0.0)) for du, dv in shifts_px)
    return ViewSet(ViewIndex(infos), rgb, np.ones(mask.shape, dtype=np.float32), mask)
