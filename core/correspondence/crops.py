"""Crops of two images and the pixels that belong together in them, varied as training wants it.

One mechanism warps image, mask and coordinates: a crop is an affine map from its own pixels to those of the view.
Pixels are paired between the views and carried into the crops by its inverse, so nothing is ever resampled twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.correspondence.config import AugmentationConfig, TrainingConfig
from core.correspondence.matching import Matches, holds

FEWEST_MATCHES = 32
"""Pairs with fewer matches than this are drawn anew."""
Affine = NDArray[np.float64]
"""``(2, 3)``: pixels of a crop, homogeneous, to pixels of the view."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """``rgb: (H, W, 3) uint8``; ``mask: (H, W) bool``, objects seen in it; ``depth: (H, W) float32`` metres along the
    optical axis, 0 unknown. The two pictures of a pair may differ in size."""

    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    depth: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """``rgb: (S_h, S_w, 3) float32`` in [0, 1]; ``mask``: objects seen in it; ``depth: (S_h, S_w)`` metres along the
    view's optical axis, 0 unknown; ``to_view`` maps its pixels to those of the view."""

    rgb: NDArray[np.float32]
    mask: NDArray[np.bool_]
    depth: NDArray[np.float32]
    to_view: Affine


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two crops and N pixels ``uv_a, uv_b: (N, 2) float32`` in them: matches, or such as must differ."""

    a: Crop
    b: Crop
    uv_a: NDArray[np.float32]
    uv_b: NDArray[np.float32]
    matching: bool = True


class Cropper:
    """Cuts pairs of crops out of pictures. ``backdrop`` draws an image ``(H, W, 3)`` whose parts may stand behind."""

    def __init__(self, config: TrainingConfig, backdrop: Callable[[np.random.Generator], NDArray[np.uint8]]) -> None:
        self._config = config
        self._backdrop = backdrop

    def pair(
        self, first: Picture, second: Picture, pixels: Matches, rng: np.random.Generator, *, matching: bool = True
    ) -> Pair:
        """Both cropped around pixels of theirs, with at most ``config.matches`` of those that both crops show."""
        a, b = self._crop(first, pixels.uv_a, rng), self._crop(second, pixels.uv_b, rng)
        uv_a, uv_b = _into(a, pixels.uv_a), _into(b, pixels.uv_b)
        kept = np.flatnonzero(holds(a.mask, uv_a) & holds(b.mask, uv_b))
        if len(kept) > self._config.matches:
            kept = rng.choice(kept, self._config.matches, replace=False)
        return Pair(a, b, uv_a[kept], uv_b[kept], matching)

    def _crop(self, picture: Picture, around: NDArray[np.float64], rng: np.random.Generator) -> Crop:
        config, augmentation = self._config, self._config.augmentation
        rgb, mask = picture.rgb, picture.mask
        height, width = mask.shape
        size = (config.crop, config.crop) if config.crop else (width, height)
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        if config.crop and len(around):
            jitter = rng.uniform(-0.3, 0.3, 2) * config.crop
            centre = around[int(rng.integers(len(around)))] + jitter
        to_view = random_affine(size, centre, augmentation, rng)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped = cv2.warpAffine(rgb, to_view, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(mask.astype(np.uint8), to_view, size, flags=flags, borderValue=0).astype(np.bool_)
        depth = cv2.warpAffine(picture.depth, to_view, size, flags=flags, borderValue=0)
        coloured = vary_colour(warped.astype(np.float32) / 255.0, augmentation, rng)
        if rng.random() < augmentation.background_probability:
            coloured = self._replace_background(coloured, seen, rng)
        if rng.random() < augmentation.occlusion_probability:
            _occlude(coloured, seen, rng)
        return Crop(coloured, seen, np.where(seen, depth, 0).astype(np.float32), to_view)

    def _replace_background(
        self, rgb: NDArray[np.float32], mask: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Behind the objects: noise, a colour, or another part of another image without its objects."""
        kind = rng.random()
        height, width = mask.shape
        if kind < 0.5:
            behind = random_texture(height, width, rng)
        elif kind < 0.7:
            behind = np.broadcast_to(rng.random(3, dtype=np.float32), rgb.shape)
        else:
            other = self._backdrop(rng)
            v = int(rng.integers(0, max(1, other.shape[0] - height + 1)))
            u = int(rng.integers(0, max(1, other.shape[1] - width + 1)))
            cut = other[v : v + height, u : u + width]
            behind = cv2.flip(cut, int(rng.integers(-1, 2))).astype(np.float32) / 255.0
            behind = np.asarray(cv2.GaussianBlur(behind, (0, 0), float(rng.uniform(4.0, 12.0))), dtype=np.float32)
        grown = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        weight = cv2.GaussianBlur(grown, (3, 3), 0)[..., None]
        return np.asarray(weight * rgb + (1.0 - weight) * behind, dtype=np.float32)


