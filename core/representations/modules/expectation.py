"""The spatial expectation: where in an image a heatmap's mass lies (paper, section III-A; Levine et al. 2016).

Image coordinates are centred: x to the right and y down, the whole image being [-1, 1]^2, so that they do not depend
on its size.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.geometry import Array


def spatial_softmax(logits: Tensor) -> Tensor:
    """Softmax over the cells of maps ``(N, P, h, w)``."""
    return torch.softmax(logits.flatten(2), dim=-1).view_as(logits)


def expected(softmax: Tensor) -> Tensor:
    """Expected centred coordinates ``(N, P, 2)`` of maps ``(N, P, h, w)`` that sum to one."""
    height, width = softmax.shape[-2:]
    x, y = cell_axis(width, softmax), cell_axis(height, softmax)
    return torch.stack([(softmax.sum(-2) * x).sum(-1), (softmax.sum(-1) * y).sum(-1)], dim=-1)


def deviations(softmax: Tensor) -> Tensor:
    """Standard deviations along x and y ``(N, P, 2)``, in centred coordinates, of maps ``(N, P, h, w)``."""
    height, width = softmax.shape[-2:]
    x, y = cell_axis(width, softmax), cell_axis(height, softmax)
    squares = torch.stack([(softmax.sum(-2) * x.square()).sum(-1), (softmax.sum(-1) * y.square()).sum(-1)], dim=-1)
    return (squares - expected(softmax).square()).clamp(min=0.0).sqrt()


def cell_axis(count: int, like: Tensor) -> Tensor:
    """Centred coordinates ``(count,)`` of the middles of cells along an axis."""
    return (torch.arange(count, dtype=like.dtype, device=like.device) + 0.5) * (2.0 / count) - 1.0


def descriptor_logits(maps: Tensor, descriptors: Tensor, temperature: float) -> Tensor:
    """``-||d - d_i||^2 / temperature`` for every cell of ``maps: (N, D, h, w)``, ``(N, P, h, w)``.

    The squared length of the descriptors ``(P, D)`` is the same for all cells and left out.
    """
    product = torch.einsum("ndhw,pd->nphw", maps, descriptors)
    return (2.0 * product - maps.square().sum(1, keepdim=True)) / temperature


def window(logits: Tensor, cells: float) -> Tensor:
    """What to take off ``logits: (N, P, h, w)`` so that only heat near each map's best match counts.

    The squared distance to the best cell over twice ``cells`` squared: the logarithm of a Gaussian. Heat that is spread
    thinly over a large background would pull the expectation towards the middle of the image.
    """
    height, width = logits.shape[-2:]
    best = logits.detach().flatten(2).argmax(-1)
    x = torch.arange(width, dtype=logits.dtype, device=logits.device) - (best % width).unsqueeze(-1)
    y = torch.arange(height, dtype=logits.dtype, device=logits.device) - (best // width).unsqueeze(-1)
    return (y.square().unsqueeze(-1) + x.square().unsqueeze(-2)) / (2.0 * cells**2)


def centred(uv: NDArray[np.float64], width: int, height: int) -> Array:
    """Centred coordinates of pixels u, v of an image."""
    return np.asarray((uv + 0.5) * (2.0 / np.array([width, height])) - 1.0)


def pixels(xy: NDArray[np.floating], width: int, height: int) -> Array:
    """Pixels u, v of centred coordinates."""
    return np.asarray((xy.astype(np.float64) + 1.0) * (0.5 * np.array([width, height])) - 0.5)
