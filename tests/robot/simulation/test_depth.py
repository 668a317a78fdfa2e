"""Depth noise: repeatable, growing with distance, with holes where stereo sees nothing."""

from __future__ import annotations

import numpy as np

from robot.simulation.depth import FARTHEST_M, NEAREST_M, DepthNoise, exact_millimetres


def _wall(metres: float) -> np.ndarray:
    return np.full((480, 640), metres, dtype=np.float32)


def _spread_mm(metres: float) -> float:
    mm = DepthNoise(1, "right")(_wall(metres), 0)
    return float(mm[mm > 0].std())


def test_same_seed_camera_and_frame_give_the_same_image() -> None:
    depth = _wall(0.7)
    again = DepthNoise(4, "right")
    again(depth, 3)
    assert np.array_equal(DepthNoise(4, "right")(depth, 17), again(depth, 17))


def test_frames_cameras_and_seeds_differ() -> None:
    depth = _wall(0.7)
    reference = DepthNoise(4, "right")(depth, 17)
    for other in (
        DepthNoise(4, "right")(depth, 18),
        DepthNoise(4, "left")(depth, 17),
        DepthNoise(5, "right")(depth, 17),
    ):
        assert not np.array_equal(reference, other)


def test_error_grows_with_the_square_of_the_distance() -> None:
    assert 2.5 < _spread_mm(2.0) / _spread_mm(1.0) < 6.0


def test_it_is_unbiased_and_about_a_millimetre_on_the_table() -> None:
    mm = DepthNoise(1, "left")(_wall(0.6), 0)
    assert abs(mm[mm > 0].mean() - 600.0) < 0.2
    assert 0.3 < mm[mm > 0].std() < 2.0


def test_out_of_range_is_zero() -> None:
    assert not DepthNoise(1, "right")(_wall(NEAREST_M * 0.9), 0).any()
    assert not DepthNoise(1, "right")(_wall(FARTHEST_M * 1.1), 0).any()
    assert not DepthNoise(1, "right")(_wall(np.inf), 0).any()


def test_holes_lie_along_the_edge_of_a_near_thing() -> None:
    depth = _wall(1.0)
    depth[100:300, 200:400] = 0.5
    holes = DepthNoise(1, "right")(depth, 0) == 0
    assert holes[120:280, 190:210].mean() > 0.1
    assert holes[350:, :].mean() < 0.01


def test_exact_millimetres_round_and_mark_nothing_as_zero() -> None:
    depth = np.array([[0.5004, 0.5006, np.inf, 70.0]], dtype=np.float32)
    assert exact_millimetres(depth).tolist() == [[500, 501, 0, 0]]
