"""End to end: a shallow network is trained with the policy and by nothing else (paper, section V-A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.feature_points import EndToEndPoints

INFO = RepresentationInfo(
    "e2e",
    "End-to-end",
    6,
    "Feature points of a shallow network that is trained with the policy.",
    end_to_end=True,
)


def build(setup: Setup) -> EndToEndPoints:
    """Two coordinates for every point."""
    from core.representations.modules.feature_points import EndToEndPoints

    return EndToEndPoints(setup)
