"""Fusion, ray casting and the four comparisons on a scene of closed form: a table, and a shelf that hides a part of it.

Cameras look down from 1 m above the table's plane z = 0; one pixel is 5 mm of it.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from core.correspondence.comparisons import (
    Comparison,
    ComparisonSampler,
    ComparisonType,
    ScannedScene,
    merged,
    possible,
)
from core.correspondence.crops import Picture
from core.correspondence.scans import Box, FusedScan, ScanView, fuse, match_scan_views
from core.errors import InputError
from core.geometry import SE3
from core.messages import Frame
from tests.core.correspondence.synthetic import CAMERA, FOCAL_PX, HEIGHT, WIDTH

DOWN = SE3.from_rotation(np.diag([1.0, -1.0, -1.0]))
SHELF_Z_M = 0.5


def above(x: float, y: float = 0.0) -> SE3:
    """``X_WC`` of a camera 1 m above a point of the table, looking down."""
    return SE3(DOWN.quat_wxyz, np.array([x, y, 1.0]))


def rectangle(low: tuple[float, float], high: tuple[float, float], z: float) -> NDArray[np.float32]:
    """Two triangles ``(6, 3)``."""
    (x0, y0), (x1, y1) = low, high
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y0), (x1, y1), (x0, y1)]
    return np.array([(x, y, z) for x, y in corners], dtype=np.float32)


def scene(*rectangles: NDArray[np.float32]) -> FusedScan:
    vertices = np.concatenate(rectangles)
    return FusedScan(vertices, np.arange(len(vertices), dtype=np.uint32).reshape(-1, 3))


TABLE = rectangle((-2.0, -2.0), (2.0, 2.0), 0.0)
SHELF = rectangle((0.0, -2.0), (0.1, 2.0), SHELF_Z_M)


def looking(X_WC: SE3, colour: int = 0, mask: NDArray[np.bool_] | None = None) -> ScanView:
    rgb = np.full((HEIGHT, WIDTH, 3), colour, dtype=np.uint8)
    mask = np.ones((HEIGHT, WIDTH), dtype=np.bool_) if mask is None else mask
    return ScanView(rgb, mask, np.ones((HEIGHT, WIDTH), dtype=np.float32), CAMERA, X_WC)


def frame(scan: FusedScan, X_WC: SE3) -> Frame:
    """What a perfect camera sees of it, in millimetres."""
    depth = scan.depth_from(CAMERA, X_WC)
    mm = np.where(np.isfinite(depth), np.rint(1000.0 * depth), 0.0).astype(np.uint16)
    return Frame("flat", 0, 0, 0, np.zeros((HEIGHT, WIDTH, 3), np.uint8), mm, X_WC)


def test_depth_of_planes_is_their_distance() -> None:
    depth = scene(TABLE, SHELF).depth_from(CAMERA, above(0.05))
    centre = depth[HEIGHT // 2]
    np.testing.assert_allclose(depth[(depth > 0.75)], 1.0, atol=1e-5)
    np.testing.assert_allclose(depth[(depth < 0.75)], 1.0 - SHELF_Z_M, atol=1e-5)
    assert (centre < 0.75).sum() == pytest.approx(FOCAL_PX * 0.1 / (1.0 - SHELF_Z_M), abs=1)


def test_a_fused_plane_is_flat_and_ends_at_the_box() -> None:
    """Tilted views, so that the plane cuts voxels and pixels at all angles."""
    tilts = [SE3.from_rotation_vector((a, b, 0.0)) for a, b in ((0.0, 0.0), (0.3, 0.0), (-0.3, 0.0), (0.0, 0.3))]
    frames = [frame(scene(TABLE), SE3((tilt @ DOWN).quat_wxyz, (tilt @ above(0.0)).p)) for tilt in tilts]
    box = Box((-0.15, -0.1, -0.05), (0.15, 0.1, 0.05))
    fused = fuse(frames, {"flat": CAMERA}, box, voxel_m=0.005)
    assert fused.mesh.shape == (len(fused.faces), 3, 3)
    assert float(np.abs(fused.vertices_W[:, 2]).max()) < 0.002
    np.testing.assert_allclose(fused.vertices_W.min(axis=0)[:2], box.low_W[:2], atol=0.03)
    np.testing.assert_allclose(fused.vertices_W.max(axis=0)[:2], box.high_W[:2], atol=0.03)


def test_an_edge_is_fused_where_it_is() -> None:
    """A systematic shift of half a pixel, 1.25 mm on the shelf, would show."""
    frames = [frame(scene(TABLE, SHELF), above(0.009 * k, y)) for k in range(12) for y in (-0.05, 0.05)]
    fused = fuse(frames, {"flat": CAMERA}, Box((-0.2, -0.1, 0.4), (0.3, 0.1, 0.6)), voxel_m=0.002)
    x = fused.vertices_W[:, 0]
    assert (x.min() + x.max()) / 2 == pytest.approx(0.05, abs=0.0011), "a half voxel"
    np.testing.assert_allclose(fused.vertices_W[:, 2], SHELF_Z_M, atol=0.002)


def test_scans_that_show_nothing_or_have_no_depth_say_so() -> None:
    seen = frame(scene(TABLE), above(0.0))
    with pytest.raises(InputError, match="check the camera poses and the box"):
        fuse([seen], {"flat": CAMERA}, Box((0.0, 0.0, 0.5), (1.0, 1.0, 0.8)))
    blind = Frame("flat", 7, 0, 0, seen.rgb, None, seen.X_WC)
    with pytest.raises(InputError, match="Image 7 of the flat camera has no depth"):
        fuse([blind], {"flat": CAMERA}, Box((0.0, 0.0, -0.5), (1.0, 1.0, 0.8)))


def test_what_is_higher_than_the_floor_is_foreground() -> None:
    scan = scene(TABLE, SHELF)
    mask = scan.foreground(CAMERA, above(0.05), 0.01)
    np.testing.assert_array_equal(mask, scan.depth_from(CAMERA, above(0.05)) < 0.75)
    assert not scan.foreground(CAMERA, above(0.05), 0.6).any()


def test_matches_on_a_plane_are_shifted_by_the_cameras_distance() -> None:
    a, b = looking(above(0.0)), looking(above(0.1, 0.05))
    matches = match_scan_views(scene(TABLE), a, b, 500, np.random.default_rng(0))
    shift = FOCAL_PX * np.array([0.1, -0.05])
    np.testing.assert_allclose(matches.uv_a - matches.uv_b, np.broadcast_to(shift, matches.uv_a.shape), atol=1e-3)
    u, v = matches.uv_a.T
    within = (u >= shift[0] - 0.5) & (v < HEIGHT + shift[1] - 0.5)
    assert within.all(), "out of b's view nothing matches"
    assert len(u) == pytest.approx(500 * (1 - shift[0] / WIDTH) * (1 + shift[1] / HEIGHT), rel=0.1)


def test_what_the_shelf_hides_does_not_match() -> None:
    """Seen from x = -0.05, a shelf from 0 to 0.1 at half the height hides the table from 0.05 to 0.25."""
    a, b = looking(above(0.25)), looking(above(-0.05))
    matches = match_scan_views(scene(TABLE, SHELF), a, b, 3000, np.random.default_rng(0))
    points, found = scene(TABLE, SHELF).points_at(matches.uv_a, CAMERA, a.X_WC)
    assert found.all()
    x, on_table = points[:, 0], np.abs(points[:, 2]) < 1e-3
    assert (np.abs(points[~on_table, 2] - SHELF_Z_M) < 1e-3).all()
    assert (~on_table).any(), "the shelf itself is seen by both"
    assert not ((x > 0.052) & (x < 0.248))[on_table].any()
    assert (x[on_table] < 0.048).any(), "before the strip"
    assert (x[on_table] > 0.252).any(), "beyond the strip"


def test_matches_keep_to_both_masks() -> None:
    half = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    half[:, WIDTH // 2 :] = True
    a, b = looking(above(0.0), mask=half), looking(above(0.1), mask=half)
    matches = match_scan_views(scene(TABLE), a, b, 400, np.random.default_rng(0))
    for uv in (matches.uv_a, matches.uv_b):
        assert (np.rint(uv[:, 0]) >= WIDTH // 2).all()
    assert 100 < len(matches.uv_a) < 400
    nothing = looking(above(0.0), mask=np.zeros_like(half))
    assert len(match_scan_views(scene(TABLE), nothing, b, 400, np.random.default_rng(0)).uv_a) == 0


def test_a_camera_that_looks_away_matches_nothing() -> None:
    up = looking(SE3.translation(0.0, 0.0, 1.0))
    assert len(match_scan_views(scene(TABLE), looking(above(0.0)), up, 400, np.random.default_rng(0)).uv_a) == 0


def scanned(colour: int, *objects: str) -> ScannedScene:
    """A table whose images are all of one colour; the object covers a strip of their masks, another for each colour."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    mask[:, 30 + colour % 40 : 110 + colour % 40] = True
    views = [looking(above(x), colour, mask) for x in (0.0, 0.02, 0.05)]
    return ScannedScene(scene(TABLE), views, frozenset(objects))


