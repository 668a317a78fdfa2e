"""The spatial expectation's error, with a Gaussian as the softmax's wanted shape.

Florence, Manuelli, Tedrake 2019, section III-B: the softmax of ``-||d - d_i||^2 / temperature`` over the cells of the
other image, whose expected pixel should be the match. The shape: Nibali et al. 2018 (numerical coordinate regression),
with the squared error between the softmax and a Gaussian of one cell's deviation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.correspondence.config import TrainingConfig
from core.correspondence.losses.batch import (
    LossInfo,
    MatchBatch,
    cell_centres,
    cells_of,
    descriptors_at,
    masked_mean,
)

INFO = LossInfo("expectation", "Spatial expectation", "Florence, Manuelli, Tedrake 2019, section III-B")


def build(config: TrainingConfig) -> Expectation:
    """The loss with the configuration's temperature and lambda."""
    return Expectation(config.temperature, config.expectation_lambda)


class Expectation:
    """Both directions, averaged. Parts: ``expectation`` (image is [-1, 1]^2), ``gaussian`` (before lambda)."""

    def __init__(self, temperature: float, gaussian_weight: float) -> None:
        self._temperature = temperature
        self._weight = gaussian_weight

    def __call__(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]:
        ways = (batch, batch.swapped())
        softmaxes = [kernel_softmax(way, self._temperature) for way in ways]
        error = torch.stack([pixel_error(s, way) for s, way in zip(softmaxes, ways, strict=True)]).mean()
        shape = torch.stack([gaussian_error(s, way) for s, way in zip(softmaxes, ways, strict=True)]).mean()
        return error + self._weight * shape, {"expectation": float(error.detach()), "gaussian": float(shape.detach())}


def kernel_softmax(batch: MatchBatch, temperature: float) -> Tensor:
    """Softmax ``(B, N, h w)`` over b's cells of ``-||d_a - d_i||^2 / temperature`` for every match in a.

    ``||d_a||^2`` is the same for all cells, so the softmax does not depend on it.
    """
    queries = descriptors_at(batch.descriptors_a, batch.uv_a, batch.stride)
    keys = batch.descriptors_b.flatten(2)
    logits = 2.0 * (queries @ keys) - keys.square().sum(dim=1, keepdim=True)
    return torch.softmax(logits / temperature, dim=-1)


def pixel_error(softmax: Tensor, batch: MatchBatch) -> Tensor:
    """Mean L1 error of the expected pixel in b, the image being [-1, 1]^2."""
    height, width = batch.descriptors_b.shape[-2:]
    expected = softmax @ cell_centres(height, width, softmax)
    cells = cells_of(batch.uv_b, batch.stride)
    per_cell = cells.new_tensor([2.0 / width, 2.0 / height])
    return masked_mean(((expected - cells) * per_cell).abs().sum(-1), batch.valid)


def gaussian_error(softmax: Tensor, batch: MatchBatch) -> Tensor:
    """Mean squared difference to a Gaussian around the match, one cell wide and of unit sum."""
    height, width = batch.descriptors_b.shape[-2:]
    cells = cells_of(batch.uv_b, batch.stride)
    offset = cells.unsqueeze(2) - cell_centres(height, width, cells)
    wanted = torch.softmax(-0.5 * offset.square().sum(-1), dim=-1)
    return masked_mean((softmax - wanted).square().mean(-1), batch.valid)
