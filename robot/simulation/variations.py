"""Visual variations of a scene, as the paper's rigs had them: light, background, clutter, moderate occlusion.

They change what the cameras see and nothing else: clutter and the cables that hang before the fixed cameras touch
nothing, and clutter stands outside of where the tasks happen. Drawn anew for every episode, from its seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.geometry import SE3
from robot.description import VISUAL_GROUP
from robot.meshes import Mesh, joined, lathe, rounded_box
from robot.simulation import textures
from robot.simulation.cameras import camera_info
from robot.simulation.objects.scene_object import add_material, add_visual
from robot.simulation.scenery import TABLE_MATERIAL, TABLE_TOP_GEOM

VISUALS = ("light", "background", "clutter", "occlusion")
Override = tuple[str, int, NDArray[Any]]

_TABLE_MATERIALS = (TABLE_MATERIAL, "table_walnut", "table_cloth", "table_stone", "table_white")
_PARKED = SE3.translation(0.0, 0.0, -3.0)
_CLUTTER = ("book", "cup", "bottle", "crate", "roll", "notebook")
_CLUTTER_PLACES = ((0.28, 0.50), (0.45, 0.55), (0.62, 0.58), (0.98, 0.30), (1.02, 0.0), (0.98, -0.30))
"""Round the work area: |y| over 0.45 m or x over 0.95 m."""
_OCCLUDED = ("right", "left")


def parse(names: Iterable[str]) -> frozenset[str]:
    """The chosen variations; InputError lists the valid ones."""
    chosen = frozenset(names)
    unknown = chosen - set(VISUALS)
    if unknown:
        raise InputError(f"There is no visual variation '{min(unknown)}'; choose from: {', '.join(VISUALS)}.")
    return chosen


def add_variations(spec: mujoco.MjSpec, visuals: frozenset[str]) -> None:
    """Add what the chosen variations need, out of sight."""
    if "background" in visuals:
        add_material(spec, "table_walnut", textures.wood((150, 108, 76), (84, 52, 34), 7, 1024, 21), specular=0.15)
        add_material(spec, "table_cloth", textures.cloth(), specular=0.0)
        spec.material("table_cloth").texrepeat = (3, 3)
        add_material(spec, "table_stone", textures.speckle(), specular=0.25)
        spec.material("table_stone").texrepeat = (4, 4)
        add_material(spec, "table_white", rgb=(0.88, 0.88, 0.86), specular=0.2)
    if "clutter" in visuals:
        for name, parts in _clutter_shapes().items():
            _add_prop(spec, f"clutter_{name}", parts)
    if "occlusion" in visuals:
        for role in _OCCLUDED:
            _add_cable(spec, f"cable_{role}")


def draw(
    model: mujoco.MjModel, visuals: frozenset[str], rng: np.random.Generator
) -> tuple[tuple[Override, ...], dict[int, SE3]]:
    """Draw an episode's looks: fields of the model to overwrite, and where mocap bodies stand."""
    overrides: list[Override] = []
    placed: dict[int, SE3] = {}
    if "light" in visuals:
        overrides += _light(model, rng)
    if "background" in visuals:
        overrides += _background(model, rng)
    if "clutter" in visuals:
        placed |= _place_clutter(model, rng)
    if "occlusion" in visuals:
        placed |= _hang_cables(model, rng)
    return tuple(overrides), placed


def _light(model: mujoco.MjModel, rng: np.random.Generator) -> list[Override]:
    """Brightness, colour and direction of every light."""
    overrides: list[Override] = []
    warmth = float(rng.uniform(-0.12, 0.12))
    tint = np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    for k in range(model.nlight):
        brightness = float(rng.uniform(0.6, 1.25))
        overrides.append(("light_diffuse", k, (model.light_diffuse[k] * brightness * tint).astype(np.float32)))
        overrides.append(("light_pos", k, model.light_pos[k] + rng.uniform(-0.5, 0.5, 3)))
        direction = model.light_dir[k] + rng.uniform(-0.2, 0.2, 3)
        overrides.append(("light_dir", k, direction / np.linalg.norm(direction)))
    return overrides


def _background(model: mujoco.MjModel, rng: np.random.Generator) -> list[Override]:
    """Another table top, and other colours of walls and floor."""
    table = model.material(str(rng.choice(_TABLE_MATERIALS))).id
    overrides: list[Override] = [("geom_matid", model.geom(TABLE_TOP_GEOM).id, np.array(table, dtype=np.int32))]
    for material, low in (("wall", 0.45), ("floor", 0.5)):
        colour = np.append(rng.uniform(low, 1.0, 3), 1.0).astype(np.float32)
        overrides.append(("mat_rgba", model.material(material).id, colour))
    tone = np.append(rng.uniform(0.8, 1.0) * rng.uniform(0.93, 1.0, 3), 1.0).astype(np.float32)
    overrides.append(("mat_rgba", table, tone * model.mat_rgba[table]))
    return overrides