def random_affine(
    size: tuple[int, int], centre: NDArray[np.float64], config: AugmentationConfig, rng: np.random.Generator
) -> Affine:
    """A crop of ``size`` (width, height) around a pixel of the view: rotated, scaled and sheared."""
    largest_deg = 180.0 if rng.random() < config.any_rotation_probability else config.rotation_deg
    angle = math.radians(rng.uniform(-largest_deg, largest_deg))
    scale = math.exp(rng.uniform(math.log(config.scale_low), math.log(config.scale_high)))
    shear = math.tan(math.radians(rng.uniform(-config.shear_deg, config.shear_deg)))
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    linear = rotation @ np.array([[1.0, shear], [0.0, 1.0]]) / scale
    middle = np.array([(size[0] - 1) / 2, (size[1] - 1) / 2])
    return np.concatenate([linear, (centre - linear @ middle)[:, None]], axis=1)


def vary_colour(rgb: NDArray[np.float32], config: AugmentationConfig, rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness, contrast, gamma, saturation, hue and a cast of colour."""

    def factor(spread: float) -> np.float32:
        return np.float32(math.exp(rng.uniform(-spread, spread)))

    value = rgb * factor(config.brightness)
    value = (value - value.mean()) * factor(config.contrast) + value.mean()
    grey = value @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    value = grey[..., None] + (value - grey[..., None]) * factor(config.saturation)
    value = value @ _hue_rotation(math.radians(rng.uniform(-config.hue_deg, config.hue_deg)))
    value *= np.exp(rng.uniform(-0.1, 0.1, 3)).astype(np.float32)
    value = np.clip(value, 0.0, 1.0) ** factor(config.gamma)
    return np.asarray(value, dtype=np.float32)


def _hue_rotation(angle: float) -> NDArray[np.float32]:
    """Rotation about the grey axis; for row vectors."""
    rotation, _ = cv2.Rodrigues(np.full(3, angle / math.sqrt(3.0)))
    return np.asarray(rotation, dtype=np.float32).T


def random_texture(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of a random grain, ``(height, width, 3)`` in [0, 1]."""
    grain = int(rng.choice([3, 6, 12, 24, 48]))
    small = rng.random((grain, grain, 3), dtype=np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).clip(0.0, 1.0))


def _occlude(rgb: NDArray[np.float32], mask: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Cover a part of the objects; what is covered is no longer seen."""
    v, u = np.nonzero(mask)
    if not len(v):
        return
    k = int(rng.integers(len(v)))
    half_u, half_v = (int(value) for value in rng.uniform(0.02, 0.12, 2) * rgb.shape[0])
    top, left = max(0, v[k] - half_v), max(0, u[k] - half_u)
    part = np.s_[top : v[k] + half_v + 1, left : u[k] + half_u + 1]
    shape = rgb[part].shape
    rgb[part] = random_texture(shape[0], shape[1], rng)
    mask[part] = False


def _into(crop: Crop, uv: NDArray[np.float64]) -> NDArray[np.float32]:
    """Pixels of the view to pixels of the crop, as they are kept: what is asked of them later is asked of the same."""
    linear, offset = crop.to_view[:, :2], crop.to_view[:, 2]
    return ((uv - offset) @ np.linalg.inv(linear).T).astype(np.float32)
