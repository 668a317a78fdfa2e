"""Poses of objects for the representations that are told them. Privileged: gt-* only (docs: ARCHITECTURE, Truth)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.episodes.truth import read_truth
from core.errors import InputError
from core.geometry import SE3, Array
from core.representations.representation import Setup, View


def object_poses(path: Path, stamps_ns: NDArray[np.int64]) -> list[dict[str, SE3]]:
    """``X_WO`` by name at each stamp, or at the next tick after it. EpisodeFileError when the episode has none."""
    found = read_truth(path)
    rows = np.searchsorted(found["stamp_ns"], stamps_ns).clip(max=len(found["stamp_ns"]) - 1).tolist()
    names = [name for name in found if name != "stamp_ns"]
    return [{name: SE3.from_array(found[name][row]) for name in names} for row in rows]


def points_W(setup: Setup, view: View) -> Array:
    """The named points of the task's objects, ``(P, 3)`` metres in W. InputError when an object is not there."""
    if not setup.object_points:
        raise InputError("This task names no points of its objects; choose a representation that sees images.")
    poses = view.X_WO or {}
    missing = [name for name in setup.object_points if name not in poses]
    if missing:
        raise InputError(f"Nobody knows where {missing[0]} is; ground-truth policies need the simulator of their task.")
    return np.concatenate([poses[name] @ np.asarray(points) for name, points in setup.object_points.items()])
