"""Autoencoder, frozen: z is the encoding of an autoencoder that was trained before (paper, section V-A)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.feature_points import FrozenPoints

INFO = RepresentationInfo(
    "ae",
    "Autoencoder, frozen",
    3,
    "Feature points that an autoencoder learned from all images; the policy does not change them.",
)


def build(setup: Setup) -> FrozenPoints:
    """Two coordinates for every point."""
    from core.representations.modules.feature_points import FrozenPoints

    return FrozenPoints(setup, masked=False)
