"""The shallow network under the end-to-end and the autoencoder baselines (paper, appendix).

Three convolutions as in Levine et al. 2016 and Finn et al. 2016: 7x7 with 64 channels at stride 2, 5x5 with 32, 5x5
with one channel a feature point. Borders are padded, so that a cell of the maps lies where its pixels lie.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

Built = TypeVar("Built")
WIDTH, HEIGHT = 320, 240
"""Pixels at which images enter: the paper's full-width image."""


class SpatialEncoder(nn.Module):
    """Images ``(N, 3, H, W)`` float in [0, 1] to logits ``(N, points, H / 2, W / 2)`` of where each feature point is.

    Weights are drawn as He et al. 2015 have it: drawn smaller, the softmax over a whole image is so flat that all
    points begin in its middle.
    """

    def __init__(self, points: int) -> None:
        super().__init__()
        self.points = points
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3),
            nn.ReLU(inplace=True),
            nn.Conv2d(64, 32, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.Conv2d(32, points, 5, padding=2),
        )
        for layer in self.layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(2.0 * images - 1.0)
        return logits


def seeded(seed: int, build: Callable[[], Built]) -> Built:
    """What ``build`` draws from torch's generator at that seed; the generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return build()
