"""The robot's own surface, so that its pixels can be told from those of objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.geometry import SE3
from core.messages import CameraInfo


class RobotShape(Protocol):
    """Whoever knows what the robot looks like."""

    def triangles(self, q: Sequence[float], gripper_width_m: float) -> NDArray[np.float32]:
        """Triangles ``(T, 3, 3)`` in W, metres, at joints ``q`` (rad) and a gripper width (m)."""


def robot_depth(camera: CameraInfo, X_WC: SE3, triangles_W: NDArray[np.float32]) -> NDArray[np.float32]:
    """Depth along the optical axis at which the robot would be seen, ``(H, W)`` metres; infinite where it is not."""
    import open3d as o3d

    scene = o3d.t.geometry.RaycastingScene()
    vertices = np.ascontiguousarray(triangles_W.reshape(-1, 3), dtype=np.float32)
    faces = np.arange(len(vertices), dtype=np.uint32).reshape(-1, 3)
    scene.add_triangles(o3d.core.Tensor.from_numpy(vertices), o3d.core.Tensor.from_numpy(faces))
    return cast_depth(scene, camera, X_WC)


def cast_depth(scene: object, camera: CameraInfo, X_WC: SE3) -> NDArray[np.float32]:
    """Depth ``(H, W)`` metres along the optical axis of the first surface of an open3d ``RaycastingScene``.

    Rays leave the camera with unit length along its optical axis, so that open3d's ``t_hit`` is the depth.
    """
    import open3d as o3d

    v, u = np.indices((camera.height, camera.width), dtype=np.float64)
    rays_C = camera.pinhole.unproject(np.stack([u, v], axis=-1), np.ones(u.shape))
    rays = np.empty((camera.height, camera.width, 6), dtype=np.float32)
    rays[..., :3] = X_WC.p
    rays[..., 3:] = rays_C @ X_WC.R.T
    hit: NDArray[np.float32] = scene.cast_rays(o3d.core.Tensor.from_numpy(rays))["t_hit"].numpy()  # type: ignore[attr-defined]
    return hit
