"""The robot's surface for the 3-D view: vertices, normals and colours at any joint angles."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from core.geometry import SE3
from robot.description import FINGER_JOINT_NAMES, HAND_BODY, VISUAL_GROUP, robot_spec
from robot.devices import JOINT_COUNT

Points = NDArray[np.float32]
_HAND_BODIES = (HAND_BODY, "wsg_finger_left_link", "wsg_finger_right_link")


@dataclass(frozen=True, slots=True)
class _Part:
    """One visual geom: unindexed triangles in its own frame."""

    geom: int
    body: str
    vertices: Points
    normals: Points
    rgb: tuple[float, float, float]


class RobotSurface:
    """Triangles ``(N, 3)`` with normals and colours, posed by forward kinematics of the visual model."""

    def __init__(self) -> None:
        self._model = robot_spec(visual=True).compile()
        self._data = mujoco.MjData(self._model)
        self._parts = [part for geom in range(self._model.ngeom) if (part := self._part(geom)) is not None]
        self._colors = np.concatenate(
            [np.tile(np.asarray(part.rgb, np.float32), (len(part.vertices), 1)) for part in self._parts]
        )
        self._fingers = [self._model.joint(name).qposadr[0] for name in FINGER_JOINT_NAMES]

    @property
    def colors(self) -> Points:
        """``(N, 3)`` in [0, 1], the same at all joint angles."""
        return self._colors

    def pose(self, q: tuple[float, ...], gripper_width_m: float) -> tuple[Points, Points]:
        """Vertices and normals ``(N, 3)`` in W at joints ``q`` and a gripper width."""
        self._move(q, gripper_width_m)
        return self._gather(self._parts, np.eye(3), np.zeros(3))

    def hand(self, X_WE: SE3, gripper_width_m: float) -> tuple[Points, Points]:
        """Vertices and normals of the hand alone with its end effector at ``X_WE``."""
        self._move((0.0,) * JOINT_COUNT, gripper_width_m)
        site = self._model.site("end_effector").id
        X_0E = SE3.from_rotation(self._data.site_xmat[site].reshape(3, 3), self._data.site_xpos[site])
        X_W0 = X_WE @ X_0E.inverse()
        return self._gather([part for part in self._parts if part.body in _HAND_BODIES], X_W0.R, X_W0.p)

    def _move(self, q: tuple[float, ...], gripper_width_m: float) -> None:
        self._data.qpos[:JOINT_COUNT] = q
        self._data.qpos[self._fingers] = gripper_width_m / 2
        mujoco.mj_kinematics(self._model, self._data)

    def _gather(self, parts: list[_Part], R: NDArray[np.float64], p: NDArray[np.float64]) -> tuple[Points, Points]:
        vertices, normals = [], []
        for part in parts:
            R_WG = (R @ self._data.geom_xmat[part.geom].reshape(3, 3)).astype(np.float32)
            p_WG = (R @ self._data.geom_xpos[part.geom] + p).astype(np.float32)
            vertices.append(part.vertices @ R_WG.T + p_WG)
            normals.append(part.normals @ R_WG.T)
        return np.concatenate(vertices), np.concatenate(normals)

    def _part(self, geom: int) -> _Part | None:
        model = self._model
        if model.geom_group[geom] != VISUAL_GROUP or model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH:
            return None
        mesh = model.geom_dataid[geom]
        start, count = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
        faces = model.mesh_face[start : start + count].ravel()
        normal_faces = model.mesh_facenormal[start : start + count].ravel()
        vertices = model.mesh_vert[model.mesh_vertadr[mesh] :][faces].astype(np.float32)
        normals = model.mesh_normal[model.mesh_normaladr[mesh] :][normal_faces].astype(np.float32)
        material = model.geom_matid[geom]
        rgba = model.mat_rgba[material] if material >= 0 else model.geom_rgba[geom]
        body = model.body(model.geom_bodyid[geom]).name
        return _Part(geom, body, vertices, normals, (float(rgba[0]), float(rgba[1]), float(rgba[2])))
