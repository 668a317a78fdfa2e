"""Where a policy works: how far from its target every attempt ended, over where it began (paper, Figure 4)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.attempts.outcome import Outcome
from core.attempts.statistics import Score, score
from core.geometry import SE3, Array, wrapped, yaw_of
from core.messages import Floats, TargetError
from core.tasks import StartRange

_THRESHOLD = 1.2
_PER_M, _PER_RAD = 1.0 / 0.01, 1.0 / math.radians(5.0)
FARTHEST = -2.0
"""Signed distances end here, so that differences near the target can be seen (paper, Figure 4)."""


class Coordinate(StrEnum):
    """What of a start varies."""

    X = "x"
    Y = "y"
    HEADING = "heading"


COORDINATES = tuple(Coordinate)
UNITS = {Coordinate.X: "m", Coordinate.Y: "m", Coordinate.HEADING: "degrees"}
Plane = tuple[Coordinate, Coordinate]
"""What a picture shows across and upwards."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt as the picture needs it: ``start`` as ``start_of`` has it; ``error`` None where nobody knows it."""

    id: str
    start: Floats
    outcome: Outcome | None
    error: TargetError | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class WorkspaceMap:
    """The picture of one policy at one task. Starts are ``(N, 3)``: x, y (m), heading (degrees).

    ``hull``: corners ``(K, 2)`` of the convex hull of the training's starts in the plane, in order; none where fewer
    than three of them span no area.
    """

    starts: StartRange
    plane: Plane
    tried: tuple[Tried, ...]
    training: Array
    hull: Array
    inside: Score
    outside: Score

    def shown(self, points: Array) -> Array:
        """Points ``(N, 3)`` in the plane, ``(N, 2)``."""
        return points[:, [COORDINATES.index(each) for each in self.plane]]

    @property
    def tried_starts(self) -> Array:
        return np.array([each.start for each in self.tried]).reshape(-1, 3)

    @property
    def limits(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """From where to where the task's starts lie, across and upwards."""
        limits = limits_of(self.starts)
        across, up = (limits[COORDINATES.index(each)] for each in self.plane)
        return across, up


def limits_of(starts: StartRange) -> tuple[tuple[float, float], ...]:
    """Ends of x, y (m) and heading (degrees)."""
    low, high = starts.yaw_rad
    return starts.x_m, starts.y_m, (math.degrees(low), math.degrees(high))


def varying(starts: StartRange) -> tuple[Coordinate, ...]:
    """What differs from start to start."""
    return tuple(each for each, (low, high) in zip(COORDINATES, limits_of(starts), strict=True) if low < high)


def planes(starts: StartRange) -> tuple[Plane, ...]:
    """The pictures there are, the paper's first: heading and y where both vary."""
    found = varying(starts)
    every = ((Coordinate.HEADING, Coordinate.Y), (Coordinate.X, Coordinate.Y), (Coordinate.HEADING, Coordinate.X))
    return tuple(plane for plane in every if all(each in found for each in plane))


def start_of(poses: Mapping[str, Floats], starts: StartRange) -> Floats | None:
    """x, y (m) and heading (degrees) of the task's object at the start; None where nobody knows where it was."""
    if starts.object not in poses:
        return None
    X_WO = SE3.from_array(poses[starts.object])
    middle = sum(starts.yaw_rad) / 2
    heading = middle + wrapped(yaw_of(X_WO) - middle)
    return float(X_WO.p[0]), float(X_WO.p[1]), math.degrees(heading)


def signed_distance(error: TargetError) -> float:
    """0 at the target, down to ``FARTHEST``: min(0, 1.2 - (distance / 1 cm + angle / 5 deg)), the authors' rule."""
    far = error.distance_m * _PER_M + error.angle_rad * _PER_RAD
    return max(FARTHEST, min(0.0, _THRESHOLD - far))


def workspace_map(starts: StartRange, plane: Plane, tried: Sequence[Tried], training: Sequence[Floats]) -> WorkspaceMap:
    """The picture, and how often attempts succeed that began inside and outside of the training's hull."""
    points = np.array(training).reshape(-1, 3)
    picture = WorkspaceMap(starts, plane, tuple(tried), points, np.zeros((0, 2)), score(()), score(()))
    hull = hull_of(picture.shown(points))
    within = inside(picture.shown(picture.tried_starts), hull)
    return WorkspaceMap(starts, plane, tuple(tried), points, hull, _score(tried, within), _score(tried, ~within))


def _score(tried: Sequence[Tried], chosen: NDArray[np.bool_]) -> Score:
    return score(
        (each.outcome is Outcome.SUCCESS, each.duration_s)
        for each, is_chosen in zip(tried, chosen, strict=True)
        if is_chosen and each.outcome in (Outcome.SUCCESS, Outcome.FAILURE)
    )


def hull_of(points: Array) -> Array:
    """Corners ``(K, 2)`` of the convex hull of points ``(N, 2)``, in order; ``(0, 2)`` where they span no area."""
    from scipy.spatial import ConvexHull, QhullError

    if len(points) < 3:
        return np.zeros((0, 2))
    try:
        corners: Array = points[ConvexHull(points).vertices]
    except QhullError:
        return np.zeros((0, 2))
    return corners


def inside(points: Array, hull: Array) -> NDArray[np.bool_]:
    """Which points ``(N, 2)`` lie in a hull of ``hull_of``, its edge included."""
    if not len(hull):
        return np.zeros(len(points), dtype=np.bool_)
    edges = np.roll(hull, -1, axis=0) - hull
    away = points[:, None] - hull
    return np.asarray(np.all(edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0] >= -1e-12, axis=1))


_RAMP = ((165, 0, 38), (215, 48, 39), (253, 174, 97), (171, 217, 233), (69, 117, 180), (49, 54, 149))
"""Red, poor, to dark blue, perfect (ColorBrewer, RdYlBu)."""
UNKNOWN_COLOUR = (128, 128, 128)


def colour_of(error: TargetError | None) -> tuple[int, int, int]:
    """Red, green and blue of an attempt by its signed distance; grey where nobody knows it."""
    return UNKNOWN_COLOUR if error is None else _colour_at(round(signed_distance(error), 2))


@cache
def _colour_at(signed: float) -> tuple[int, int, int]:
    place = (1.0 - signed / FARTHEST) * (len(_RAMP) - 1)
    channels = (np.interp(place, range(len(_RAMP)), [stop[channel] for stop in _RAMP]) for channel in range(3))
    red, green, blue = (round(float(value)) for value in channels)
    return red, green, blue
