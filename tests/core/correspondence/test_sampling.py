"""Crops against their coordinates: the views are painted with their own pixel numbers, so a warp can be read back."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core.correspondence.config import AugmentationConfig, TrainingConfig
from core.correspondence.crops import Crop, Pair, random_affine, vary_colour
from core.correspondence.sampling import PairSampler
from tests.core.correspondence.synthetic import HEIGHT, WIDTH, painted_table

SHIFT_PX = (12, 5)
PLAIN = AugmentationConfig(
    brightness=0.0,
    contrast=0.0,
    saturation=0.0,
    hue_deg=0.0,
    gamma=0.0,
    background_probability=0.0,
    occlusion_probability=0.0,
)


def sampler(same: float, crop: int = 96, augmentation: AugmentationConfig = PLAIN) -> PairSampler:
    """Of two views, the second moved by ``SHIFT_PX``; of the first alone when both images are always the same."""
    config = TrainingConfig(crop=crop, matches=128, same_camera_fraction=same, augmentation=augmentation)
    return PairSampler(painted_table([(0, 0), SHIFT_PX]), [0] if same == 1.0 else [0, 1], config)


def original(crop: Crop, uv: NDArray[np.float32]) -> NDArray[np.float64]:
    """Pixels of the view ``(N, 2)`` at pixels of the crop."""
    return uv @ crop.to_view[:, :2].T + crop.to_view[:, 2]


def paint(crop: Crop, uv: NDArray[np.float32]) -> NDArray[np.float64]:
    """The coordinates ``(N, 2)`` that the crop shows at its pixels, to the nearest pixel."""
    u, v = np.rint(uv).astype(np.int64).T
    return 255.0 * crop.rgb[v, u, :2].astype(np.float64)


def off_by(shown: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Differences ``(N, 2)`` in pixels once the cast of colour, one factor a channel, is taken out."""
    cast = (shown * expected).sum(axis=0) / (expected**2).sum(axis=0)
    assert (np.abs(np.log(cast)) < 0.11).all(), "more than a cast of colour"
    return np.asarray(shown / cast - expected)


