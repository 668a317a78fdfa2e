"""Poses, cameras and the one notation for frames.

Drake's monogram notation, in code, tests and documents:

- ``X_WH``: pose of frame H measured in and expressed in frame W, an ``SE3``.
- ``R_WC``: the rotation of that pose; ``p_WP``: position of point P in W, metres.
- Inner letters cancel: ``X_WC = X_WH @ X_HC`` and ``p_WP = X_WC @ p_CP``.

Frames: W world (the robot's base, x forward, y left, z up), E end effector (the point between the
fingertips), H hand (the flange), C camera (OpenCV: x right, y down, z forward), O object.
Pixels are ``u, v`` (column, row) with pixel centres at integers. Quaternions are ``quat_wxyz``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]


def unit_quaternion(quat_wxyz: ArrayLike) -> Array:
    """Return the unit quaternion with ``w >= 0``; raises ValueError when it has no direction."""
    w, x, y, z = np.asarray(quat_wxyz, dtype=np.float64).tolist()
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    if not math.isfinite(norm) or norm < 1e-9:
        raise ValueError(f"a quaternion needs four finite numbers that are not all zero, got {[w, x, y, z]}")
    norm = -norm if w < 0 else norm
    return np.array([w / norm, x / norm, y / norm, z / norm])


@dataclass(frozen=True, slots=True, eq=False)
class SE3:
    """A rigid transform. ``quat_wxyz: (4,)`` unit, ``p: (3,)`` metres, both float64."""

    quat_wxyz: Array
    p: Array

    @staticmethod
    def identity() -> SE3:
        return SE3(np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(3))

    @staticmethod
    def of(quat_wxyz: ArrayLike, p: ArrayLike) -> SE3:
        return SE3(unit_quaternion(quat_wxyz), np.asarray(p, dtype=np.float64).reshape(3).copy())

    @staticmethod
    def translation(x: float, y: float, z: float) -> SE3:
        return SE3(np.array([1.0, 0.0, 0.0, 0.0]), np.array([x, y, z], dtype=np.float64))

    @staticmethod
    def from_rotation(R: ArrayLike, p: ArrayLike = (0.0, 0.0, 0.0)) -> SE3:
        """From a ``(3, 3)`` rotation matrix and a position."""
        quat = Rotation.from_matrix(np.asarray(R, dtype=np.float64)).as_quat(scalar_first=True)
        return SE3.of(quat, p)

    @staticmethod
    def from_matrix(X: ArrayLike) -> SE3:
        """From a homogeneous ``(4, 4)`` matrix."""
        matrix = np.asarray(X, dtype=np.float64)
        return SE3.from_rotation(matrix[:3, :3], matrix[:3, 3])

    @staticmethod
    def from_rotation_vector(rotation_vector: ArrayLike, p: ArrayLike = (0.0, 0.0, 0.0)) -> SE3:
        """From an axis times angle ``(3,)`` in radians and a position."""
        return SE3.of(quaternion_exp(rotation_vector), p)

    @staticmethod
    def from_array(values: ArrayLike) -> SE3:
        """From seven numbers: quaternion wxyz, then position."""
        values = np.asarray(values, dtype=np.float64)
        return SE3.of(values[:4], values[4:7])

    def as_array(self) -> Array:
        """Seven numbers: quaternion wxyz, then position."""
        return np.concatenate([self.quat_wxyz, self.p])

    def as_tuple(self) -> tuple[float, ...]:
        return tuple(float(value) for value in self.as_array())

    def as_matrix(self) -> Array:
        X = np.eye(4)
        X[:3, :3] = self.R
        X[:3, 3] = self.p
        return X

    @property
    def rotation(self) -> Rotation:
        return Rotation.from_quat(self.quat_wxyz, scalar_first=True)

    @property
    def R(self) -> Array:
        """The ``(3, 3)`` rotation matrix."""
        w, x, y, z = self.quat_wxyz.tolist()
        return np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )

    @property
    def rotation_vector(self) -> Array:
        """Axis times angle ``(3,)``, radians, angle in [0, pi]."""
        return quaternion_log(self.quat_wxyz)

    def inverse(self) -> SE3:
        w, x, y, z = self.quat_wxyz
        return SE3(np.array([w, -x, -y, -z]), -(self.R.T @ self.p))

    @overload
    def __matmul__(self, other: SE3) -> SE3: ...
    @overload
    def __matmul__(self, other: NDArray[Any]) -> Array: ...
    def __matmul__(self, other: SE3 | NDArray[Any]) -> SE3 | Array:
        """Compose with a pose, or move points ``(3,)`` or ``(N, 3)``."""
        if isinstance(other, SE3):
            product = quaternion_product(self.quat_wxyz, other.quat_wxyz)
            return SE3(unit_quaternion(product), self.R @ other.p + self.p)
        points = np.asarray(other, dtype=np.float64)
        return points @ self.R.T + self.p

    def interpolate(self, other: SE3, fraction: float) -> SE3:
        """Straight line for the position, slerp for the rotation; ``fraction`` in [0, 1]."""
        turn = quaternion_log(quaternion_product(_conjugate(self.quat_wxyz), other.quat_wxyz))
        quat = quaternion_product(self.quat_wxyz, quaternion_exp(fraction * turn))
        return SE3.of(quat, self.p + fraction * (other.p - self.p))

    def rotation_to(self, other: SE3) -> Array:
        """The rotation vector ``(3,)``, radians in W, that turns this rotation into the other's: ``log(R_1 R_0^T)``."""
        return quaternion_log(quaternion_product(other.quat_wxyz, _conjugate(self.quat_wxyz)))

    def distance(self, other: SE3) -> tuple[float, float]:
        """Metres between the origins and radians between the rotations."""
        dot = abs(float(self.quat_wxyz @ other.quat_wxyz))
        return math.dist(self.p, other.p), 2.0 * math.acos(min(1.0, dot))


