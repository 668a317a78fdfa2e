"""Ground truth: named points of the task's objects in W (paper, section V-A). An upper bound, never for images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.object_points import GroundTruthPoints

INFO = RepresentationInfo(
    "gt-3d",
    "Ground-truth 3-D points",
    1,
    "Points on the objects, told by the simulator in three dimensions: the upper bound.",
    camera=False,
    images=False,
    object_state=True,
)


def build(setup: Setup) -> GroundTruthPoints:
    """Points in W, metres."""
    from core.representations.modules.object_points import GroundTruthPoints

    return GroundTruthPoints(setup)
