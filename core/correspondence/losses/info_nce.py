"""Symmetric InfoNCE over the cells of the other image, with the expectation's error added.

Van den Oord et al. 2018 (InfoNCE); Chen et al. 2020 (NT-Xent, temperature); the spatial expectation is that of the
paper's section III-B. Negatives are all cells of the paired image that lie clearly apart from the match, on objects
and on the background alike, and background cells of the other images of the batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.correspondence.config import TrainingConfig
from core.correspondence.losses.batch import (
    LossInfo,
    MatchBatch,
    cell_centres,
    cells_near,
    cells_of,
    descriptors_at,
    masked_mean,
    object_cells,
)

INFO = LossInfo("info-nce", "InfoNCE and expectation", "van den Oord et al. 2018; paper, section III-B", True)
_FOREIGN = 512


def build(config: TrainingConfig) -> InfoNCE:
    """The loss with the configuration's temperature and weights."""
    return InfoNCE(config.temperature, config.expectation_weight)


class InfoNCE:
    """Both directions, averaged. Parts: ``nce``, ``expectation`` (cells)."""

    def __init__(self, temperature: float, expectation_weight: float) -> None:
        self._temperature = temperature
        self._weight = expectation_weight

    def __call__(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]:
        forward, backward = self._one_way(batch), self._one_way(batch.swapped())
        nce = 0.5 * (forward[0] + backward[0])
        expectation = 0.5 * (forward[1] + backward[1])
        return nce + self._weight * expectation, {
            "nce": float(nce.detach()),
            "expectation": float(expectation.detach()),
        }

    def apart(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]:
        """For images of different objects: a pixel's positive is itself, its negatives are all cells of the other's."""
        pushed = 0.5 * (self._pushed(batch) + self._pushed(batch.swapped()))
        return pushed, {"apart": float(pushed.detach())}

    def _pushed(self, batch: MatchBatch) -> Tensor:
        height, width = batch.descriptors_b.shape[-2:]
        queries = descriptors_at(batch.descriptors_a, batch.uv_a, batch.stride)
        own = queries.square().sum(-1, keepdim=True)
        strange = queries @ batch.descriptors_b.flatten(2)
        strange = strange.masked_fill(~object_cells(batch.mask_b, height, width).unsqueeze(1), float("-inf"))
        every = torch.cat([own, strange], dim=-1) / self._temperature
        return masked_mean(torch.logsumexp(every, dim=-1) - every[..., 0], batch.valid)

    def _one_way(self, batch: MatchBatch) -> tuple[Tensor, Tensor]:
        height, width = batch.descriptors_b.shape[-2:]
        queries = descriptors_at(batch.descriptors_a, batch.uv_a, batch.stride) / self._temperature
        positives = descriptors_at(batch.descriptors_b, batch.uv_b, batch.stride)
        keys = batch.descriptors_b.flatten(2)
        logits = queries @ keys
        truth = cells_of(batch.uv_b, batch.stride)
        positive = (queries * positives).sum(-1)
        negatives = logits.masked_fill(cells_near(truth, height, width), float("-inf"))
        every = [positive, *(part.logsumexp(dim=-1) for part in (negatives, self._foreign(batch, queries)))]
        nce = masked_mean(torch.stack(every).logsumexp(dim=0) - positive, batch.valid)
        expected = torch.softmax(logits, dim=-1) @ cell_centres(height, width, truth)
        error = (expected - truth).abs().sum(-1) / max(height, width)
        return nce, masked_mean(error, batch.valid)

    def _foreign(self, batch: MatchBatch, queries: Tensor) -> Tensor:
        """Logits ``(B, N, M)`` against background cells of the other pairs' images."""
        count, dim, height, width = batch.descriptors_b.shape
        if count < 2:
            return queries.new_zeros((*queries.shape[:2], 0))
        chosen = torch.randint(height * width, (count, _FOREIGN // (count - 1)), device=queries.device)
        keys = batch.descriptors_b.flatten(2).gather(2, chosen.unsqueeze(1).expand(-1, dim, -1))
        free = ~object_cells(batch.mask_b, height, width).gather(1, chosen)
        found = []
        for k in range(count):
            others = [j for j in range(count) if j != k]
            logits = queries[k] @ torch.cat([keys[j] for j in others], dim=-1)
            found.append(logits.masked_fill(~torch.cat([free[j] for j in others]), float("-inf")))
        return torch.stack(found)
