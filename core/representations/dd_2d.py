"""Dense descriptors, 2-D: z is where each descriptor is expected in the image (paper, section III)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.policies.config import Mode
from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.dense import DenseDescriptors

INFO = RepresentationInfo(
    "dd-2d",
    "Dense descriptors, 2-D",
    8,
    "Where a set of learned descriptors is seen in one colour image.",
    descriptors=True,
    modes=tuple(Mode),
)


def build(setup: Setup) -> DenseDescriptors:
    """Two coordinates for every point."""
    from core.representations.modules.dense import DenseDescriptors

    return DenseDescriptors(setup, coordinates=2)
