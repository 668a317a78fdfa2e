"""A mug, 84 mm across and 90 mm high, with a handle along +x: a ring of boxes and a bottom for contact."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from robot.meshes import joined, lathe, tube
from robot.simulation import textures
from robot.simulation.objects.scene_object import SceneObject, add_collision, add_material, add_visual

if TYPE_CHECKING:
    import mujoco

_RADIUS_M = 0.042
_HEIGHT_M = 0.090
_COM_Z_M = 0.040
_WALLS = 10
_WALL_HALF_M = 0.003
_HANDLE = (
    (0.040, 0, 0.072),
    (0.058, 0, 0.072),
    (0.069, 0, 0.058),
    (0.069, 0, 0.036),
    (0.058, 0, 0.022),
    (0.039, 0, 0.022),
)
_INSIDE = ((0.0375, 0.089), (0.037, 0.008), (0.034, 0.006), (0.0, 0.006))
_OUTSIDE = ((0.0, 0.0), (0.034, 0.0), (0.038, 0.003), (0.042, 0.010), (0.042, 0.088), (0.040, 0.090), (0.0375, 0.089))


def _shape(spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    import mujoco

    add_collision(body, mujoco.mjtGeom.mjGEOM_CYLINDER, (_RADIUS_M - 0.002, 0.004), pos=(0, 0, 0.004 - _COM_Z_M))
    ring = _RADIUS_M - _WALL_HALF_M
    for k in range(_WALLS):
        angle = 2 * math.pi * (k + 0.5) / _WALLS
        add_collision(
            body,
            mujoco.mjtGeom.mjGEOM_BOX,
            (_WALL_HALF_M, ring * math.tan(math.pi / _WALLS), _HEIGHT_M / 2),
            pos=(ring * math.cos(angle), ring * math.sin(angle), _HEIGHT_M / 2 - _COM_Z_M),
            quat=(math.cos(angle / 2), 0, 0, math.sin(angle / 2)),
        )
    add_collision(
        body, mujoco.mjtGeom.mjGEOM_CAPSULE, (0.006,), fromto=(0.066, 0, 0.030 - _COM_Z_M, 0.066, 0, 0.064 - _COM_Z_M)
    )
    add_material(spec, "mug", textures.mug(), specular=0.5, shininess=0.6)
    add_material(spec, "mug_glaze", rgb=(0.17, 0.42, 0.50), specular=0.5, shininess=0.6)
    add_material(spec, "mug_inside", rgb=(0.93, 0.91, 0.87), specular=0.3, shininess=0.4)
    add_visual(spec, body, "mug", lathe(_sunk(_OUTSIDE), 32), "mug")
    add_visual(spec, body, "mug_inside", lathe(_sunk(_INSIDE), 32), "mug_inside")
    handle = tube(np.array(_HANDLE) - (0, 0, _COM_Z_M), [0.0055] * len(_HANDLE), 12, 14)
    add_visual(spec, body, "mug_handle", joined([handle]), "mug_glaze")


def _sunk(profile: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    return [(r, z - _COM_Z_M) for r, z in profile]


MUG = SceneObject(
    name="mug",
    title="Mug",
    mass_kg=0.30,
    inertia=(4.2e-4, 4.2e-4, 4.0e-4),
    rest_z_m=_COM_Z_M,
    radius_m=0.075,
    footprint_m=(0.084, 0.084),
    friction_radius_m=0.028,
    points={"rim": (0.0, 0.0, 0.05), "handle": (0.069, 0.0, 0.007), "bottom": (0.0, 0.0, -0.04)},
    shape=_shape,
)
