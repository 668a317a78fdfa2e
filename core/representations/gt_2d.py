"""Ground truth: named points of the task's objects, projected into the camera (paper, section V-A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.object_points import GroundTruthPixels

INFO = RepresentationInfo(
    "gt-2d",
    "Ground-truth 2-D coordinates",
    2,
    "Points on the objects as the camera would see them, told by the simulator.",
    images=False,
    object_state=True,
)


def build(setup: Setup) -> GroundTruthPixels:
    """Centred coordinates, whether or not the points lie in the image."""
    from core.representations.modules.object_points import GroundTruthPixels

    return GroundTruthPixels(setup)
