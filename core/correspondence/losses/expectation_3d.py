"""The spatial expectation in 3-D: the expected depth counts beside the expected pixel.

Manuelli, Li, Florence, Tedrake 2020 (keypoints into the future): L1 of the expected depth is added; cells without a
measured depth are left out and the softmax is renormalised over the others. Section III-B of the 2019 paper has the
same expectation as DD-3D.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.correspondence.config import TrainingConfig
from core.correspondence.losses.batch import LossInfo, MatchBatch, masked_mean
from core.correspondence.losses.expectation import gaussian_error, kernel_softmax, pixel_error
from core.errors import InputError

INFO = LossInfo("expectation-3d", "Spatial expectation in 3-D", "Manuelli, Li, Florence, Tedrake 2020")
_SMALLEST_SHARE = 1e-4
"""Matches whose softmax lies less than this on cells of known depth have no expected depth."""


def build(config: TrainingConfig) -> Expectation3D:
    """The loss with the configuration's temperature and lambda."""
    return Expectation3D(config.temperature, config.expectation_lambda)


class Expectation3D:
    """Both directions, averaged. Parts: ``expectation`` ([-1, 1]^2), ``depth`` (metres), ``gaussian``."""

    def __init__(self, temperature: float, gaussian_weight: float) -> None:
        self._temperature = temperature
        self._weight = gaussian_weight

    def __call__(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]:
        parts = torch.stack([self._one_way(batch), self._one_way(batch.swapped())]).mean(dim=0)
        pixel, depth, shape = parts
        named = dict(zip(("expectation", "depth", "gaussian"), parts.detach().tolist(), strict=True))
        return pixel + depth + self._weight * shape, named

    def _one_way(self, batch: MatchBatch) -> Tensor:
        softmax = kernel_softmax(batch, self._temperature)
        return torch.stack([pixel_error(softmax, batch), depth_error(softmax, batch), gaussian_error(softmax, batch)])


def depth_error(softmax: Tensor, batch: MatchBatch) -> Tensor:
    """Mean L1 error of the expected depth in b, metres; InputError when the batch holds no depth."""
    if batch.depth_b is None or batch.depth_map_b is None:
        raise InputError(f"The loss '{INFO.name}' needs depth images; record with depth or choose another loss.")
    depths = batch.depth_map_b.flatten(1).unsqueeze(-1).to(softmax.dtype)
    share = (softmax @ (depths > 0).to(softmax.dtype)).squeeze(-1)
    known = batch.valid & (batch.depth_b > 0) & (share > _SMALLEST_SHARE)
    expected = (softmax @ depths).squeeze(-1) / share.clamp(min=_SMALLEST_SHARE)
    return masked_mean((expected - batch.depth_b).abs(), known)
