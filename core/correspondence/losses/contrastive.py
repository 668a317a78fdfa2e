"""Pixelwise contrastive loss with hard-negative scaling.

Florence, Manuelli, Tedrake 2018 (Dense Object Nets), sections 3.1 and 3.2; Schmidt et al. 2017. Matches are drawn
together, non-matches apart up to a margin M::

    mean ||d_a - d_b||^2 over matches + 1 / N_hard * sum max(0, M - ||d_a - d_b||)^2 over non-matches

where N_hard counts the non-matches closer than M. Half of them lie on objects and half on the background of the paired
image, and further ones on the background of the other images of the batch, which never matches.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.correspondence.config import TrainingConfig
from core.correspondence.losses.batch import (
    APART_CELLS,
    LossInfo,
    MatchBatch,
    cell_centres,
    cells_of,
    descriptors_at,
    masked_mean,
    object_cells,
)

INFO = LossInfo("contrastive", "Pixelwise contrastive", "Florence, Manuelli, Tedrake 2018 (Dense Object Nets)", True)
_SMALLEST = 1e-12


def build(config: TrainingConfig) -> Contrastive:
    """The loss with the configuration's margin and number of non-matches."""
    return Contrastive(config.margin, config.non_matches)


class Contrastive:
    """Non-matches in both directions, pooled. Parts: ``match``, ``non_match``, ``hard`` (share of non-matches)."""

    def __init__(self, margin: float, non_matches: int) -> None:
        self._margin = margin
        self._non_matches = non_matches

    def __call__(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]:
        from_a = descriptors_at(batch.descriptors_a, batch.uv_a, batch.stride)
        from_b = descriptors_at(batch.descriptors_b, batch.uv_b, batch.stride)
        match = masked_mean((from_a - from_b).square().sum(-1), batch.valid)
        draws = torch.rand(*batch.valid.shape, 3, max(1, self._non_matches // 2), device=from_a.device)
        distance = torch.cat([self._distances(batch, from_a, draws), self._distances(batch.swapped(), from_b, draws)])
        non_match, share = self._hard(distance)
        parts = {"match": match, "non_match": non_match, "hard": share}
        return match + non_match, {name: float(part.detach()) for name, part in parts.items()}

    def apart(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]:
        """The same for pairs of images of different objects: here ``uv_a`` and ``uv_b`` show what must differ."""
        from_a = descriptors_at(batch.descriptors_a, batch.uv_a, batch.stride)
        from_b = descriptors_at(batch.descriptors_b, batch.uv_b, batch.stride)
        non_match, share = self._hard(_norm(from_a - from_b)[batch.valid])
        return non_match, {"non_match": float(non_match.detach()), "hard": float(share)}

    def _hard(self, distance: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss of the non-matches that are closer than the margin, and their share, of distances ``(K,)``."""
        short = (self._margin - distance).clamp(min=0.0)
        hard = (short > 0).sum()
        return short.square().sum() / hard.clamp(min=1), hard / max(1, distance.numel())

    def _distances(self, batch: MatchBatch, queries: Tensor, draws: Tensor) -> Tensor:
        """Distances ``(K,)`` of ``queries: (B, N, D)`` in a to non-matches in b; ``draws: (B, N, 3, K)`` in [0, 1)."""
        height, width = batch.descriptors_b.shape[-2:]
        keys = batch.descriptors_b.flatten(2).transpose(1, 2).flatten(0, 1)
        centres = cell_centres(height, width, batch.uv_b)
        truth = cells_of(batch.uv_b, batch.stride)
        found = []
        for k, candidates in enumerate(_candidates(object_cells(batch.mask_b, height, width))):
            valid = batch.valid[k]
            for cells, drawn, own in zip(candidates, draws[k, valid].unbind(1), (True, True, False), strict=True):
                if len(cells) == 0:
                    continue
                chosen = cells[(drawn * len(cells)).long().clamp(max=len(cells) - 1)]
                apart = _apart(centres[chosen % (height * width)], truth[k, valid]) if own else chosen >= 0
                difference = (queries[k, valid].unsqueeze(1) - keys[chosen])[apart]
                found.append(_norm(difference))
        return torch.cat(found) if found else queries.new_zeros(0)


def _norm(difference: Tensor) -> Tensor:
    """Length ``(...)`` of ``(..., D)``, with a gradient of zero where both are the same."""
    return difference.square().sum(-1).clamp(min=_SMALLEST).sqrt()


def _apart(cells: Tensor, truth: Tensor) -> Tensor:
    """Whether cells ``(N, K, 2)`` lie clearly apart from their match ``(N, 2)``."""
    return (cells - truth.unsqueeze(1)).square().sum(-1) > APART_CELLS**2


def _candidates(objects: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """For every image, numbers of cells in the whole batch: its objects', its background's, others' background's."""
    count, size = objects.shape
    numbers = torch.arange(count * size, device=objects.device).reshape(count, size)
    on = [numbers[k, objects[k]] for k in range(count)]
    off = [numbers[k, ~objects[k]] for k in range(count)]
    none = numbers.new_zeros(0)
    return [(on[k], off[k], torch.cat([none, *off[:k], *off[k + 1 :]])) for k in range(count)]