SCENES = (scanned(10, "box"), scanned(11, "box"), scanned(30, "mug"), scanned(50, "box", "mug"))


def colours(comparison: Comparison) -> tuple[set[int], set[int]]:
    return set(np.unique(comparison.a.rgb).tolist()), set(np.unique(comparison.b.rgb).tolist())


@pytest.mark.parametrize("kind", list(ComparisonType))
def test_a_comparison_is_of_the_scenes_it_should_be_of(kind: ComparisonType) -> None:
    sampler, rng = ComparisonSampler(SCENES, {kind: 1.0}, matches=200), np.random.default_rng(0)
    for _ in range(10):
        drawn = sampler.draw(rng)
        a, b = colours(drawn)
        assert drawn.kind is kind
        assert 32 <= len(drawn.uv_a) == len(drawn.uv_b) <= 400
        assert drawn.matching == (kind is not ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE)
        boxes = {frozenset({10}), frozenset({11})}
        match kind:
            case ComparisonType.SINGLE_OBJECT_WITHIN_SCENE:
                assert a == b
                assert a in ({10}, {11}, {30})
            case ComparisonType.MULTI_OBJECT_WITHIN_SCENE:
                assert a == b == {50}
            case ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE:
                assert (frozenset(a) in boxes) != (frozenset(b) in boxes)
            case ComparisonType.SYNTHETIC_MULTI_OBJECT:
                assert a == b
                assert 30 in a
                assert frozenset(a - {30}) in boxes
        for image, uv in ((drawn.a, drawn.uv_a), (drawn.b, drawn.uv_b)):
            u, v = np.rint(uv).astype(np.int64).T
            assert image.mask[v, u].all()


