"""The 8-inch plate: seen as a turned plate, felt as a foot and a rim (a measured, stable pair of cylinders)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from robot.meshes import lathe
from robot.simulation import textures
from robot.simulation.objects.scene_object import Point, SceneObject, add_collision, add_material, add_visual

if TYPE_CHECKING:
    import mujoco

RADIUS_M = 0.1016
_FOOT_RADIUS_M = 0.065
_RIM_Z_M = 0.018
_RIM_HALF_HEIGHT_M = 0.006
_COM_Z_M = 0.012
_MASS_KG = 0.35
_PROFILE = (
    (0.0, 0.003),
    (0.058, 0.003),
    (0.059, 0.0),
    (0.065, 0.0),
    (0.067, 0.003),
    (0.084, 0.0105),
    (0.1000, 0.0205),
    (0.1016, 0.0225),
    (0.1000, 0.0240),
    (0.0960, 0.0228),
    (0.078, 0.0125),
    (0.066, 0.0085),
    (0.040, 0.0072),
    (0.0, 0.0070),
)
"""Radius and height above the table, metres."""


def _points() -> dict[str, Point]:
    """The middle and eight points on the rim's edge."""
    rim = {
        f"rim_{45 * k}": (
            RADIUS_M * math.cos(math.radians(45 * k)),
            RADIUS_M * math.sin(math.radians(45 * k)),
            0.0225 - _COM_Z_M,
        )
        for k in range(8)
    }
    return {"middle": (0.0, 0.0, 0.007 - _COM_Z_M), **rim}


def _shape(spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    import mujoco

    cylinder = mujoco.mjtGeom.mjGEOM_CYLINDER
    add_collision(body, cylinder, (RADIUS_M, _RIM_HALF_HEIGHT_M), pos=(0, 0, _RIM_Z_M - _COM_Z_M))
    add_collision(body, cylinder, (_FOOT_RADIUS_M, 0.006), pos=(0, 0, 0.006 - _COM_Z_M))
    add_material(spec, "plate", textures.plate(), specular=0.5, shininess=0.6)
    mesh = lathe([(r, z - _COM_Z_M) for r, z in _PROFILE], 40, crease_deg=50)
    add_visual(spec, body, "plate", mesh, "plate")


PLATE = SceneObject(
    name="plate",
    title="Plate",
    mass_kg=_MASS_KG,
    inertia=(_MASS_KG * RADIUS_M**2 / 4, _MASS_KG * RADIUS_M**2 / 4, _MASS_KG * RADIUS_M**2 / 2),
    rest_z_m=_COM_Z_M,
    radius_m=RADIUS_M,
    footprint_m=(2 * _FOOT_RADIUS_M + 0.05, 2 * _FOOT_RADIUS_M + 0.05),
    friction_radius_m=_FOOT_RADIUS_M * 2 / 3,
    points=_points(),
    shape=_shape,
    turns_alike=True,
)