def quaternion_exp(rotation_vector: ArrayLike) -> Array:
    """Unit quaternion ``(4,)`` wxyz of a rotation vector ``(3,)``: axis times angle, radians."""
    x, y, z = np.asarray(rotation_vector, dtype=np.float64).tolist()
    angle = math.sqrt(x * x + y * y + z * z)
    scale = math.sin(0.5 * angle) / angle if angle > 1e-9 else 0.5
    return np.array([math.cos(0.5 * angle), scale * x, scale * y, scale * z])


def quaternion_log(quat_wxyz: Array) -> Array:
    """Rotation vector ``(3,)`` of a unit quaternion ``(4,)`` wxyz; its angle is in [0, pi]."""
    w, x, y, z = quat_wxyz.tolist()
    if w < 0.0:
        w, x, y, z = -w, -x, -y, -z
    sine = math.sqrt(x * x + y * y + z * z)
    scale = 2.0 * math.atan2(sine, w) / sine if sine > 1e-12 else 2.0
    return np.array([scale * x, scale * y, scale * z])


def _conjugate(quat_wxyz: Array) -> Array:
    w, x, y, z = quat_wxyz.tolist()
    return np.array([w, -x, -y, -z])


def quaternion_product(a_wxyz: Array, b_wxyz: Array) -> Array:
    """Hamilton product of two ``(4,)`` quaternions."""
    aw, ax, ay, az = a_wxyz.tolist()
    bw, bx, by, bz = b_wxyz.tolist()
    return np.array(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ]
    )


@dataclass(frozen=True, slots=True)
class PinholeCamera:
    """Intrinsics in pixels for an undistorted image of ``width`` by ``height``."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def project(self, points_C: NDArray[Any]) -> tuple[Array, Array]:
        """Project ``(..., 3)`` points in the camera frame to ``(..., 2)`` pixels u, v and depths z (m)."""
        points = np.asarray(points_C, dtype=np.float64)
        z = points[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            u = self.fx * points[..., 0] / z + self.cx
            v = self.fy * points[..., 1] / z + self.cy
        return np.stack([u, v], axis=-1), z

    def shows(self, points_C: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether points ``(..., 3)`` in the camera frame lie before it and in its image, ``(...)``; nothing hides."""
        uv, z = self.project(points_C)
        within = (uv >= -0.5) & (uv < np.array([self.width, self.height]) - 0.5)
        return np.asarray((z > 0.0) & within.all(axis=-1))

    def unproject(self, uv: NDArray[Any], depth_m: NDArray[Any]) -> Array:
        """Lift ``(..., 2)`` pixels with depths z in metres to ``(..., 3)`` points in the camera frame."""
        uv = np.asarray(uv, dtype=np.float64)
        z = np.asarray(depth_m, dtype=np.float64)
        return np.stack([(uv[..., 0] - self.cx) / self.fx * z, (uv[..., 1] - self.cy) / self.fy * z, z], axis=-1)


def yaw_of(X_WO: SE3) -> float:
    """Heading of the object's x axis in the table's plane, radians in (-pi, pi]."""
    R = X_WO.R
    return math.atan2(R[1, 0], R[0, 0])


def wrapped(angle_rad: float) -> float:
    """The same angle in (-pi, pi]."""
    return math.atan2(math.sin(angle_rad), math.cos(angle_rad))
