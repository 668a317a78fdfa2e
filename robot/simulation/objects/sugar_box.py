"""The sugar box of the simulated tasks: 0.0867 x 0.1703 x 0.0391 m, 0.514 kg, lying flat (paper's authors' model)."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from robot.meshes import rounded_box
from robot.simulation import textures
from robot.simulation.objects.scene_object import Point, SceneObject, add_collision, add_material, add_visual

if TYPE_CHECKING:
    import mujoco

SIZE = (0.0867, 0.1703, 0.0391)


def _points() -> dict[str, Point]:
    """The eight corners, and the middle and the ends of the label."""
    x, y, z = (side / 2 for side in SIZE)
    corners = {
        f"corner_{'-+'[sx > 0]}{'-+'[sy > 0]}{'-+'[sz > 0]}": (sx * x, sy * y, sz * z)
        for sx, sy, sz in product((-1, 1), repeat=3)
    }
    return corners | {"label": (0.0, 0.0, z), "label_head": (0.0, 0.75 * y, z), "label_foot": (0.0, -0.75 * y, z)}


def _shape(spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    import mujoco

    add_collision(body, mujoco.mjtGeom.mjGEOM_BOX, tuple(side / 2 for side in SIZE))
    add_material(spec, "sugar_box", textures.sugar_box(), specular=0.12, shininess=0.25)
    add_visual(spec, body, "sugar_box", rounded_box(SIZE, 0.0025, 2, textures.SUGAR_LAYOUT), "sugar_box")


SUGAR_BOX = SceneObject(
    name="sugar_box",
    title="Box of sugar",
    mass_kg=0.514,
    inertia=(0.001418, 0.000455, 0.001699),
    rest_z_m=SIZE[2] / 2,
    radius_m=0.0955,
    footprint_m=SIZE[:2],
    friction_radius_m=0.097,
    points=_points(),
    shape=_shape,
)
"""A box rests on four corners, so friction resists turning at about the corners' radius; 0.097 m is measured here."""
