"""Reprojection against closed forms: a plane 1 m away, something before it, out of view, depth unknown."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core.correspondence.config import TrainingConfig
from core.correspondence.matching import holds, match_views, photometric_distance, reproject
from core.correspondence.views import ViewInfo
from core.geometry import SE3
from tests.core.correspondence.synthetic import CAMERA, FOCAL_PX, HEIGHT, WIDTH, painted_table, view

CENTRE = np.array([CAMERA.cx, CAMERA.cy])
MARGIN_M = 0.006
FIRST = view(SE3.identity())


def plane(depth_m: float = 1.0) -> NDArray[np.float32]:
    return np.full((HEIGHT, WIDTH), depth_m, dtype=np.float32)


def some_pixels(count: int = 200) -> NDArray[np.float64]:
    return np.random.default_rng(0).integers(0, (WIDTH, HEIGHT), (count, 2)).astype(np.float64)


def seen_from(other: ViewInfo, depth_b: NDArray[np.float32], uv: NDArray[np.float64]) -> NDArray[np.bool_]:
    return reproject(uv, plane(), FIRST, depth_b, other, MARGIN_M)[1]


def test_a_camera_moved_along_the_plane_shifts_pixels_by_focal_length_over_depth() -> None:
    uv = some_pixels()
    found, seen = reproject(uv, plane(2.0), FIRST, plane(2.0), view(SE3.translation(0.1, -0.04, 0.0)), MARGIN_M)
    np.testing.assert_allclose(found, uv - FOCAL_PX / 2.0 * np.array([0.1, -0.04]), atol=1e-9)
    expected = ((found > -0.5) & (found < np.array([WIDTH, HEIGHT]) - 0.5)).all(axis=1)
    np.testing.assert_array_equal(seen, expected)
    assert 0 < seen.sum() < len(uv)


def test_a_camera_moved_towards_the_plane_magnifies_about_its_centre() -> None:
    uv = some_pixels()
    found, seen = reproject(uv, plane(), FIRST, plane(0.8), view(SE3.translation(0.0, 0.0, 0.2)), MARGIN_M)
    np.testing.assert_allclose(found, CENTRE + (uv - CENTRE) / 0.8, atol=1e-9)
    assert seen.any()


def test_a_turned_camera_sees_a_turned_picture() -> None:
    quarter = view(SE3.from_rotation_vector((0.0, 0.0, math.pi / 2)))
    found, _ = reproject(some_pixels(), plane(), FIRST, plane(), quarter, MARGIN_M)
    du, dv = (some_pixels() - CENTRE).T
    np.testing.assert_allclose(found - CENTRE, np.stack([dv, -du], axis=-1), atol=1e-9)


def test_points_behind_an_occluder_are_not_seen() -> None:
    depth_b = plane()
    depth_b[40:60, 50:90] = 0.6
    uv = some_pixels(500)
    found, seen = reproject(uv, plane(), FIRST, depth_b, view(SE3.translation(0.05, 0.0, 0.0)), MARGIN_M)
    within = (found[:, 0] > -0.5) & (found[:, 0] < WIDTH - 0.5)
    u, v = np.rint(found[:, 0]), found[:, 1]
    behind = (u >= 50) & (u < 90) & (v >= 40) & (v < 60)
    assert behind.any()
    np.testing.assert_array_equal(seen, within & ~behind)


@pytest.mark.parametrize(("measured_m", "expected"), [(0.996, True), (0.993, False), (1.004, True), (1.007, False)])
def test_the_margin_is_what_depth_may_be_wrong_by(measured_m: float, expected: bool) -> None:
    assert (seen_from(FIRST, plane(measured_m), some_pixels()) == expected).all()


def test_unknown_depth_in_either_view_is_no_match() -> None:
    uv = some_pixels()
    left = uv[:, 0] < 50
    hole = plane()
    hole[:, :50] = 0.0
    np.testing.assert_array_equal(reproject(uv, hole, FIRST, plane(), FIRST, MARGIN_M)[1], ~left)
    np.testing.assert_array_equal(seen_from(FIRST, hole, uv), ~left)
    behind = view(SE3.translation(0.0, 0.0, -0.2))
    assert not reproject(uv, plane(0.0), FIRST, plane(0.2), behind, MARGIN_M)[1].any(), "the first camera is no point"


def test_out_of_view_and_behind_the_camera_nothing_is_seen() -> None:
    assert not seen_from(view(SE3.translation(2.0, 0.0, 0.0)), plane(), some_pixels()).any()
    assert not seen_from(view(SE3.from_rotation_vector((0.0, math.pi, 0.0))), plane(), some_pixels()).any()
    assert not seen_from(view(SE3.translation(0.0, 0.0, 1.0)), plane(), some_pixels()).any(), "in the plane: depth 0"


def test_matches_lie_on_both_masks_and_show_the_same_paint() -> None:
    views = painted_table([(0, 0), (12, 5)])
    matches = match_views(views, 0, 1, 400, TrainingConfig(), np.random.default_rng(1))
    np.testing.assert_allclose(matches.uv_a - matches.uv_b, np.broadcast_to([12.0, 5.0], matches.uv_a.shape), atol=1e-6)
    for position, uv in enumerate((matches.uv_a, matches.uv_b)):
        u, v = np.rint(uv).astype(np.int64).T
        assert views.mask[position][v, u].all()
    assert 200 < len(matches.uv_a) < 400, "some fall on the rim of the other mask"
    assert photometric_distance(matches.uv_a, views.rgb[0], matches.uv_b, views.rgb[1]).max() == 0.0


def test_a_view_matches_itself_where_its_mask_is_and_nothing_without_a_mask() -> None:
    views = painted_table([(0, 0)])
    matches = match_views(views, 0, 0, 50, TrainingConfig(), np.random.default_rng(1))
    np.testing.assert_array_equal(matches.uv_a, matches.uv_b)
    assert len(matches.uv_a) == 50
    views.mask[:] = False
    assert len(match_views(views, 0, 0, 50, TrainingConfig(), np.random.default_rng(1)).uv_a) == 0


def test_matches_that_look_different_are_rejected() -> None:
    """Paint 20 levels off in one channel is ``(20 / (255 * 0.225))^2 = 0.12``; limits on either side of it."""
    views = painted_table([(0, 0), (12, 5)])
    views.rgb[1, ..., 2] += 20
    distance = (20 / (255 * 0.225)) ** 2
    for limit, some in ((distance + 0.01, True), (distance - 0.01, False)):
        config = msgspec.structs.replace(TrainingConfig(), photometric_limit=limit)
        matches = match_views(views, 0, 1, 100, config, np.random.default_rng(1))
        assert (len(matches.uv_a) > 0) == some


def test_a_pixel_on_the_border_counts_as_the_nearest_one() -> None:
    """Half a pixel beyond the last centre rounds to a pixel that is not there."""
    mask = np.ones((3, 160), dtype=np.bool_)
    uv = np.array([[159.4, 1.0], [159.49999999, 1.0], [-0.4, 1.0], [-0.6, 1.0]]).astype(np.float32)
    np.testing.assert_array_equal(holds(mask, uv), [True, False, True, False])
