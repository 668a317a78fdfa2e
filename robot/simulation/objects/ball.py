"""A wooden toy ball, 60 mm across, half red and half blue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from robot.meshes import lathe
from robot.simulation.objects.scene_object import SceneObject, add_collision, add_material, add_visual

if TYPE_CHECKING:
    import mujoco

RADIUS_M = 0.030


def _shape(spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    import mujoco

    add_collision(body, mujoco.mjtGeom.mjGEOM_SPHERE, (RADIUS_M,), condim=6, friction=(0.4, 0.005, 0.002))
    stripes = np.zeros((128, 16, 3), dtype=np.uint8)
    stripes[:] = (56, 92, 168)
    stripes[64:] = (206, 70, 56)
    stripes[54:74] = (240, 236, 224)
    add_material(spec, "ball", stripes, specular=0.4, shininess=0.5)
    arc = np.linspace(-np.pi / 2, np.pi / 2, 17)
    add_visual(spec, body, "ball", lathe(np.column_stack([RADIUS_M * np.cos(arc), RADIUS_M * np.sin(arc)]), 28), "ball")


BALL = SceneObject(
    name="ball",
    title="Ball",
    mass_kg=0.080,
    inertia=(2.9e-5, 2.9e-5, 2.9e-5),
    rest_z_m=RADIUS_M,
    radius_m=RADIUS_M,
    footprint_m=(RADIUS_M, RADIUS_M),
    friction_radius_m=0.01,
    points={"top": (0.0, 0.0, RADIUS_M), "bottom": (0.0, 0.0, -RADIUS_M)},
    shape=_shape,
    turns_alike=True,
)
