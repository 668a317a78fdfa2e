"""A static scene seen from many sides, fused to a surface, and pixels of its views that show the same point.

Florence, Manuelli, Tedrake 2018 (Dense Object Nets), section 3.2: matches of static scenes are found by ray casting and
reprojection against the dense model, with occlusion and field-of-view checks. Fusion: truncated signed distances in a
sparse voxel grid (Curless and Levoy 1996; open3d's ``VoxelBlockGrid``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.correspondence.crops import Picture
from core.correspondence.matching import Mask, Matches, Pixels, draw_pixels, holds
from core.correspondence.robot_shape import cast_depth
from core.errors import InputError
from core.geometry import SE3, Array
from core.messages import CameraInfo, Frame

_BLOCK = 16
_TRUNCATION_VOXELS = 4.0
_SEEN_SHARE, _FEWEST_SEEN, _MOST_SEEN = 0.1, 1.0, 3.0
"""A surface counts when a tenth of the images saw it, but at least one and never more than three."""
_LEVEL_COSINE, _LEVEL_M = 0.95, 0.004
"""How level a part of a table is, and within how much of its height it lies."""
_MARGIN_M = 0.004
"""How far before a point another surface must lie to hide it."""


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned box in W, metres: what of a scan is kept."""

    low_W: tuple[float, float, float]
    high_W: tuple[float, float, float]

    def contains(self, points_W: NDArray[Any]) -> Mask:
        """Which points ``(..., 3)`` lie in it."""
        return np.asarray(((points_W >= self.low_W) & (points_W <= self.high_W)).all(axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class ScanView(Picture):
    """One image of a scan, and from where it was taken."""

    camera: CameraInfo
    X_WC: SE3


class FusedScan:
    """A surface in W: ``vertices_W: (V, 3) float32`` metres and ``faces: (F, 3) uint32``."""

    def __init__(self, vertices_W: NDArray[np.float32], faces: NDArray[np.uint32]) -> None:
        import open3d as o3d

        self.vertices_W = np.ascontiguousarray(vertices_W, dtype=np.float32)
        self.faces = np.ascontiguousarray(faces, dtype=np.uint32)
        self._scene = o3d.t.geometry.RaycastingScene()
        self._scene.add_triangles(_tensor(self.vertices_W), _tensor(self.faces))

    @property
    def mesh(self) -> NDArray[np.float32]:
        """Triangles ``(F, 3, 3)`` in W, metres."""
        return np.asarray(self.vertices_W[self.faces])

    def depth_from(self, camera: CameraInfo, X_WC: SE3) -> NDArray[np.float32]:
        """Depth ``(H, W)`` in metres along the optical axis of a camera anywhere; infinite where nothing is."""
        return cast_depth(self._scene, camera, X_WC)

    def foreground(self, camera: CameraInfo, X_WC: SE3, floor_z_m: float) -> Mask:
        """Pixels ``(H, W)`` that show a surface higher than ``floor_z_m`` in W: the objects on a table."""
        depth = self.depth_from(camera, X_WC)
        found = np.isfinite(depth)
        height = _rays_W(_pixel_grid(camera), camera, X_WC)[..., 2] * np.where(found, depth, 0.0) + X_WC.p[2]
        return np.asarray(found & (height > floor_z_m))

    def table_z_m(self) -> float:
        """Height in W of the largest level surface, on which the objects stand. InputError when none is level."""
        corners = self.mesh.astype(np.float64)
        normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(normal, axis=1)
        level = np.abs(normal[:, 2]) > _LEVEL_COSINE * area
        if not level.any():
            raise InputError("The scan shows no level surface on which objects could stand; scan more of the table.")
        heights, areas = corners[level, :, 2].mean(axis=1), area[level]
        bins = np.arange(heights.min(), heights.max() + 2 * _LEVEL_M, _LEVEL_M)
        counts, edges = np.histogram(heights, bins, weights=areas)
        middle = edges[int(counts.argmax())] + _LEVEL_M / 2
        near = np.abs(heights - middle) < _LEVEL_M
        return float(np.average(heights[near], weights=areas[near]))

    def points_at(self, uv: Pixels, camera: CameraInfo, X_WC: SE3) -> tuple[Array, Mask]:
        """Points ``(N, 3)`` in W that pixels ``(N, 2)`` show, and which of them show any."""
        rays = _rays_W(uv, camera, X_WC)
        depth = self._cast(X_WC.p, rays)
        found = np.isfinite(depth)
        return X_WC.p + rays * np.where(found, depth, 0.0)[:, None], found

    def unhidden(self, points_W: Array, X_WC: SE3, margin_m: float = _MARGIN_M) -> Mask:
        """Which points ``(N, 3)`` no surface hides from a camera, whether or not it looks there."""
        rays = points_W - X_WC.p
        distance = np.linalg.norm(rays, axis=-1)
        return np.asarray(self._cast(X_WC.p, rays) * distance > distance - margin_m)

    def distance_to(self, points_W: NDArray[Any]) -> NDArray[np.float32]:
        """Distances ``(N,)`` in metres of points ``(N, 3)`` to the surface."""
        return np.asarray(self._scene.compute_distance(_tensor(np.asarray(points_W, dtype=np.float32))).numpy())

    def _cast(self, origin_W: Array, rays_W: Array) -> Array:
        """In lengths of each ray ``(N, 3)``, how far the first surface is; infinite where none is."""
        rays = np.concatenate([np.broadcast_to(origin_W, rays_W.shape), rays_W], axis=-1)
        hit = self._scene.cast_rays(_tensor(rays.astype(np.float32)))
        return np.asarray(hit["t_hit"].numpy(), dtype=np.float64)


def fuse(frames: Iterable[Frame], cameras: Mapping[str, CameraInfo], box: Box, voxel_m: float = 0.003) -> FusedScan:
    """The surface inside ``box`` that posed depth images agree on; frames name their camera by ``role``.

    InputError when an image has no depth, or when nothing was seen in the box.
    """
    grid = _grid(box, voxel_m)
    rays_C = {role: _rays_C(_pixel_grid(camera), camera).astype(np.float32) for role, camera in cameras.items()}
    count = 0
    for frame in frames:
        depth = _depth_in_box(frame, cameras[frame.role], rays_C[frame.role], box)
        if depth.any():
            _integrate(grid, depth, cameras[frame.role], frame.X_WC)
            count += 1
    if count == 0:
        raise InputError("No image of the scan shows anything in the workspace; check the camera poses and the box.")
    needed = min(max(_SEEN_SHARE * count, _FEWEST_SEEN), _MOST_SEEN)
    mesh = grid.extract_triangle_mesh(weight_threshold=needed - 0.5)
    if "indices" not in mesh.triangle:
        raise InputError("The images of the scan agree on no surface in the workspace; check the camera poses.")
    return FusedScan(mesh.vertex.positions.numpy(), mesh.triangle.indices.numpy().astype(np.uint32))


def _grid(box: Box, voxel_m: float) -> Any:
    """An empty voxel grid with room for the surfaces of the box."""
    import open3d as o3d

    sides = np.ceil(np.subtract(box.high_W, box.low_W) / (_BLOCK * voxel_m)) + 2
    new: Any = o3d.t.geometry.VoxelBlockGrid
    return new(
        ("tsdf", "weight"),
        (o3d.core.float32, o3d.core.float32),
        (1, 1),
        voxel_m,
        _BLOCK,
        int(min(sides.prod(), 20_000)),
    )


def _integrate(grid: Any, depth: NDArray[np.float32], camera: CameraInfo, X_WC: SE3) -> None:
    """Add a depth image ``(H, W)`` in metres.

    open3d truncates where it projects, so half a pixel is added for pixel centres at integers.
    """
    import open3d as o3d

    image = o3d.t.geometry.Image(_tensor(depth[..., None]))
    K = np.array([[camera.fx, 0, camera.cx + 0.5], [0, camera.fy, camera.cy + 0.5], [0, 0, 1]])
    pose = _tensor(K), _tensor(X_WC.inverse().as_matrix())
    scale = 1.0, float(depth.max()) + 0.01, _TRUNCATION_VOXELS
    grid.integrate(grid.compute_unique_block_coordinates(image, *pose, *scale), image, *pose, *scale)


def _depth_in_box(frame: Frame, camera: CameraInfo, rays_C: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """Depth ``(H, W)`` in metres of what lies in the box, 0 elsewhere."""
    if frame.depth is None:
        raise InputError(f"Image {frame.sequence} of the {frame.role} camera has no depth; scan with a depth camera.")
    depth = frame.depth.astype(np.float32) * np.float32(camera.depth_scale_m)
    rays_W = rays_C @ frame.X_WC.R.T.astype(np.float32)
    points_W = rays_W * depth[..., None] + frame.X_WC.p.astype(np.float32)
    return np.where(box.contains(points_W) & (depth > 0), depth, np.float32(0.0))


def _tensor(values: NDArray[Any]) -> Any:
    """An open3d tensor; its type stubs know no arrays."""
    import open3d as o3d

    new: Any = o3d.core.Tensor
    return new(np.ascontiguousarray(values))


def _pixel_grid(camera: CameraInfo) -> Pixels:
    """All pixels ``(H, W, 2)``."""
    v, u = np.indices((camera.height, camera.width), dtype=np.float64)
    return np.stack([u, v], axis=-1)


def _rays_C(uv: Pixels, camera: CameraInfo) -> Array:
    """Rays ``(..., 3)`` in C through pixels ``(..., 2)``, of length 1 along the optical axis."""
    return camera.pinhole.unproject(uv, np.ones(uv.shape[:-1]))


def _rays_W(uv: Pixels, camera: CameraInfo, X_WC: SE3) -> Array:
    """The same rays in W."""
    return np.asarray(_rays_C(uv, camera) @ X_WC.R.T)


def match_scan_views(scan: FusedScan, a: ScanView, b: ScanView, count: int, rng: np.random.Generator) -> Matches:
    """Up to ``count`` matches of pixels drawn from a's mask: those that b's mask holds and nothing hides from b."""
    uv_a = draw_pixels(a.mask, count, rng)
    points_W, found = scan.points_at(uv_a, a.camera, a.X_WC)
    uv_b, z_b = b.camera.pinhole.project(b.X_WC.inverse() @ points_W)
    seen = found & (z_b > 0)
    seen[seen] = holds(b.mask, uv_b[seen])
    seen[seen] = scan.unhidden(points_W[seen], b.X_WC)
    return Matches(uv_a[seen], uv_b[seen])
