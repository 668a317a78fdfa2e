"""Everything that stands still around the task: table, room and light."""

from __future__ import annotations

import mujoco
import numpy as np

from core.geometry import SE3
from robot.description import ROBOT_CONTYPE, WORLD_CONTYPE
from robot.meshes import Mesh, joined, rounded_box, sheet
from robot.simulation import textures
from robot.simulation.objects.scene_object import (
    CONTACT_SOLIMP,
    CONTACT_SOLREF,
    FRICTION,
    add_material,
    add_visual,
)

TABLE_GEOM = "table"
TABLE_TOP_GEOM = "table_top_visual"
TABLE_MATERIAL = "table_wood"
TABLE_CENTRE = (0.40, 0.0)
TABLE_SIZE = (1.60, 1.50)
FLOOR_Z_M = -0.74
_THICKNESS_M = 0.04
_ROOM_M = 5.0
_WALL_M = 2.6


def add_scenery(spec: mujoco.MjSpec) -> None:
    """Table, floor, walls and lights."""
    _add_table(spec)
    _add_room(spec)
    _add_lights(spec)


def _add_table(spec: mujoco.MjSpec) -> None:
    world = spec.worldbody
    x, y = TABLE_CENTRE
    world.add_geom(
        name=TABLE_GEOM,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(TABLE_SIZE[0] / 2, TABLE_SIZE[1] / 2, 0.1),
        pos=(x, y, -0.1),
        group=3,
        contype=WORLD_CONTYPE,
        conaffinity=WORLD_CONTYPE | ROBOT_CONTYPE,
        condim=4,
        friction=FRICTION,
        solref=CONTACT_SOLREF,
        solimp=CONTACT_SOLIMP,
    )
    add_material(spec, TABLE_MATERIAL, textures.wood(), specular=0.12, shininess=0.35)
    add_material(spec, "table_edge", rgb=(0.56, 0.39, 0.23), specular=0.1, shininess=0.2)
    add_material(spec, "table_leg", rgb=(0.26, 0.27, 0.29), specular=0.3, shininess=0.4)
    add_visual(spec, world, "table_top", sheet(*TABLE_SIZE, 12), TABLE_MATERIAL, pos=(x, y, 0.0))
    edge = rounded_box((TABLE_SIZE[0], TABLE_SIZE[1], _THICKNESS_M), 0.004, 1)
    add_visual(spec, world, "table_slab", edge, "table_edge", pos=(x, y, -_THICKNESS_M / 2 - 0.0008))
    height = -FLOOR_Z_M - _THICKNESS_M
    legs = [
        rounded_box((0.06, 0.06, height), 0.004, 1).moved(
            SE3.translation(
                x + sx * (TABLE_SIZE[0] / 2 - 0.06), y + sy * (TABLE_SIZE[1] / 2 - 0.06), FLOOR_Z_M + height / 2
            )
        )
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    add_visual(spec, world, "table_legs", joined(legs), "table_leg")


def _add_room(spec: mujoco.MjSpec) -> None:
    """A floor and three walls; the wall behind an outside viewer is not there."""
    world = spec.worldbody
    floor = add_material(spec, "floor", textures.concrete(), specular=0.05, shininess=0.1)
    spec.material(floor).texrepeat = (3, 3)
    add_visual(spec, world, "floor", sheet(_ROOM_M, _ROOM_M, 6), floor, pos=(0.4, 0, FLOOR_Z_M))
    wall = add_material(spec, "wall", textures.wall(), specular=0.0, shininess=0.0)
    spec.material(wall).emission = 0.25
    half = _ROOM_M / 2
    upright = sheet(_ROOM_M, _WALL_M, 6)
    walls = [
        _standing(upright, yaw).moved(SE3.translation(0.4 + half * dx, half * dy, FLOOR_Z_M + _WALL_M / 2))
        for yaw, dx, dy in ((np.pi / 2, -1, 0), (0.0, 0, 1), (np.pi, 0, -1), (-np.pi / 2, 1, 0))
    ]
    add_visual(spec, world, "walls", joined(walls), wall)
    sky = spec.add_texture(name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, width=64, height=64)
    sky.builtin = mujoco.mjtBuiltin.mjBUILTIN_GRADIENT
    sky.rgb1, sky.rgb2 = (0.90, 0.92, 0.94), (0.74, 0.77, 0.80)


def _standing(mesh: Mesh, yaw: float) -> Mesh:
    """A sheet set upright, facing -y, then turned about z by ``yaw``."""
    up = SE3.from_rotation_vector((np.pi / 2, 0.0, 0.0))
    return mesh.moved(SE3.from_rotation_vector((0.0, 0.0, yaw)) @ up)


def _add_lights(spec: mujoco.MjSpec) -> None:
    """A lamp above the table, a window light from the side and a weak fill; lit without shadows it stays readable."""
    visual = spec.visual
    visual.headlight.ambient = (0.30, 0.30, 0.31)
    visual.headlight.diffuse = (0.10, 0.10, 0.10)
    visual.headlight.specular = (0.0, 0.0, 0.0)
    world = spec.worldbody
    world.add_light(
        name="lamp",
        type=mujoco.mjtLightType.mjLIGHT_SPOT,
        pos=(0.75, -0.25, 1.9),
        dir=(-0.12, 0.12, -1.0),
        diffuse=(0.62, 0.60, 0.56),
        specular=(0.35, 0.34, 0.32),
        attenuation=(1.0, 0.0, 0.0),
        cutoff=80,
        exponent=3,
        castshadow=True,
    )
    world.add_light(
        name="window",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=(2.0, 1.5, 2.0),
        dir=(-0.75, -0.5, -0.55),
        diffuse=(0.34, 0.36, 0.40),
        specular=(0.15, 0.15, 0.16),
        castshadow=False,
    )
    world.add_light(
        name="fill",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=(-1.0, -2.0, 2.0),
        dir=(0.45, 0.8, -0.35),
        diffuse=(0.16, 0.15, 0.14),
        specular=(0.05, 0.05, 0.05),
        castshadow=False,
    )


def set_quality(spec: mujoco.MjSpec, width: int, height: int, fine: bool) -> None:
    """Offscreen buffer and, for pictures that may take their time, samples and shadow map."""
    visual = spec.visual
    visual.global_.offwidth, visual.global_.offheight = width, height
    visual.quality.offsamples = 4 if fine else 0
    visual.quality.shadowsize = 4096 if fine else 0
    visual.map.znear, visual.map.zfar = 0.03, 20.0
    spec.stat.extent = 1.0
    spec.stat.center = (0.4, 0.0, 0.3)
    visual.global_.azimuth, visual.global_.elevation = 140, -20
