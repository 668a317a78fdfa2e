"""Triangle meshes made in code: turned profiles, swept tubes, rounded boxes, for the robot and for the scenes.

Lengths in metres. Faces turn counter-clockwise seen from outside. Few triangles, smooth normals: the pictures are
drawn by a software rasteriser on many machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.geometry import SE3, Array

if TYPE_CHECKING:
    import mujoco

Faces = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """``vertices, normals: (N, 3)``, ``faces: (M, 3)`` vertex indices, ``texcoords: (N, 2)`` in [0, 1] (v up)."""

    vertices: Array
    normals: Array
    faces: Faces
    texcoords: Array

    def moved(self, X: SE3) -> Mesh:
        return Mesh(X @ self.vertices, self.normals @ X.R.T, self.faces, self.texcoords)

    def add_to(self, spec: mujoco.MjSpec, name: str) -> str:
        """Add as a mesh asset of that name and return the name."""
        import mujoco

        asset = spec.add_mesh(name=name)
        asset.uservert = self.vertices.ravel()
        asset.usernormal = self.normals.ravel()
        asset.userface = self.faces.ravel()
        asset.userfacenormal = self.faces.ravel()
        asset.usertexcoord = np.stack([self.texcoords[:, 0], 1.0 - self.texcoords[:, 1]], axis=1).ravel()
        asset.userfacetexcoord = self.faces.ravel()
        asset.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
        return name


def joined(meshes: Sequence[Mesh]) -> Mesh:
    """One mesh of several."""
    counts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.faces + count for mesh, count in zip(meshes, counts, strict=False)]).astype(np.int32),
        np.concatenate([mesh.texcoords for mesh in meshes]),
    )


def lathe(profile: ArrayLike, segments: int = 32, crease_deg: float = 40.0) -> Mesh:
    """Turn ``profile: (K, 2)`` of radius and height about z, listed so that the outside is to its right.

    Upwards along an outer wall. Corners sharper than ``crease_deg`` stay sharp, the rest is shaded smoothly.
    """
    points = np.asarray(profile, dtype=np.float64)
    steps = np.diff(points, axis=0)
    edge_normals = np.stack([steps[:, 1], -steps[:, 0]], axis=1) / np.linalg.norm(steps, axis=1, keepdims=True)
    rows, row_normals, pairs = [points[0]], [edge_normals[0]], []
    for k, normal in enumerate(edge_normals):
        if k > 0 and float(row_normals[-1] @ normal) < np.cos(np.deg2rad(crease_deg)):
            rows.append(points[k])
            row_normals.append(normal)
        elif k > 0:
            row_normals[-1] = row_normals[-1] + normal
        pairs.append((len(rows) - 1, len(rows)))
        rows.append(points[k + 1])
        row_normals.append(normal)
    radius_height = np.array(rows)
    slope = np.array(row_normals) / np.linalg.norm(row_normals, axis=1, keepdims=True)
    angle = np.linspace(0.0, 2 * np.pi, segments + 1)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    vertices = np.concatenate([_ring(r, z, ring) for r, z in radius_height])
    normals = np.concatenate([_ring(nr, nz, ring) for nr, nz in slope])
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(radius_height, axis=0), axis=1))])
    texcoords = _grid_texcoords(length / length[-1], segments)
    return Mesh(vertices, normals, _strip_faces(pairs, segments, radius_height[:, 0] < 1e-9), texcoords)


def _ring(r: float, z: float, ring: Array) -> Array:
    return np.column_stack([r * ring, np.full(len(ring), z)])


def _grid_texcoords(v: Array, segments: int) -> Array:
    u = np.linspace(0.0, 1.0, segments + 1)
    return np.column_stack([np.tile(u, len(v)), np.repeat(v, segments + 1)])


def _strip_faces(pairs: Sequence[tuple[int, int]], segments: int, is_point: NDArray[np.bool_]) -> Faces:
    """Two triangles a cell between rows of ``segments + 1`` vertices, one where a row is a single point."""
    s = np.arange(segments)
    stride = segments + 1
    faces = []
    for low, high in pairs:
        a, b, c, d = low * stride + s, low * stride + s + 1, high * stride + s + 1, high * stride + s
        if not is_point[low]:
            faces.append(np.stack([a, b, c if not is_point[high] else d], axis=1))
        if not is_point[high]:
            faces.append(np.stack([a, c, d], axis=1))
    return np.concatenate(faces).astype(np.int32)


def tube(
    path: ArrayLike,
    radii: ArrayLike,
    segments: int = 26,
    samples: int = 14,
    span: tuple[float, float] = (0.0, 1.0),
) -> Mesh:
    """A round tube along a smooth curve through ``path: (K, 3)`` with ``radii: (K,)``, open at both ends.

    ``span`` keeps only that part of it, by fractions of the path's length: for a band around a longer tube.
    """
    points, radius = _smooth(np.asarray(path, dtype=np.float64), np.asarray(radii, dtype=np.float64), samples, span)
    tangents = np.gradient(points, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    sides, ups = _transported_frames(tangents)
    angle = np.linspace(0.0, 2 * np.pi, segments + 1)
    radial = np.cos(angle)[None, :, None] * sides[:, None] + np.sin(angle)[None, :, None] * ups[:, None]
    vertices = points[:, None] + radius[:, None, None] * radial
    growth = np.gradient(radius) / np.maximum(np.linalg.norm(np.gradient(points, axis=0), axis=1), 1e-9)
    normals = radial - growth[:, None, None] * tangents[:, None]
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    pairs = [(k, k + 1) for k in range(len(points) - 1)]
    faces = _strip_faces(pairs, segments, np.zeros(len(points), dtype=np.bool_))
    texcoords = _grid_texcoords(np.linspace(0.0, 1.0, len(points)), segments)
    return Mesh(vertices.reshape(-1, 3), normals.reshape(-1, 3), faces, texcoords)


def _smooth(path: Array, radii: Array, samples: int, span: tuple[float, float]) -> tuple[Array, Array]:
    """Sample a cubic through the points that does not overshoot, by arc length."""
    from scipy.interpolate import PchipInterpolator

    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(span[0] * arc[-1], span[1] * arc[-1], samples)
    return np.asarray(PchipInterpolator(arc, path)(at)), np.asarray(PchipInterpolator(arc, radii)(at))


def _transported_frames(tangents: Array) -> tuple[Array, Array]:
    """Two unit vectors across the curve at each sample, without twist."""
    side = np.cross(tangents[0], (1.0, 0.0, 0.0) if abs(tangents[0, 0]) < 0.9 else (0.0, 1.0, 0.0))
    sides = np.empty_like(tangents)
    for k, tangent in enumerate(tangents):
        side = side - tangent * float(side @ tangent)
        side = side / np.linalg.norm(side)
        sides[k] = side
    return sides, np.cross(tangents, sides)


def dome_profile(radius: float, base: float, height: float, corner: float, steps: int = 5) -> list[tuple[float, float]]:
    """Profile of a cylinder from ``base`` to ``height`` whose top edge is rounded by ``corner``; ends on the axis."""
    angles = np.linspace(0.0, np.pi / 2, steps)
    edge = [(radius - corner * (1 - np.cos(a)), height - corner * (1 - np.sin(a))) for a in angles]
    return [(radius, base), *((float(r), float(z)) for r, z in edge), (0.0, height)]


Rectangle = tuple[float, float, float, float]
COLUMNS: tuple[Rectangle, ...] = tuple((k / 6, 0.0, (k + 1) / 6, 1.0) for k in range(6))


def rounded_box(size: ArrayLike, radius: float, steps: int = 3, layout: Sequence[Rectangle] = COLUMNS) -> Mesh:
    """A box of full ``size: (3,)`` with its edges rounded by ``radius``, centred at the origin.

    ``layout`` gives the rectangle ``(u0, v0, u1, v1)`` of the texture for the faces +x, -x, +y, -y, +z, -z; seen from
    outside, u runs to the right and v up (z up on the sides, y up on +-z).
    """
    half = np.asarray(size, dtype=np.float64) / 2
    patches = [_box_face(half, radius, steps, axis, sign) for axis in range(3) for sign in (1.0, -1.0)]
    return joined(
        [
            Mesh(p.vertices, p.normals, p.faces, np.array((u0, v0)) + p.texcoords * (u1 - u0, v1 - v0))
            for p, (u0, v0, u1, v1) in zip(patches, layout, strict=True)
        ]
    )


def _box_face(half: Array, radius: float, steps: int, axis: int, sign: float) -> Mesh:
    """One face with its half of the rounded edges, as a grid projected from the inner box."""
    right, up = _FACE_AXES[axis]
    across = np.array(right) * (sign if axis != 1 else -sign)
    upward = np.array(up, dtype=np.float64)
    outward = np.zeros(3)
    outward[axis] = sign
    bend = np.tan(np.linspace(0.0, np.pi / 4, steps + 1))[1:]
    inner_a = float(np.abs(across) @ half) - radius
    inner_b = float(np.abs(upward) @ half) - radius
    grid_a = np.concatenate([-bend[::-1], [0.0, 0.0], bend])
    base_a = np.concatenate([np.full(steps + 1, -inner_a), np.full(steps + 1, inner_a)])
    base_b = np.concatenate([np.full(steps + 1, -inner_b), np.full(steps + 1, inner_b)])
    a, b = np.meshgrid(grid_a, grid_a, indexing="xy")
    normals = outward + a[..., None] * across + b[..., None] * upward
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    core = outward * (half[axis] - radius) + base_a[None, :, None] * across + base_b[:, None, None] * upward
    vertices = core + radius * normals
    u = 0.5 + 0.5 * (vertices @ across) / (inner_a + radius)
    v = 0.5 + 0.5 * (vertices @ upward) / (inner_b + radius)
    count = len(grid_a)
    pairs = [(k, k + 1) for k in range(count - 1)]
    faces = _strip_faces(pairs, count - 1, np.zeros(count, dtype=np.bool_))
    return Mesh(vertices.reshape(-1, 3), normals.reshape(-1, 3), faces, np.column_stack([u.ravel(), v.ravel()]))


def sheet(width: float, height: float, cells: int = 8) -> Mesh:
    """A rectangle in the plane z = 0 facing up, ``width`` along x and ``height`` along y, texture once over it."""
    u, v = np.meshgrid(np.linspace(0.0, 1.0, cells + 1), np.linspace(0.0, 1.0, cells + 1))
    vertices = np.column_stack([(u.ravel() - 0.5) * width, (v.ravel() - 0.5) * height, np.zeros(u.size)])
    pairs = [(k, k + 1) for k in range(cells)]
    faces = _strip_faces(pairs, cells, np.zeros(cells + 1, dtype=np.bool_))
    normals = np.tile([0.0, 0.0, 1.0], (u.size, 1))
    return Mesh(vertices, normals, faces, np.column_stack([u.ravel(), v.ravel()]))


_FACE_AXES: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = (
    ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)),
    ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
)
"""Right and up, seen from outside the positive face, of the x, y and z faces (y's right is turned about)."""
