"""Draws snapshots: one ``mjr_render`` and one ``mjr_readPixels`` a camera, offscreen through EGL.

A GL context belongs to the thread that made it: build, use and close a ``Renderer`` in one thread. It owns copies of
the model and the state, so that the physics goes on meanwhile.
"""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from core.geometry import SE3
from robot.description import COLLISION_GROUP
from robot.simulation.shades import Shades
from robot.simulation.snapshot import Appearance, Snapshot
from robot.simulation.stills import ALL, STILL_GROUP, Stills, sort_groups

_X_GL_OPENCV = np.diag([1.0, -1.0, -1.0])
_MAX_GEOMS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``rgb: (H, W, 3) uint8``; ``depth_m: (H, W) float32`` along the optical axis, infinite where nothing is."""

    rgb: NDArray[np.uint8]
    depth_m: NDArray[np.float32]
    X_WC: SE3


def _gl_context(width: int, height: int) -> Any:
    """An offscreen context: EGL on Linux whatever MUJOCO_GL says, which only counts before mujoco's first import."""
    if sys.platform == "linux":
        from mujoco.egl import GLContext
    else:
        from mujoco.gl_context import GLContext
    return GLContext(width, height)


class Renderer:
    """Pictures of one model. ``fine`` turns shadows on where the model allows them."""

    def __init__(self, model: mujoco.MjModel, *, fine: bool = False) -> None:
        self._pristine = model
        self._fine = fine
        self._model = copy.copy(model)
        self._data = mujoco.MjData(self._model)
        self.width = int(model.vis.global_.offwidth)
        self.height = int(model.vis.global_.offheight)
        self._gl = _gl_context(self.width, self.height)
        self._gl.make_current()
        self._context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(self._model, _MAX_GEOMS)
        flags = self._scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = fine
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        flags[mujoco.mjtRndFlag.mjRND_HAZE] = False
        flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = fine  # costs a third of a picture, and walls hide it from the cameras
        self._option = mujoco.MjvOption()
        self._option.geomgroup[COLLISION_GROUP] = 0
        self._option.sitegroup[:] = 0
        self._perturb = mujoco.MjvPerturb()
        self._camera = mujoco.MjvCamera()
        self._viewport = mujoco.MjrRect(0, 0, self.width, self.height)
        self._rgb = np.empty((self.height, self.width, 3), dtype=np.uint8)
        self._depth = np.empty((self.height, self.width), dtype=np.float32)
        self._appearance: Appearance | None = None
        self._shades = Shades(self._model)
        self._stills = Stills()
        sort_groups(self._model, self._shades.geoms)
        self._option.geomgroup[STILL_GROUP] = 1
        if fine:
            self._shades.hide(self._model)  # shadow maps do it better

    def show(self, snapshot: Snapshot) -> None:
        """Take the state to draw next."""
        if snapshot.appearance is not self._appearance:
            self._dress(snapshot.appearance)
        data = self._data
        data.qpos[:] = snapshot.qpos
        data.mocap_pos[:] = snapshot.mocap_p
        data.mocap_quat[:] = snapshot.mocap_quat
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        self._shades.place(self._model, data)

    def _dress(self, appearance: Appearance) -> None:
        """Undo the last appearance and apply this one to our copy of the model."""
        for name, index, _ in () if self._appearance is None else self._appearance.overrides:
            getattr(self._model, name)[index] = getattr(self._pristine, name)[index]
        for name, index, value in appearance.overrides:
            getattr(self._model, name)[index] = value
        self._appearance = appearance

    def X_WC(self, role: str) -> SE3:
        """Pose of a camera (OpenCV frame) in the state shown."""
        k = self._model.camera(role).id
        return SE3.from_rotation(self._data.cam_xmat[k].reshape(3, 3) @ _X_GL_OPENCV, self._data.cam_xpos[k])

    def picture(self, role: str, *, whole: bool = False) -> Picture:
        """Colour and exact depth of the camera of that role.

        For a fixed camera, what stands still is drawn once and kept (robot/simulation/stills.py); ``whole`` draws
        everything anew.
        """

        def draw(groups: frozenset[int]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
            return self._draw(role, groups)

        if whole or self._fine or not self._stands_still(role):
            rgb, depth = draw(ALL)
        else:
            mocap = np.concatenate([self._data.mocap_pos, self._data.mocap_quat], axis=1)
            rgb, depth = self._stills.draw(role, draw, self._appearance, mocap)
        return Picture(np.ascontiguousarray(rgb[::-1]), self._metres(depth), self.X_WC(role))

    def _stands_still(self, role: str) -> bool:
        return bool(self._model.body_weldid[self._model.cam_bodyid[self._model.camera(role).id]] == 0)

    def _draw(self, role: str, groups: frozenset[int]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Draw the geoms of some groups; the buffers are ours, valid until the next drawing."""
        before = self._option.geomgroup.copy()
        self._option.geomgroup[:] = [group in groups for group in range(len(before))]
        self._aim(role)
        self._option.geomgroup[:] = before
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._rgb, self._depth, self._viewport, self._context)
        return self._rgb, self._depth

    def view(
        self, lookat_W: tuple[float, float, float], azimuth_deg: float, elevation_deg: float, distance_m: float
    ) -> NDArray[np.uint8]:
        """Colour from a free camera, for pictures of the whole scene: ``(H, W, 3) uint8``."""
        camera = self._camera
        camera.type = mujoco.mjtCamera.mjCAMERA_FREE
        camera.lookat[:] = lookat_W
        camera.azimuth, camera.elevation, camera.distance = azimuth_deg, elevation_deg, distance_m
        self._update()
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._rgb, None, self._viewport, self._context)
        return np.ascontiguousarray(self._rgb[::-1])

    def segmentation(self, role: str) -> NDArray[np.int32]:
        """Body of every pixel, ``(H, W) int32`` body numbers of the model, -1 where nothing is. Privileged."""
        self._aim(role)
        flags = self._scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = True
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._rgb, None, self._viewport, self._context)
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = False
        codes = self._rgb[::-1].astype(np.int32) @ np.array([1, 1 << 8, 1 << 16], dtype=np.int32)
        body_of_code = np.full(self._scene.ngeom + 1, -1, dtype=np.int32)
        for geom in self._scene.geoms[: self._scene.ngeom]:
            if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM and geom.segid >= 0:
                body_of_code[geom.segid + 1] = self._model.geom_bodyid[geom.objid]
        return np.asarray(body_of_code[codes])

    def _aim(self, role: str) -> None:
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = self._model.camera(role).id
        self._update()

    def _update(self) -> None:
        mujoco.mjv_updateScene(
            self._model,
            self._data,
            self._option,
            self._perturb,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self._scene,
        )

    def _metres(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Depth buffer (1 near, 0 far) to metres; nothing drawn is infinitely far."""
        extent = self._model.stat.extent
        near, far = np.float32(self._model.vis.map.znear * extent), np.float32(self._model.vis.map.zfar * extent)
        buffer = depth[::-1]
        with np.errstate(divide="ignore"):
            return np.asarray(near * far / (near + buffer * (far - near)), dtype=np.float32)

    def close(self) -> None:
        """Free the GL context, from the thread that made it."""
        self._context.free()
        self._gl.free()
