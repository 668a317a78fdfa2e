"""What a thing on the table is: its mass, its named points, how it collides and how it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.geometry import Array
from robot.description import COLLISION_GROUP, ROBOT_CONTYPE, VISUAL_GROUP, WORLD_CONTYPE
from robot.meshes import Mesh

if TYPE_CHECKING:
    import mujoco

Point = tuple[float, float, float]

FRICTION = (0.3, 0.005, 0.0001)
"""Sliding, torsional and rolling friction of things on the table (measured to work: 0.3, condim 4)."""
CONTACT_SOLREF = (0.004, 1.0)
CONTACT_SOLIMP = (0.95, 0.99, 0.001, 0.5, 2.0)


@dataclass(frozen=True, slots=True)
class SceneObject:
    """A movable thing. Frame O: origin at the centre of mass, z up when it stands as it is placed.

    ``inertia`` is the diagonal in O, kg m^2. ``rest_z_m`` is the height of O above the table at rest, ``radius_m`` a
    circle that holds it on the table, ``footprint_m`` its extent along x and y, ``friction_radius_m`` the lever arm
    with which table friction resists turning. ``points`` are named points ``p_OP``; ``shape`` adds its geoms to a body;
    ``turns_alike`` when it looks the same at any turn about z.
    """

    name: str
    title: str
    mass_kg: float
    inertia: Point
    rest_z_m: float
    radius_m: float
    footprint_m: tuple[float, float]
    friction_radius_m: float
    points: dict[str, Point]
    shape: Callable[[mujoco.MjSpec, mujoco.MjsBody], None] = field(compare=False)
    turns_alike: bool = False

    @property
    def joint(self) -> str:
        return f"{self.name}_joint"

    def points_O(self) -> Array:
        """The named points, ``(P, 3)`` metres in O, in the order of ``points``."""
        return np.array(list(self.points.values()), dtype=np.float64)

    def add_to(self, spec: mujoco.MjSpec) -> mujoco.MjsBody:
        """Add as a free body of this name."""
        body = spec.worldbody.add_body(name=self.name)
        body.add_freejoint(name=self.joint)
        body.explicitinertial = True
        body.mass, body.inertia = self.mass_kg, self.inertia
        self.shape(spec, body)
        return body


def add_collision(body: mujoco.MjsBody, kind: mujoco.mjtGeom, size: tuple[float, ...], **options: object) -> None:
    """A geom that touches the table, the robot and other things; never seen. ``options`` place or override it."""
    defaults: dict[str, object] = {
        "group": COLLISION_GROUP,
        "contype": WORLD_CONTYPE,
        "conaffinity": WORLD_CONTYPE | ROBOT_CONTYPE,
        "condim": 4,
        "friction": FRICTION,
        "solref": CONTACT_SOLREF,
        "solimp": CONTACT_SOLIMP,
        "mass": 0,
    }
    name = f"{body.name}_collision_{len(body.geoms)}"
    body.add_geom(name=name, type=kind, size=(*size, 0.0, 0.0)[:3], **(defaults | options))


def add_visual(
    spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, mesh: Mesh, material: str, **where: object
) -> mujoco.MjsGeom:
    """A mesh that is only seen."""
    import mujoco

    return body.add_geom(
        name=f"{name}_visual",
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=mesh.add_to(spec, name),
        material=material,
        group=VISUAL_GROUP,
        contype=0,
        conaffinity=0,
        mass=0,
        **where,
    )


def add_material(
    spec: mujoco.MjSpec,
    name: str,
    image: NDArray[np.uint8] | None = None,
    rgb: Point = (1.0, 1.0, 1.0),
    specular: float = 0.15,
    shininess: float = 0.3,
) -> str:
    """A material of that name, with a texture when an image is given."""
    import mujoco

    material = spec.add_material(name=name, rgba=(*rgb, 1.0), specular=specular, shininess=shininess)
    if image is not None:
        texture = spec.add_texture(name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=image.shape[2])
        texture.height, texture.width = image.shape[:2]
        texture.data = image.tobytes()
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
    return name
