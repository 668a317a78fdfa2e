"""Pixels of two views that show the same point, by reprojection with occlusion and field-of-view checks.

Paper, section IV-D: the views are synchronised, so what lies at a point in one lies there in the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.correspondence.config import TrainingConfig
from core.correspondence.views import ViewInfo, ViewSet, X_WC_of

Pixels = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """N pairs of pixels, ``(N, 2)`` each; those of the second view are sub-pixel."""

    uv_a: Pixels
    uv_b: Pixels


def match_views(
    views: ViewSet, first: int, second: int, count: int, config: TrainingConfig, rng: np.random.Generator
) -> Matches:
    """Up to ``count`` matches of pixels drawn from the first view's mask."""
    uv_a = draw_pixels(np.asarray(views.mask[first]), count, rng)
    if first == second or len(uv_a) == 0:
        return Matches(uv_a, uv_a)
    uv_b, seen = reproject(
        uv_a,
        np.asarray(views.depth[first]),
        views.index.views[first],
        np.asarray(views.depth[second]),
        views.index.views[second],
        config.occlusion_margin_m,
    )
    seen[seen] = holds(np.asarray(views.mask[second]), uv_b[seen])
    uv_a, uv_b = uv_a[seen], uv_b[seen]
    alike = photometric_distance(uv_a, views.rgb[first], uv_b, views.rgb[second]) <= config.photometric_limit
    return Matches(uv_a[alike], uv_b[alike])


def reproject(
    uv_a: Pixels,
    depth_a: NDArray[np.float32],
    a: ViewInfo,
    depth_b: NDArray[np.float32],
    b: ViewInfo,
    margin_m: float,
) -> tuple[Pixels, NDArray[np.bool_]]:
    """Where pixels ``(N, 2)`` of view a lie in view b, ``(N, 2)``, and which of them are seen there.

    Seen: both depths are known, the point is in b's field of view and not behind what b measured there by more than
    the margin. Depths ``(H, W)`` in metres, 0 unknown.
    """
    u, v = uv_a[:, 0].astype(np.int64), uv_a[:, 1].astype(np.int64)
    z_a = depth_a[v, u].astype(np.float64)
    points_W = X_WC_of(a) @ a.camera.pinhole.unproject(uv_a, z_a)
    uv_b, z_b = b.camera.pinhole.project(X_WC_of(b).inverse() @ points_W)
    seen = (z_a > 0) & (z_b > 0)
    height, width = depth_b.shape
    with np.errstate(invalid="ignore"):
        u_b, v_b = np.rint(np.nan_to_num(uv_b, nan=-1.0, posinf=-1.0, neginf=-1.0)).T.astype(np.int64)
    seen &= (u_b >= 0) & (u_b < width) & (v_b >= 0) & (v_b < height)
    measured = depth_b[np.clip(v_b, 0, height - 1), np.clip(u_b, 0, width - 1)]
    seen &= (measured > 0) & (np.abs(z_b - measured) < margin_m)
    return uv_b, seen


def photometric_distance(
    uv_a: Pixels, rgb_a: NDArray[np.uint8], uv_b: Pixels, rgb_b: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Squared difference of RGB normalised by ImageNet's deviation, summed over channels (PAPER.md, section 2)."""
    deviation = 255.0 * np.array([0.229, 0.224, 0.225])
    a = rgb_a[np.rint(uv_a[:, 1]).astype(np.int64), np.rint(uv_a[:, 0]).astype(np.int64)]
    b = rgb_b[np.rint(uv_b[:, 1]).astype(np.int64), np.rint(uv_b[:, 0]).astype(np.int64)]
    difference = (a.astype(np.float64) - b.astype(np.float64)) / deviation
    return np.asarray((difference**2).sum(axis=-1))


def draw_pixels(mask: Mask, count: int, rng: np.random.Generator) -> Pixels:
    """``count`` pixels ``(count, 2)`` of a mask, with repetition; none from an empty mask."""
    v, u = np.nonzero(mask)
    if len(u) == 0:
        return np.zeros((0, 2))
    drawn = rng.integers(len(u), size=count)
    return np.stack([u[drawn], v[drawn]], axis=-1).astype(np.float64)


def holds(mask: Mask, uv: NDArray[np.floating[Any]]) -> Mask:
    """Which pixels ``(N, 2)`` lie in the image and, to the nearest pixel, on the mask."""
    height, width = mask.shape
    nearest = np.rint(np.clip(uv, -2.0, max(height, width) + 2.0)).astype(np.int64)
    u, v = nearest.T
    within = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    within[within] = mask[v[within], u[within]]
    return np.asarray(within)
