"""Soft dark spots on the table under things and under the hand: cheap contact shades in place of shadow maps.

They tell a person how high the hand is. Drawn as flat, see-through geoms that the renderer moves after kinematics;
physics never sees them.
"""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from core.geometry import Array
from robot.description import COLLISION_GROUP, END_EFFECTOR_SITE, VISUAL_GROUP
from robot.simulation import textures
from robot.simulation.objects.scene_object import SceneObject

_PREFIX = "shade_"
_HAND = "hand"
_MATERIAL = "shade"
_HEIGHT_M = 0.0006
_MARGIN_M = 0.036
_DARKNESS = 0.62
_HAND_DARKNESS, _HAND_SIZE_M, _HAND_REACH_M = 0.36, (0.09, 0.13), 0.40
_FADE_M = 0.06


def add_shades(spec: mujoco.MjSpec, objects: Sequence[SceneObject]) -> None:
    """One spot for every object and one for the hand."""
    alpha = textures.soft_spot()[..., :1]
    texture = spec.add_texture(name=_MATERIAL, type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=4)
    texture.height, texture.width = alpha.shape[:2]
    texture.data = np.concatenate([np.zeros((*alpha.shape[:2], 3), dtype=np.uint8), alpha], axis=2).tobytes()
    material = spec.add_material(name=_MATERIAL, specular=0.0, shininess=0.0)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = _MATERIAL
    sizes = {thing.name: tuple(side + _MARGIN_M for side in thing.footprint_m) for thing in objects}
    for name, size in (sizes | {_HAND: _HAND_SIZE_M}).items():
        spec.worldbody.add_geom(
            name=_PREFIX + name,
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            size=(size[0] / 2, size[1] / 2, 0.01),
            pos=(0, 0, _HEIGHT_M),
            material=_MATERIAL,
            rgba=(1, 1, 1, _DARKNESS),
            group=VISUAL_GROUP,
            contype=0,
            conaffinity=0,
        )


class Shades:
    """Moves the spots of one model."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._spots = []
        for geom in range(model.ngeom):
            name = model.geom(geom).name
            if name.startswith(_PREFIX) and name != _PREFIX + _HAND:
                body = model.body(name.removeprefix(_PREFIX)).id
                self._spots.append((geom, body))
        hand = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_GEOM, _PREFIX + _HAND)
        self._hand = hand if hand >= 0 else None
        self._end_effector = model.site(END_EFFECTOR_SITE).id
        self._size = {body: float(model.geom_size[geom, :2].min()) for geom, body in self._spots}

    @property
    def geoms(self) -> list[int]:
        """The spots' geom numbers."""
        return [geom for geom, _ in self._spots] + ([] if self._hand is None else [self._hand])

    def hide(self, model: mujoco.MjModel) -> None:
        """Leave the spots out of the picture."""
        model.geom_group[self.geoms] = COLLISION_GROUP

    def place(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Put every spot under its thing, fainter the higher it is. After kinematics, before the scene is updated."""
        for geom, body in self._spots:
            height = max(0.0, float(data.xpos[body, 2]) - self._size[body])
            self._put(model, data, geom, data.xpos[body], data.xmat[body], _DARKNESS * np.exp(-height / _FADE_M))
        if self._hand is not None:
            site = self._end_effector
            height = max(0.0, float(data.site_xpos[site, 2]))
            darkness = _HAND_DARKNESS * max(0.0, 1.0 - height / _HAND_REACH_M) ** 2
            self._put(model, data, self._hand, data.site_xpos[site], data.site_xmat[site], darkness)

    def _put(self, model: mujoco.MjModel, data: mujoco.MjData, geom: int, p: Array, R: Array, darkness: float) -> None:
        across = np.hypot(R[0], R[3])
        c, s = (R[0] / across, R[3] / across) if across > 1e-6 else (1.0, 0.0)
        data.geom_xpos[geom] = (p[0], p[1], _HEIGHT_M)
        data.geom_xmat[geom] = (c, -s, 0, s, c, 0, 0, 0, 1)
        model.geom_rgba[geom, 3] = darkness
