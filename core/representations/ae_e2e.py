"""Autoencoder, then end to end: its encoder is trained on with the policy (paper, section V-B)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.feature_points import AutoencodedPoints

INFO = RepresentationInfo(
    "ae-e2e",
    "Autoencoder, then end-to-end",
    5,
    "Feature points that begin as an autoencoder's and are trained on with the policy.",
    end_to_end=True,
)


def build(setup: Setup) -> AutoencodedPoints:
    """Two coordinates for every point."""
    from core.representations.modules.feature_points import AutoencodedPoints

    return AutoencodedPoints(setup)
