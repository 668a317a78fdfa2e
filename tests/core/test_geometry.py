"""Lie axioms, the notation's promises, and projection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.geometry import SE3, PinholeCamera, unit_quaternion

_numbers = st.floats(-3.0, 3.0, allow_nan=False)
_vectors = st.tuples(_numbers, _numbers, _numbers)
_poses = st.builds(SE3.from_rotation_vector, _vectors, _vectors)


def assert_same(a: SE3, b: SE3, tolerance: float = 1e-9) -> None:
    np.testing.assert_allclose(a.as_matrix(), b.as_matrix(), atol=tolerance)


@given(_poses, _poses, _poses)
def test_composition_is_associative_and_has_inverses(a: SE3, b: SE3, c: SE3) -> None:
    assert_same((a @ b) @ c, a @ (b @ c))
    assert_same(a @ a.inverse(), SE3.identity())


@given(_poses, _vectors)
def test_composition_agrees_with_matrices_and_points(X_WA: SE3, p_A: tuple[float, float, float]) -> None:
    homogeneous = X_WA.as_matrix() @ np.array([*p_A, 1.0])
    np.testing.assert_allclose(X_WA @ np.array(p_A), homogeneous[:3], atol=1e-9)
    assert_same(SE3.from_matrix(X_WA.as_matrix()), X_WA, 1e-7)
    assert_same(SE3.from_array(X_WA.as_tuple()), X_WA)


@given(_poses, _poses)
def test_interpolation_ends_where_it_should_and_turns_evenly(a: SE3, b: SE3) -> None:
    assert_same(a.interpolate(b, 0.0), a)
    assert_same(a.interpolate(b, 1.0), b, 1e-6)
    _, whole = a.distance(b)
    _, half = a.distance(a.interpolate(b, 0.5))
    assert half == pytest.approx(whole / 2, abs=1e-6)


def test_projection_and_unprojection_are_inverse() -> None:
    camera = PinholeCamera(640, 480, 533.64, 534.78, 319.41, 236.44)
    points_C = np.random.default_rng(0).uniform([-0.3, -0.3, 0.3], [0.3, 0.3, 1.5], (50, 3))
    uv, z = camera.project(points_C)
    np.testing.assert_allclose(camera.unproject(uv, z), points_C, atol=1e-12)
    centre, _ = camera.project(np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(centre, [319.41, 236.44])


def test_a_quaternion_without_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="four finite numbers"):
        unit_quaternion([0.0, 0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="four finite numbers"):
        unit_quaternion([np.nan, 0.0, 0.0, 1.0])
