"""Which pixels show objects: 3-D background subtraction against the empty workspace (paper, section IV-D).

A pixel shows an object when its measured point lies clearly before the empty workspace, inside the workspace's box,
and is not the robot's own surface. Only what a camera gives is used.
"""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.robot_shape import robot_depth
from core.geometry import SE3
from core.messages import CameraInfo

Mask = NDArray[np.bool_]
SMALLEST_MASK = 0.01
"""Images whose objects cover less than this share are left out (PAPER.md, section 2)."""
_REFERENCE_WIDTH = 640.0
_NOISE_PER_M2 = 0.004
"""Depth noise of a stereo camera grows with the square of depth; this is about three sigma of a D415, metres at 1 m."""


class MaskConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The box of the workspace in W, metres, and what counts as before the background. Pixels are those of 640x480."""

    low_W: tuple[float, float, float] = (0.30, -0.50, -0.02)
    high_W: tuple[float, float, float] = (0.95, 0.50, 0.45)
    nearer_m: float = 0.004
    robot_margin_m: float = 0.02
    robot_grow_px: int = 4
    smallest_px: int = 60
    """Specks with fewer pixels than this are noise."""


def object_mask(
    depth: NDArray[np.uint16],
    camera: CameraInfo,
    X_WC: SE3,
    background: NDArray[np.uint16],
    robot_W: NDArray[np.float32] | None,
    config: MaskConfig,
) -> Mask:
    """Pixels that show objects, ``(H, W) bool``.

    ``depth``, ``background``: (H, W) uint16 in units of the camera's ``depth_scale_m``; ``robot_W``: triangles
    ``(T, 3, 3)`` in W of the robot at that moment, or None without one.
    """
    z = depth.astype(np.float32) * np.float32(camera.depth_scale_m)
    behind = background.astype(np.float32) * np.float32(camera.depth_scale_m)
    margin = np.float32(config.nearer_m) + np.float32(_NOISE_PER_M2) * z * z
    found = (depth > 0) & (background > 0) & (z < behind - margin)
    found &= _inside(z, camera, X_WC, config)
    if robot_W is not None and found.any():
        found &= ~_robot(z, camera, X_WC, robot_W, config)
    return _clean(found, config.smallest_px * (camera.width / _REFERENCE_WIDTH) ** 2)


def _inside(z: NDArray[np.float32], camera: CameraInfo, X_WC: SE3, config: MaskConfig) -> Mask:
    """Pixels whose point lies in the workspace's box."""
    v, u = np.indices(z.shape, dtype=np.float32)
    x, y = (u - camera.cx) / camera.fx * z, (v - camera.cy) / camera.fy * z
    R, p = X_WC.R.astype(np.float32), X_WC.p.astype(np.float32)
    inside = np.ones(z.shape, dtype=np.bool_)
    for axis in range(3):
        along = R[axis, 0] * x + R[axis, 1] * y + R[axis, 2] * z + p[axis]
        inside &= (along >= config.low_W[axis]) & (along <= config.high_W[axis])
    return inside


def _robot(
    z: NDArray[np.float32], camera: CameraInfo, X_WC: SE3, robot_W: NDArray[np.float32], config: MaskConfig
) -> Mask:
    """Pixels on the robot or behind it, with a rim for what its edges blur."""
    seen = z > robot_depth(camera, X_WC, robot_W) - np.float32(config.robot_margin_m)
    size = 2 * round(config.robot_grow_px * camera.width / _REFERENCE_WIDTH) + 1
    return cv2.dilate(seen.astype(np.uint8), np.ones((size, size), np.uint8)).astype(np.bool_)


def _clean(mask: Mask, smallest_px: float) -> Mask:
    """Close the holes that depth leaves and drop specks."""
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    closed = cv2.morphologyEx(opened, cv2.MORPH_CLOSE, ellipse)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    large = np.flatnonzero(stats[1:count, cv2.CC_STAT_AREA] >= smallest_px) + 1
    return np.isin(labels, large)
