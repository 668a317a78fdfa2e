"""A light foam brick, 0.05 x 0.075 x 0.05 m."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robot.meshes import rounded_box
from robot.simulation import textures
from robot.simulation.objects.scene_object import SceneObject, add_collision, add_material, add_visual

if TYPE_CHECKING:
    import mujoco

SIZE = (0.050, 0.075, 0.050)


def _shape(spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    import mujoco

    add_collision(body, mujoco.mjtGeom.mjGEOM_BOX, tuple(side / 2 for side in SIZE))
    add_material(spec, "foam_brick", textures.foam(), specular=0.02, shininess=0.02)
    add_visual(spec, body, "foam_brick", rounded_box(SIZE, 0.006, 3), "foam_brick")


FOAM_BRICK = SceneObject(
    name="foam_brick",
    title="Foam brick",
    mass_kg=0.060,
    inertia=(4.1e-5, 2.5e-5, 4.1e-5),
    rest_z_m=SIZE[2] / 2,
    radius_m=0.045,
    footprint_m=SIZE[:2],
    friction_radius_m=0.045,
    points={"top": (0.0, 0.0, 0.025), "head": (0.0, 0.0375, 0.0), "foot": (0.0, -0.0375, 0.0)},
    shape=_shape,
)
