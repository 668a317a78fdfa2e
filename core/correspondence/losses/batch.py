"""What every loss gets, and what several of them need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

APART_CELLS = 2.0
"""Cells nearer to a match than this are neither match nor non-match."""


@dataclass(frozen=True, slots=True)
class LossInfo:
    """A loss by name, and where it is from. ``pushes_apart``: it is a ``PushingLoss``."""

    name: str
    title: str
    source: str
    pushes_apart: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MatchBatch:
    """B pairs of images with N matches each.

    ``descriptors_a, _b``: (B, D, h, w); ``uv_a, uv_b``: (B, N, 2) pixels of the images, which are ``stride`` times as
    large as the maps; ``valid``: (B, N) bool, False where a pair had fewer matches; ``mask_a, mask_b``: (B, H, W) bool,
    objects seen in the images.

    For losses in 3-D, depths along the optical axis in metres, 0 unknown: ``depth_a, depth_b``: (B, N) at the matches,
    ``depth_map_a, depth_map_b``: (B, h, w) at the cells of the maps. None where nobody measured depth.
    """

    descriptors_a: Tensor
    descriptors_b: Tensor
    uv_a: Tensor
    uv_b: Tensor
    valid: Tensor
    mask_a: Tensor
    mask_b: Tensor
    stride: int
    depth_a: Tensor | None = None
    depth_b: Tensor | None = None
    depth_map_a: Tensor | None = None
    depth_map_b: Tensor | None = None

    def swapped(self) -> MatchBatch:
        """The same with a and b exchanged."""
        return MatchBatch(
            self.descriptors_b,
            self.descriptors_a,
            self.uv_b,
            self.uv_a,
            self.valid,
            self.mask_b,
            self.mask_a,
            self.stride,
            self.depth_b,
            self.depth_a,
            self.depth_map_b,
            self.depth_map_a,
        )


class CorrespondenceLoss(Protocol):
    """A batch to a scalar and its parts by name."""

    def __call__(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]: ...


class PushingLoss(CorrespondenceLoss, Protocol):
    """A loss that also learns from pairs of images that share no object."""

    def apart(self, batch: MatchBatch) -> tuple[Tensor, dict[str, float]]:
        """The same for images of different objects: here ``uv_a`` and ``uv_b`` show what must differ."""


def descriptors_at(descriptors: Tensor, uv: Tensor, stride: int) -> Tensor:
    """Bilinear descriptors ``(B, N, D)`` of pixels ``uv: (B, N, 2)`` from maps ``(B, D, h, w)``."""
    height, width = descriptors.shape[-2:]
    size = uv.new_tensor([width * stride, height * stride])
    grid = (2.0 * (uv + 0.5) / size - 1.0).unsqueeze(1)
    sampled = functional.grid_sample(descriptors, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return sampled.squeeze(2).transpose(1, 2)


def cells_of(uv: Tensor, stride: int) -> Tensor:
    """Pixels ``(..., 2)`` to coordinates of the map's cells."""
    return (uv + 0.5) / stride - 0.5


def cell_centres(height: int, width: int, like: Tensor) -> Tensor:
    """Coordinates ``(h w, 2)`` of all cells, column first, rows one after the other; dtype and device as ``like``."""
    rows, columns = torch.meshgrid(
        torch.arange(height, device=like.device), torch.arange(width, device=like.device), indexing="ij"
    )
    return torch.stack([columns.reshape(-1), rows.reshape(-1)], dim=-1).to(like.dtype)


def cells_near(truth: Tensor, height: int, width: int) -> Tensor:
    """Cells ``(B, N, h w)`` bool that are neither match nor non-match of matches at cells ``truth: (B, N, 2)``."""
    away_u = torch.arange(width, device=truth.device) - truth[..., :1]
    away_v = torch.arange(height, device=truth.device) - truth[..., 1:]
    return (away_v.square().unsqueeze(-1) + away_u.square().unsqueeze(-2) <= APART_CELLS**2).flatten(2)


def object_cells(mask: Tensor, height: int, width: int) -> Tensor:
    """Cells ``(B, h w)`` bool that show any part of an object, from masks ``(B, H, W)`` of the images."""
    return functional.adaptive_max_pool2d(mask.float().unsqueeze(1), (height, width)).flatten(1) > 0


def masked_mean(values: Tensor, valid: Tensor) -> Tensor:
    """Mean of the valid entries; zero when there is none."""
    weight = valid.to(values.dtype)
    return (values * weight).sum() / weight.sum().clamp(min=1.0)