def painted_at(crop: Crop, uv: NDArray[np.float32], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the view's paint says where the nearest pixel of the crop looks, the view being moved by ``shift``."""
    return original(crop, np.rint(uv).astype(np.float32)) + shift


def moved_by(pair: Pair) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By how much the cameras of both images are moved, known from where their matches are: zero or ``SHIFT_PX``."""
    between = np.rint((original(pair.a, pair.uv_a) - original(pair.b, pair.uv_b)).mean(axis=0))
    return np.maximum(-between, 0.0), np.maximum(between, 0.0)


@pytest.mark.parametrize("crop", [96, 0])
@pytest.mark.parametrize("same", [0.0, 1.0])
def test_the_paint_at_a_match_is_its_own_coordinate(same: float, crop: int) -> None:
    draw = sampler(same, crop)
    rng = np.random.default_rng(4)
    for _ in range(5):
        pair = draw.draw(rng)
        first = original(pair.a, pair.uv_a)
        np.testing.assert_allclose(first, np.rint(first), atol=1e-3, err_msg="matches are drawn at whole pixels")
        for side, uv, shift in zip((pair.a, pair.b), (pair.uv_a, pair.uv_b), moved_by(pair), strict=True):
            assert np.abs(off_by(paint(side, uv), painted_at(side, uv, shift))).max() < 0.75


def test_matches_of_two_views_show_the_same_place_of_the_table() -> None:
    draw, rng = sampler(same=0.0), np.random.default_rng(6)
    for _ in range(5):
        pair = draw.draw(rng)
        moved = original(pair.a, pair.uv_a) - original(pair.b, pair.uv_b)
        np.testing.assert_allclose(np.abs(moved), np.broadcast_to(SHIFT_PX, moved.shape), atol=1e-3)
        assert np.allclose(moved, moved[0], atol=1e-3)


def test_crops_have_the_wanted_size_and_every_match_is_in_both_and_on_the_object() -> None:
    for crop, shape in ((96, (96, 96)), (0, (HEIGHT, WIDTH))):
        pair = sampler(0.5, crop).draw(np.random.default_rng(0))
        assert 32 <= len(pair.uv_a) == len(pair.uv_b) <= 128
        for side, uv in ((pair.a, pair.uv_a), (pair.b, pair.uv_b)):
            assert side.rgb.shape == (*shape, 3)
            assert side.mask.shape == shape
            u, v = np.rint(uv).astype(np.int64).T
            assert side.mask[v, u].all()


def test_covering_and_new_backgrounds_leave_the_matches_as_they_are() -> None:
    augmentation = msgspec.structs.replace(PLAIN, background_probability=1.0, occlusion_probability=1.0)
    draw, rng = sampler(1.0, 0, augmentation), np.random.default_rng(2)
    for _ in range(5):
        pair = draw.draw(rng)
        expected = painted_at(pair.a, pair.uv_a, np.zeros(2))
        assert np.abs(off_by(paint(pair.a, pair.uv_a), expected)).max() < 0.75


def test_what_is_behind_the_object_changes_and_the_object_does_not() -> None:
    augmentation = msgspec.structs.replace(PLAIN, background_probability=1.0)
    plain = sampler(1.0, 0).draw(np.random.default_rng(9)).a
    behind = sampler(1.0, 0, augmentation).draw(np.random.default_rng(9)).a
    np.testing.assert_array_equal(plain.mask, behind.mask)
    np.testing.assert_allclose(plain.rgb[plain.mask], behind.rgb[plain.mask], atol=1e-5)
    assert float(np.abs(plain.rgb - behind.rgb)[~plain.mask].mean()) > 0.05


def test_the_affine_map_stays_in_its_limits_and_keeps_the_centre() -> None:
    config, rng = AugmentationConfig(any_rotation_probability=0.0), np.random.default_rng(0)
    centre = np.array([70.0, 40.0])
    for _ in range(200):
        to_view = random_affine((96, 64), centre, config, rng)
        np.testing.assert_allclose(to_view @ np.array([47.5, 31.5, 1.0]), centre, atol=1e-9)
        scale = 1.0 / math.sqrt(float(np.linalg.det(to_view[:, :2])))
        assert 0.8 - 1e-9 <= scale <= 1.2 + 1e-9
        assert abs(math.degrees(math.atan2(to_view[1, 0], to_view[0, 0]))) <= 30.0 + 1e-9


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_varied_colours_keep_shape_type_and_range(level: float) -> None:
    rng = np.random.default_rng(0)
    strong = AugmentationConfig(brightness=1.0, contrast=1.0, saturation=1.0, hue_deg=90.0, gamma=1.0)
    rgb = (level * rng.random((20, 30, 3))).astype(np.float32)
    before = rgb.copy()
    for config in [AugmentationConfig(), strong] * 10:
        varied = vary_colour(rgb, config, rng)
        assert varied.shape == rgb.shape
        assert varied.dtype == np.float32
        assert float(varied.min()) >= 0.0
        assert float(varied.max()) <= 1.0
        assert np.isfinite(varied).all()
    np.testing.assert_array_equal(rgb, before)


def test_the_same_seed_draws_the_same_pair_and_another_another() -> None:
    def arrays(pair: Pair) -> list[NDArray[np.generic]]:
        return [
            pair.uv_a,
            pair.uv_b,
            *(each for side in (pair.a, pair.b) for each in (side.rgb, side.mask, side.to_view)),
        ]

    full = AugmentationConfig(background_probability=0.5, occlusion_probability=0.5)
    draws = [sampler(0.5, 96, full).draw(np.random.default_rng(seed)) for seed in (7, 7, 8)]
    for first, second in zip(arrays(draws[0]), arrays(draws[1]), strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(draws[0].a.to_view, draws[2].a.to_view)
