"""The one heatmap: where in an image a descriptor corresponds, whoever asks (paper, section III-A and Figures 5, 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.correspondence.descriptors import DescriptorImage, enlarge
from core.geometry import PinholeCamera

Floats = NDArray[np.float32]
KERNEL_WIDTH = 0.25
"""The authors' viewer shows exp(-d / 0.25)."""
_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class Match:
    """The best match of a descriptor in an image.

    ``u, v``: pixel; ``distance``: of the descriptors; ``confidence``: share of the kernel's mass within ``NEAR_PX``
    of the best match, in [0, 1]; ``spread_px``: standard deviation of the kernel about its mean.
    """

    u: int
    v: int
    distance: float
    confidence: float
    spread_px: float


NEAR_PX = 12


def distances(image: DescriptorImage, descriptor: Floats) -> Floats:
    """Distance ``(H, W)`` of every pixel's descriptor to ``descriptor: (D,)``.

    ``|d - d_i|^2 = |d_i|^2 + |d|^2 - 2 d . d_i``, where the product is taken on the coarse map and enlarged.
    """
    products = enlarge(image.map @ descriptor, image.width, image.height)
    squared = image.norms - np.float32(2.0) * products
    squared += np.float32(descriptor @ descriptor)
    np.maximum(squared, 0.0, out=squared)
    return np.sqrt(squared, out=squared)


def best_match(image: DescriptorImage, descriptor: Floats, found: Floats) -> tuple[int, int]:
    """The pixel u, v of the smallest distance in ``found = distances(...)``; near ties are decided exactly."""
    flat = found.ravel()
    k = int(flat.argmin())
    near = np.flatnonzero(flat <= flat[k] + np.float32(1e-4) * (1.0 + flat[k]))
    if 1 < len(near) <= _CANDIDATES:
        v, u = np.divmod(near, image.width)
        exact = np.linalg.norm(image.at(np.stack([u, v], axis=-1).astype(np.float64)) - descriptor, axis=-1)
        k = int(near[int(exact.argmin())])
    return k % image.width, k // image.width


def best_matches(image: DescriptorImage, descriptors: Floats) -> NDArray[np.float64]:
    """The best match of each of ``descriptors: (N, D)``, pixels ``(N, 2)``."""
    found = [best_match(image, descriptor, distances(image, descriptor)) for descriptor in descriptors]
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def kernel(found: Floats, width: float = KERNEL_WIDTH) -> Floats:
    """``exp(-d / width)`` of distances ``(H, W)``, in (0, 1]."""
    return np.asarray(np.exp(found * np.float32(-1.0 / width)))


def match(image: DescriptorImage, descriptor: Floats, width: float = KERNEL_WIDTH) -> tuple[Match, Floats]:
    """The best match and the heatmap ``(H, W)`` in [0, 1]."""
    found = distances(image, descriptor)
    u, v = best_match(image, descriptor, found)
    heat = kernel(found, width)
    return Match(u, v, float(found[v, u]), *_shape(heat, u, v)), heat


def _shape(heat: Floats, u: int, v: int) -> tuple[float, float]:
    """Confidence and spread, from every fourth pixel: they are looked at, not computed with."""
    step = 4
    coarse = heat[::step, ::step].astype(np.float64) ** 4
    rows, columns = np.arange(coarse.shape[0]) * step, np.arange(coarse.shape[1]) * step
    total = float(coarse.sum()) + 1e-12
    along_u, along_v = coarse.sum(axis=0), coarse.sum(axis=1)
    mean_u, mean_v = float(along_u @ columns) / total, float(along_v @ rows) / total
    variance = float(along_u @ (columns - mean_u) ** 2 + along_v @ (rows - mean_v) ** 2) / total
    near = np.abs(rows - v)[:, None] ** 2 + np.abs(columns - u)[None, :] ** 2 <= NEAR_PX**2
    return float(coarse[near].sum()) / total, float(np.sqrt(variance))


def coarse_squared(image: DescriptorImage, descriptors: Floats) -> Floats:
    """Squared distances ``(h w, N)`` of the map's cells to descriptors ``(N, D)``, without the descriptors' own."""
    cells = image.map.reshape(-1, image.map.shape[-1])
    return np.asarray((cells * cells).sum(axis=1)[:, None] - 2.0 * cells @ descriptors.T)


def confidences(image: DescriptorImage, descriptors: Floats) -> NDArray[np.float64]:
    """The confidence of ``match`` for many descriptors ``(N, D)`` at once, ``(N,)``, from the coarse map."""
    height, width = image.map.shape[:2]
    distance = np.sqrt(np.maximum(coarse_squared(image, descriptors) + (descriptors**2).sum(axis=1), 0.0))
    weight = np.exp(-4.0 * (distance - distance.min(axis=0)) / KERNEL_WIDTH)
    best_row, best_column = np.divmod(distance.argmin(axis=0), width)
    rows, columns = np.divmod(np.arange(height * width), width)
    away_u = (columns[:, None] - best_column) * (image.width / width)
    away_v = (rows[:, None] - best_row) * (image.height / height)
    near = away_u**2 + away_v**2 <= NEAR_PX**2
    return np.asarray((weight * near).sum(axis=0) / (weight.sum(axis=0) + 1e-12), dtype=np.float64)


def painted(rgb: NDArray[np.uint8], heat: Floats, colours: NDArray[np.uint8], blend: float = 0.7) -> NDArray[np.uint8]:
    """The heatmap over its image: ``blend`` of the colour map ``(256, 3) uint8``, the rest of the image."""
    levels = (heat * np.float32(255.0)).astype(np.uint8)
    table = np.ascontiguousarray(colours[:, ::-1]).reshape(256, 1, 3)
    coloured = cv2.applyColorMap(levels, table)
    return np.asarray(cv2.addWeighted(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), blend, rgb, 1.0 - blend, 0.0))


def colour_map(name: str) -> NDArray[np.uint8]:
    """A colour map ``(256, 3) uint8`` RGB by its name in OpenCV: jet, viridis, turbo, inferno, ..."""
    code = getattr(cv2, f"COLORMAP_{name.upper()}")
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8).reshape(256, 1), code)
    return np.ascontiguousarray(ramp.reshape(256, 3)[:, ::-1])


def expectation(image: DescriptorImage, descriptor: Floats, temperature: float) -> NDArray[np.float64]:
    """Spatial expectation ``(u, v)``: softmax over the map's cells of ``-|d - d_i|^2 / temperature``."""
    difference = image.map - descriptor
    logits = -np.einsum("hwd,hwd->hw", difference, difference) / temperature
    weight = np.exp(logits - logits.max())
    weight /= weight.sum()
    height, width = weight.shape
    x, y = weight.sum(axis=0) @ np.arange(width), weight.sum(axis=1) @ np.arange(height)
    return np.array([(x + 0.5) * image.width / width - 0.5, (y + 0.5) * image.height / height - 0.5])


def lifted(
    uv: NDArray[np.float64], depth: NDArray[Any], camera: PinholeCamera, scale_m: float = 1.0
) -> NDArray[np.float64] | None:
    """The point ``(3,)`` in C at a pixel, from the median of the valid depths around it; None without one.

    ``depth: (H, W)`` in units of ``scale_m``; only what lies around the pixel is looked at.
    """
    u, v = round(float(uv[0])), round(float(uv[1]))
    around = depth[max(0, v - 2) : v + 3, max(0, u - 2) : u + 3]
    valid = around[around > 0]
    return None if valid.size == 0 else camera.unproject(np.asarray(uv), np.asarray(np.median(valid) * scale_m))