def test_types_are_drawn_as_often_as_they_weigh_and_the_same_for_a_seed() -> None:
    weights = {ComparisonType.SINGLE_OBJECT_WITHIN_SCENE: 3.0, ComparisonType.MULTI_OBJECT_WITHIN_SCENE: 1.0}
    sampler = ComparisonSampler(SCENES, weights, matches=40)
    first, second = (np.random.default_rng(1) for _ in range(2))
    kinds = [sampler.draw(first).kind for _ in range(100)]
    assert kinds == [sampler.draw(second).kind for _ in range(100)]
    share = Counter(kinds)[ComparisonType.SINGLE_OBJECT_WITHIN_SCENE] / 100
    assert share == pytest.approx(0.75, abs=3 * math.sqrt(0.75 * 0.25 / 100))


def test_what_scans_do_not_allow_is_refused_with_what_they_do() -> None:
    alone = (scanned(10, "box"), scanned(11, "box"))
    assert possible(alone) == (ComparisonType.SINGLE_OBJECT_WITHIN_SCENE,)
    with pytest.raises(InputError, match="synthetic-multi-object; choose from: single-object-within-scene"):
        ComparisonSampler(alone, {ComparisonType.SYNTHETIC_MULTI_OBJECT: 1.0})
    with pytest.raises(InputError, match="none is asked for"):
        ComparisonSampler(alone, {})
    blind = [
        ScannedScene(each.scan, [looking(above(0.0), mask=np.zeros((HEIGHT, WIDTH), bool))], each.objects)
        for each in alone
    ]
    with pytest.raises(InputError, match="scan with more views"):
        ComparisonSampler(blind, {ComparisonType.SINGLE_OBJECT_WITHIN_SCENE: 1.0}).draw(np.random.default_rng(0))


def test_merging_lays_the_second_over_the_first_and_drops_what_it_covers() -> None:
    def image(colour: int, columns: slice) -> Picture:
        mask = np.zeros((4, 6), dtype=np.bool_)
        mask[:, columns] = True
        return Picture(np.full((4, 6, 3), colour, dtype=np.uint8), mask, np.full((4, 6), colour, dtype=np.float32))

    kind = ComparisonType.SINGLE_OBJECT_WITHIN_SCENE
    uv = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, 3.0]])
    first = Comparison(kind, image(1, slice(0, 3)), image(2, slice(0, 3)), uv, uv[[0, 1, 2]], True)
    over = np.array([[4.0, 0.0]])
    second = Comparison(kind, image(3, slice(2, 5)), image(4, slice(1, 5)), over, over, True)
    both = merged(first, second)
    np.testing.assert_array_equal(both.a.rgb[0, :, 0], [1, 1, 3, 3, 3, 1])
    np.testing.assert_array_equal(both.b.rgb[0, :, 0], [2, 4, 4, 4, 4, 2])
    np.testing.assert_array_equal(both.b.depth, both.b.rgb[..., 0])
    np.testing.assert_array_equal(both.a.mask[0], [True, True, True, True, True, False])
    np.testing.assert_array_equal(both.uv_a, [[0.0, 1.0], [4.0, 0.0]])
    np.testing.assert_array_equal(both.uv_b, [[0.0, 1.0], [4.0, 0.0]])
    assert both.kind is ComparisonType.SYNTHETIC_MULTI_OBJECT
