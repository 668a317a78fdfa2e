"""Points on objects' surfaces, uniform by area, from the very meshes that are drawn. Privileged."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from core.geometry import SE3
from robot.description import COLLISION_GROUP

Points = NDArray[np.float64]


def triangles_of(model: mujoco.MjModel, body: str) -> Points:
    """Triangles ``(T, 3, 3)`` in the body's frame of all meshes that are seen of it, metres."""
    found = []
    wanted = model.body(body).id
    for geom in range(model.ngeom):
        mesh = int(model.geom_dataid[geom])
        seen = model.geom_group[geom] != COLLISION_GROUP and model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH
        if model.geom_bodyid[geom] != wanted or not seen or mesh < 0:
            continue
        start, count = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
        faces = model.mesh_face[start : start + count]
        vertices = model.mesh_vert[model.mesh_vertadr[mesh] :][faces.ravel()].astype(np.float64)
        X_OG = SE3.of(model.geom_quat[geom], model.geom_pos[geom])
        found.append((X_OG @ vertices).reshape(-1, 3, 3))
    return np.concatenate(found) if found else np.zeros((0, 3, 3))


def uniform_points(triangles: Points, count: int, rng: np.random.Generator) -> Points:
    """``(count, 3)`` points drawn uniformly by area."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    area = np.linalg.norm(np.cross(b - a, c - a), axis=-1)
    chosen = rng.choice(len(triangles), count, p=area / area.sum())
    r, s = np.sqrt(rng.random((count, 1))), rng.random((count, 1))
    return np.asarray((1 - r) * a[chosen] + r * (1 - s) * b[chosen] + r * s * c[chosen])
