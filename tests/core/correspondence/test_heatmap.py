"""Heatmaps: the quick way gives what the plain way gives."""

import numpy as np
import pytest

from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import best_match, colour_map, distances, expectation, lifted, match, painted
from core.geometry import PinholeCamera

RNG = np.random.default_rng(3)


def image(dim: int = 16, height: int = 15, width: int = 20, scale: int = 8) -> DescriptorImage:
    coarse = RNG.standard_normal((height, width, dim)).astype(np.float32)
    return DescriptorImage.of(coarse, width * scale, height * scale)


@pytest.mark.parametrize("dim", [1, 3, 10, 16])
def test_distances_are_those_of_the_enlarged_descriptors(dim: int) -> None:
    described = image(dim)
    descriptor = RNG.standard_normal(dim).astype(np.float32)
    plain = np.linalg.norm(described.enlarged() - descriptor, axis=-1)
    np.testing.assert_allclose(distances(described, descriptor), plain, atol=2e-3)


def test_the_best_match_is_the_pixel_of_the_plain_way() -> None:
    described = image()
    for _ in range(50):
        descriptor = RNG.standard_normal(16).astype(np.float32)
        plain = np.linalg.norm(described.enlarged() - descriptor, axis=-1)
        v, u = np.unravel_index(plain.argmin(), plain.shape)
        assert best_match(described, descriptor, distances(described, descriptor)) == (u, v)


def test_a_descriptor_of_the_image_itself_is_found_where_it_was_taken() -> None:
    described = image(height=30, width=40, scale=4)
    for uv in ((80.0, 60.0), (10.0, 100.0), (151.0, 7.0)):
        found, heat = match(described, described.at(np.array([uv]))[0])
        assert (found.u, found.v) == uv
        assert found.distance == pytest.approx(0.0, abs=2e-3)
        assert heat[found.v, found.u] == heat.max() == pytest.approx(1.0, abs=0.01)


def test_descriptors_between_pixels_are_those_of_the_enlargement() -> None:
    described = image()
    full = described.enlarged()
    uv = np.array([[0.0, 0.0], [33.0, 20.0], [159.0, 119.0]])
    expected = full[uv[:, 1].astype(int), uv[:, 0].astype(int)]
    np.testing.assert_allclose(described.at(uv), expected, atol=1e-4)


def test_a_sharp_match_is_more_confident_than_a_flat_one() -> None:
    flat = DescriptorImage.of(np.ones((15, 20, 2), np.float32), 160, 120)
    peaked = np.ones((15, 20, 2), np.float32) * 3
    peaked[7, 10] = 0
    sharp, _ = match(DescriptorImage.of(peaked, 160, 120), np.zeros(2, np.float32))
    dull, _ = match(flat, np.zeros(2, np.float32))
    assert sharp.confidence > 0.9 > 0.2 > dull.confidence
    assert sharp.spread_px < 10 < dull.spread_px


def test_the_expectation_of_two_equal_peaks_lies_between_them() -> None:
    coarse = np.full((9, 9, 1), 30.0, np.float32)
    coarse[4, 2] = coarse[4, 6] = 0.0
    expected = expectation(DescriptorImage.of(coarse, 72, 72), np.zeros(1, np.float32), 1.0)
    np.testing.assert_allclose(expected, [(4 + 0.5) * 8 - 0.5] * 2, atol=1e-3)


def test_painting_blends_the_colour_map_with_the_image() -> None:
    rgb = np.full((4, 4, 3), 200, np.uint8)
    heat = np.zeros((4, 4), np.float32)
    colours = colour_map("jet")
    assert colours.shape == (256, 3)
    expected = np.rint(0.7 * colours[0].astype(float) + 0.3 * 200)
    np.testing.assert_allclose(painted(rgb, heat, colours), np.broadcast_to(expected, (4, 4, 3)), atol=1)


def test_a_pixel_is_lifted_by_the_valid_depths_around_it() -> None:
    camera = PinholeCamera(8, 8, 10.0, 10.0, 3.5, 3.5)
    depth = np.zeros((8, 8), np.float32)
    assert lifted(np.array([3.0, 3.0]), depth, camera) is None
    depth[4, 4] = 2.0
    np.testing.assert_allclose(lifted(np.array([3.5, 3.5]), depth, camera), [0.0, 0.0, 2.0])
