"""Driving frames: from a pointer's pixels and a key's direction to metres in the world."""

from __future__ import annotations

import numpy as np

from core.geometry import SE3, Array, PinholeCamera
from robot.teleoperation.presets import Axes, DragPlane

_METRES_PER_PIXEL = 0.0006
_RADIANS_PER_PIXEL = 0.005
_NEAREST_M = 0.05


def driving_rotation(axes: Axes, X_WC: SE3 | None) -> Array:
    """``R_WD (3, 3)``: columns are forward, left and up in the world.

    Camera-relative axes stay level: forward is where the camera looks, laid on the table; for a camera that looks
    straight down, it is what is up in its picture.
    """
    if axes is Axes.WORLD or X_WC is None:
        return np.eye(3)
    R_WC = X_WC.R
    forward = R_WC[:, 2].copy()
    if float(np.hypot(forward[0], forward[1])) < 0.2:
        forward = -R_WC[:, 1]
    forward[2] = 0.0
    norm = float(np.linalg.norm(forward))
    if norm < 1e-6:
        return np.eye(3)
    forward /= norm
    x, y = float(forward[0]), float(forward[1])
    return np.array([[x, -y, 0.0], [y, x, 0.0], [0.0, 0.0, 1.0]])


def drag_shift(
    plane: DragPlane, camera: PinholeCamera | None, X_WC: SE3 | None, p_WE: Array, du: float, dv: float, speed: float
) -> Array:
    """``(3,)`` metres in the world for a pointer that moved by ``du, dv`` pixels of the camera's image.

    In the camera's plane the hand follows the pointer one to one at its own depth (slower at low speeds). In the
    other planes the gain is fixed.
    """
    share = min(1.0, 2.0 * speed)
    if plane is DragPlane.CAMERA and camera is not None and X_WC is not None:
        depth = max(_NEAREST_M, float((X_WC.inverse() @ p_WE)[2]))
        return np.asarray(share * X_WC.R @ np.array([du / camera.fx * depth, dv / camera.fy * depth, 0.0]))
    step = _METRES_PER_PIXEL * share
    R_WD = driving_rotation(Axes.CAMERA if plane is DragPlane.TABLE else Axes.WORLD, X_WC)
    right, second = -R_WD[:, 1], R_WD[:, 0] if plane is DragPlane.TABLE else R_WD[:, 2]
    return np.asarray(step * (du * right - dv * second))


def drag_turn(R_WD: Array, du: float, dv: float, speed: float) -> Array:
    """Rotation vector ``(3,)`` in the world: sideways turns about up, up and down tilts about the frame's left."""
    share = min(1.0, 2.0 * speed)
    return np.asarray(_RADIANS_PER_PIXEL * share * (du * R_WD[:, 2] + dv * R_WD[:, 1]))
