"""Dense descriptors, 3-D: the expected pixel of each descriptor, lifted by the camera's depth (paper, section V-A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.policies.config import Mode
from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.dense_3d import DenseDescriptors3D

INFO = RepresentationInfo(
    "dd-3d",
    "Dense descriptors, 3-D (RGBD)",
    9,
    "Where a set of learned descriptors is seen, in three dimensions by the same camera's depth.",
    depth=True,
    descriptors=True,
    modes=tuple(Mode),
)


def build(setup: Setup) -> DenseDescriptors3D:
    """Three coordinates for every point, metres in the camera's frame."""
    from core.representations.modules.dense_3d import DenseDescriptors3D

    return DenseDescriptors3D(setup)
