"""Descriptors as colours: the same descriptor has the same colour in all images that are shown together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.correspondence.descriptors import DescriptorImage

_PERCENT = 1.0


def descriptor_colours(
    images: Sequence[DescriptorImage], masks: Sequence[NDArray[np.bool_] | None] | None = None
) -> list[NDArray[np.uint8]]:
    """Coarse colour images ``(h, w, 3) uint8``, one for each.

    Three dimensions are scaled by the minimum and maximum over all images (the authors' viewer); more are first
    projected on their three principal components over all images. With masks, ranges and components are those of the
    masked cells and the rest is grey.
    """
    if not images:
        return []
    cells = [_cells(image, masks[k] if masks is not None else None) for k, image in enumerate(images)]
    wanted = [image.map.reshape(-1, image.dim)[inside] for image, inside in zip(images, cells, strict=True)]
    together = np.concatenate(wanted) if sum(map(len, wanted)) >= 4 else np.concatenate([_all(i) for i in images])
    mean, axes = _axes(together)
    projected = (together - mean) @ axes
    low, high = np.percentile(projected, (_PERCENT, 100.0 - _PERCENT), axis=0)
    span = np.maximum(high - low, 1e-6)
    found = []
    for image, inside in zip(images, cells, strict=True):
        share = np.clip(((_all(image) - mean) @ axes - low) / span, 0.0, 1.0)
        share[~inside] = 0.12
        found.append((share * 255.0).astype(np.uint8).reshape(*image.map.shape[:2], 3))
    return found


def _all(image: DescriptorImage) -> NDArray[np.float32]:
    return image.map.reshape(-1, image.dim)


def _cells(image: DescriptorImage, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """Which cells of the map are shown, ``(h * w,)``: those whose centre lies on the mask."""
    height, width = image.map.shape[:2]
    if mask is None:
        return np.ones(height * width, dtype=np.bool_)
    v = ((np.arange(height) + 0.5) * image.height / height).astype(np.int64)
    u = ((np.arange(width) + 0.5) * image.width / width).astype(np.int64)
    return np.asarray(mask[v[:, None], u[None, :]]).ravel()


def _axes(cells: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean ``(D,)`` and three axes ``(D, 3)``; three dimensions are kept as they are, fewer are repeated."""
    dim = cells.shape[1]
    if dim <= 3:
        return np.zeros(dim, np.float32), np.eye(dim, 3, dtype=np.float32)
    mean = cells.mean(axis=0)
    centred = cells - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :3]
    signs = np.where(axes[np.abs(axes).argmax(axis=0), np.arange(3)] < 0, -1.0, 1.0)
    return mean, (axes * signs).astype(np.float32)