def _place_clutter(model: mujoco.MjModel, rng: np.random.Generator) -> dict[int, SE3]:
    """Three to five props at different places round the work area."""
    props = rng.permutation(len(_CLUTTER))[: int(rng.integers(3, 6))]
    places = rng.permutation(2 * len(_CLUTTER_PLACES))
    placed = {}
    for prop, place in zip(props, places, strict=False):
        x, y = _CLUTTER_PLACES[place // 2]
        side = 1.0 if place % 2 else -1.0
        shift = rng.uniform(-0.03, 0.03, 2)
        yaw = float(rng.uniform(-math.pi, math.pi))
        at = (x + float(shift[0]), side * (y + float(shift[1])), 0.0)
        placed[_mocap(model, f"clutter_{_CLUTTER[prop]}")] = SE3.from_rotation_vector((0.0, 0.0, yaw), at)
    return placed


def _hang_cables(model: mujoco.MjModel, rng: np.random.Generator) -> dict[int, SE3]:
    """A cable with a tag a hand's breadth before each fixed camera: 3 to 8 % of its picture."""
    placed = {}
    for role in _OCCLUDED:
        info = camera_info(role)
        depth = float(rng.uniform(0.055, 0.075))
        uv = np.array([rng.uniform(90.0, 550.0), rng.uniform(120.0, 360.0)])
        p_CK = info.pinhole.unproject(uv, np.array(depth))
        tilt = float(rng.uniform(-0.4, 0.4))
        X_WC = info.pose(SE3.identity())
        placed[_mocap(model, f"cable_{role}")] = X_WC @ SE3.from_rotation_vector((0.0, 0.0, tilt), p_CK)
    return placed


def _mocap(model: mujoco.MjModel, body: str) -> int:
    return int(model.body_mocapid[model.body(body).id])


def _add_prop(spec: mujoco.MjSpec, name: str, parts: dict[tuple[float, float, float], Mesh]) -> None:
    """A mocap body that is only seen: meshes by colour, standing on z = 0."""
    body = spec.worldbody.add_body(name=name, mocap=True, pos=_PARKED.p)
    for k, (rgb, mesh) in enumerate(parts.items()):
        add_visual(spec, body, f"{name}_{k}", mesh, add_material(spec, f"{name}_{k}", rgb=rgb, specular=0.25))


def _add_cable(spec: mujoco.MjSpec, name: str) -> None:
    """A thin cable along y of its frame (down in the camera's picture) with a small tag."""
    body = spec.worldbody.add_body(name=name, mocap=True, pos=_PARKED.p)
    look: dict[str, Any] = {"group": VISUAL_GROUP, "contype": 0, "conaffinity": 0, "mass": 0}
    capsule, box = mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_BOX
    body.add_geom(type=capsule, size=(0.0010, 0, 0), fromto=(0, -0.2, 0, 0, 0.2, 0), rgba=(0.12, 0.12, 0.13, 1), **look)
    body.add_geom(type=box, size=(0.004, 0.006, 0.0004), rgba=(0.86, 0.80, 0.62, 1), **look)


def _up(mesh: Mesh, z: float, x: float = 0.0) -> Mesh:
    return mesh.moved(SE3.translation(x, 0.0, z))


def _clutter_shapes() -> dict[str, dict[tuple[float, float, float], Mesh]]:
    """Props by name: meshes by colour."""
    bottle = [(0.0, 0.0), (0.030, 0.0), (0.032, 0.004), (0.032, 0.13), (0.012, 0.175), (0.012, 0.20)]
    cup = [(0.0, 0.0), (0.026, 0.0), (0.038, 0.11), (0.036, 0.11), (0.026, 0.01), (0.0, 0.01)]
    roll = [(0.025, 0.0), (0.048, 0.0), (0.048, 0.045), (0.025, 0.045), (0.025, 0.0)]
    return {
        "book": {
            (0.55, 0.14, 0.16): _up(rounded_box((0.15, 0.21, 0.028), 0.002, 1), 0.014),
            (0.92, 0.90, 0.84): _up(rounded_box((0.148, 0.202, 0.022), 0.001, 1), 0.014, 0.003),
        },
        "notebook": {(0.14, 0.30, 0.42): _up(rounded_box((0.11, 0.16, 0.012), 0.003, 1), 0.006)},
        "cup": {(0.86, 0.66, 0.28): lathe(cup, 24)},
        "bottle": {
            (0.20, 0.44, 0.32): lathe(bottle, 24),
            (0.90, 0.88, 0.80): _up(lathe([(0.0326, 0.04), (0.0326, 0.10)], 24), 0.0),
            (0.75, 0.16, 0.12): lathe([(0.013, 0.195), (0.013, 0.215), (0.0, 0.215)], 16),
        },
        "crate": {
            (0.66, 0.52, 0.34): _up(rounded_box((0.16, 0.12, 0.10), 0.004, 1), 0.05),
            (0.40, 0.30, 0.20): joined([_up(rounded_box((0.163, 0.123, 0.012), 0.002, 1), z) for z in (0.02, 0.08)]),
        },
        "roll": {(0.80, 0.76, 0.68): lathe(roll, 28)},
    }
