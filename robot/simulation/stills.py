"""What stands still before a camera that stands still: drawn once, kept, and drawn over by what moves.

Table, room and the robot's base fill most of a picture and never change within an episode. So each picture of a fixed
camera draws only what moves, over a white sheet just under the table top. Where the drawing is nearer than the kept
background it is taken; elsewhere the sheet carries the contact shades, by which the background is darkened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import mujoco
import numpy as np
from numpy.typing import NDArray

from robot.description import COLLISION_GROUP, VISUAL_GROUP
from robot.simulation.scenery import TABLE_CENTRE, TABLE_SIZE
from robot.simulation.snapshot import Appearance

STILL_GROUP = 1
BACKDROP_GROUP = 4
_BACKDROP = "backdrop"
_DEPTH_BELOW_TABLE_M = 0.0005
_RIM_M = 0.005
_NEARLY = 0.002

Colours = NDArray[np.uint8]
Depths = NDArray[np.float32]
Draw = Callable[[frozenset[int]], tuple[Colours, Depths]]
"""Draws the geoms of some groups; colours and reversed depth buffer (0 far), both upside down as OpenGL has them."""


def add_backdrop(spec: mujoco.MjSpec) -> None:
    """The white sheet, in a group that no ordinary picture shows."""
    white = spec.add_material(name=_BACKDROP, emission=1.0, specular=0.0, rgba=(1, 1, 1, 1))
    spec.worldbody.add_geom(
        name=_BACKDROP,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(TABLE_SIZE[0] / 2 - _RIM_M, TABLE_SIZE[1] / 2 - _RIM_M, 0.0001),
        pos=(*TABLE_CENTRE, -_DEPTH_BELOW_TABLE_M - 0.0001),
        material=white.name,
        group=BACKDROP_GROUP,
        contype=0,
        conaffinity=0,
        mass=0,
    )


def sort_groups(model: mujoco.MjModel, moving_geoms: list[int]) -> None:
    """Give visible geoms of bodies that nothing moves a group of their own, ``moving_geoms`` excepted."""
    still = (model.body_weldid[model.geom_bodyid] == 0) & (model.geom_group != COLLISION_GROUP)
    still &= model.geom_group != BACKDROP_GROUP
    still[moving_geoms] = False
    model.geom_group[still] = STILL_GROUP


ALL = frozenset({0, STILL_GROUP, VISUAL_GROUP})
_STILL = frozenset({STILL_GROUP})
_MOVING = frozenset({0, VISUAL_GROUP, BACKDROP_GROUP})
_SHEET = frozenset({BACKDROP_GROUP})


@dataclass(frozen=True, slots=True, eq=False)
class _Background:
    colours: Colours
    depth: Depths
    unshaded: Colours
    """255 where no shade can fall: everything but the table top."""
    appearance: Appearance | None
    mocap: NDArray[np.float64]


class Stills:
    """The kept backgrounds of one renderer, by camera role."""

    def __init__(self) -> None:
        self._kept: dict[str, _Background] = {}

    def draw(
        self, role: str, draw: Draw, appearance: Appearance | None, mocap: NDArray[np.float64]
    ) -> tuple[Colours, Depths]:
        """A whole picture; the background is drawn anew when looks or mocap bodies have changed."""
        kept = self._kept.get(role)
        if kept is None or kept.appearance is not appearance or not np.array_equal(kept.mocap, mocap):
            kept = self._kept[role] = _background(draw, appearance, mocap)
        colours, depth = draw(_MOVING)
        nearer = np.greater(depth, kept.depth).view(np.uint8)
        result = np.asarray(cv2.multiply(kept.colours, colours, scale=1.0 / 255.0), dtype=np.uint8)
        cv2.copyTo(kept.colours, kept.unshaded, result)
        cv2.copyTo(colours, nearer, result)
        return result, np.maximum(depth, kept.depth)


def _background(draw: Draw, appearance: Appearance | None, mocap: NDArray[np.float64]) -> _Background:
    sheet = draw(_SHEET)[1].copy()
    colours, depth = draw(_STILL)
    table = (sheet > 0) & (np.abs(depth - sheet) <= _NEARLY * sheet)
    return _Background(colours.copy(), depth.copy(), np.where(table, 0, 255).astype(np.uint8), appearance, mocap.copy())
