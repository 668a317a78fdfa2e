"""End to end with the descriptor network's own backbone (paper, section V-B)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.resnet_points import ResNetPoints

INFO = RepresentationInfo(
    "e2e-34",
    "End-to-end, 34-layer ResNet",
    7,
    "Feature points of a deep network that is trained with the policy; meant for a GPU.",
    end_to_end=True,
)


def build(setup: Setup) -> ResNetPoints:
    """Two coordinates for every point."""
    from core.representations.modules.resnet_points import ResNetPoints

    return ResNetPoints(setup)
