"""A can of soup, 66 mm across and 101 mm high."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robot.meshes import lathe
from robot.simulation import textures
from robot.simulation.objects.scene_object import SceneObject, add_collision, add_material, add_visual

if TYPE_CHECKING:
    import mujoco

RADIUS_M = 0.033
_HALF_HEIGHT_M = 0.0505
_WALL_M = 0.045


def _shape(spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    import mujoco

    add_collision(body, mujoco.mjtGeom.mjGEOM_CYLINDER, (RADIUS_M, _HALF_HEIGHT_M))
    add_material(spec, "soup_can", textures.soup_can(), specular=0.3, shininess=0.5)
    add_material(spec, "tin", rgb=(0.72, 0.73, 0.75), specular=0.7, shininess=0.7)
    add_visual(
        spec, body, "soup_can", lathe([(RADIUS_M - 0.0006, -_WALL_M), (RADIUS_M - 0.0006, _WALL_M)], 32), "soup_can"
    )
    top = [(RADIUS_M - 0.001, _WALL_M), (RADIUS_M, _WALL_M + 0.002), (RADIUS_M, _HALF_HEIGHT_M)]
    lid = [
        (RADIUS_M - 0.002, _HALF_HEIGHT_M),
        (RADIUS_M - 0.003, _HALF_HEIGHT_M - 0.003),
        (0.0, _HALF_HEIGHT_M - 0.003),
    ]
    bottom = [
        (0.0, -_HALF_HEIGHT_M),
        (RADIUS_M, -_HALF_HEIGHT_M),
        (RADIUS_M, -_WALL_M - 0.002),
        (RADIUS_M - 0.001, -_WALL_M),
    ]
    add_visual(spec, body, "soup_can_top", lathe(top + lid, 32), "tin")
    add_visual(spec, body, "soup_can_bottom", lathe(bottom, 32), "tin")


SOUP_CAN = SceneObject(
    name="soup_can",
    title="Can of soup",
    mass_kg=0.349,
    inertia=(3.9e-4, 3.9e-4, 1.9e-4),
    rest_z_m=_HALF_HEIGHT_M,
    radius_m=RADIUS_M,
    footprint_m=(2 * RADIUS_M, 2 * RADIUS_M),
    friction_radius_m=RADIUS_M * 2 / 3,
    points={"top": (0.0, 0.0, _HALF_HEIGHT_M), "label": (RADIUS_M, 0.0, 0.0), "bottom": (0.0, 0.0, -_HALF_HEIGHT_M)},
    shape=_shape,
)
