"""Autoencoder with mask, frozen: only what shows objects has to be reconstructed (paper, section V-B)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.representations.representation import RepresentationInfo, Setup

if TYPE_CHECKING:
    from core.representations.modules.feature_points import FrozenPoints

INFO = RepresentationInfo(
    "ae-mask",
    "Autoencoder with mask, frozen",
    4,
    "Feature points of an autoencoder that had to reconstruct only the objects.",
)


def build(setup: Setup) -> FrozenPoints:
    """Two coordinates for every point."""
    from core.representations.modules.feature_points import FrozenPoints

    return FrozenPoints(setup, masked=True)
