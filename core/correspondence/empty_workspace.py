"""What the cameras see of the workspace when nothing lies in it: the background of 3-D background subtraction.

A capture is a folder: ``capture.json`` with the cameras as they were, and one PNG of depth for each. The robot is
taken out by its own geometry; what it hides is filled with the plane on which everything stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.robot_shape import RobotShape, robot_depth
from core.episodes.codecs import decode_depth, encode_depth
from core.errors import InputError, LibraryError
from core.geometry import SE3
from core.messages import CameraInfo

Depth = NDArray[np.uint16]
_MOVED_M, _MOVED_RAD = 0.002, 0.004
_HIDDEN_BEFORE_M = 0.02
_PLANE_WITHIN_M = 0.006
_NAME = "capture.json"


class CaptureInfo(msgspec.Struct, frozen=True):
    """What ``capture.json`` says."""

    id: str
    created_utc_ns: int
    rig: str
    cameras: tuple[CameraInfo, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EmptyWorkspace:
    """A capture: ``depth[role]: (H, W) uint16`` in the camera's own units, 0 where nothing is known."""

    info: CaptureInfo
    depth: Mapping[str, Depth]

    def camera(self, role: str) -> CameraInfo | None:
        return next((camera for camera in self.info.cameras if camera.role == role), None)

    def matches(self, camera: CameraInfo) -> bool:
        """Whether a fixed camera stands where it stood, with the intrinsics that it had."""
        known = self.camera(camera.role)
        if known is None or known.X_WC is None or camera.X_WC is None or known.pinhole != camera.pinhole:
            return False
        moved_m, moved_rad = SE3.from_array(known.X_WC).distance(SE3.from_array(camera.X_WC))
        return moved_m < _MOVED_M and moved_rad < _MOVED_RAD

    def save(self, folder: Path) -> None:
        """Write into a folder that does not exist yet."""
        folder.mkdir(mode=0o700, parents=True)
        for role, depth in self.depth.items():
            (folder / f"{role}.depth.png").write_bytes(encode_depth(depth))
        (folder / _NAME).write_bytes(msgspec.json.format(msgspec.json.encode(self.info)))

    @staticmethod
    def load(folder: Path) -> EmptyWorkspace:
        """Read a capture; LibraryError says what is wrong with it."""
        try:
            info = msgspec.json.decode((folder / _NAME).read_bytes(), type=CaptureInfo)
            depth = {
                camera.role: decode_depth(
                    (folder / f"{camera.role}.depth.png").read_bytes(), camera.width, camera.height
                )
                for camera in info.cameras
            }
        except (OSError, msgspec.MsgspecError) as error:
            raise LibraryError(
                f"The empty-workspace capture {folder.name} cannot be read ({error}); capture it again."
            ) from None
        return EmptyWorkspace(info, depth)


def newest_capture(folder: Path, cameras: Sequence[CameraInfo]) -> EmptyWorkspace | None:
    """The newest capture under ``folder`` that matches all of these cameras; None when there is none."""
    if not folder.exists():
        return None
    for each in sorted(folder.iterdir(), reverse=True):
        if (each / _NAME).exists():
            capture = EmptyWorkspace.load(each)
            if all(capture.matches(camera) for camera in cameras):
                return capture
    return None


def make_capture(
    info: CaptureInfo,
    stacks: Mapping[str, Sequence[Depth]],
    q: Sequence[float],
    gripper_width_m: float,
    robot: RobotShape,
) -> EmptyWorkspace:
    """Fuse depth images of each camera, taken while nothing moved, into a capture.

    The median of the valid depths of a pixel counts. ``q``: the arm's joints meanwhile. InputError when a camera moves
    with the arm or saw nothing.
    """
    depths = {}
    for camera in info.cameras:
        if camera.X_WC is None:
            raise InputError(f"The camera '{camera.role}' moves with the arm; capture the fixed cameras only.")
        depth = _median(stacks[camera.role])
        if not depth.any():
            raise InputError(f"The camera '{camera.role}' sees no depth at all; check it and capture again.")
        hidden = robot_depth(camera, SE3.from_array(camera.X_WC), robot.triangles(q, gripper_width_m))
        hides = depth * camera.depth_scale_m > hidden - _HIDDEN_BEFORE_M
        depths[camera.role] = _fill_with_plane(np.where(hides, 0, depth).astype(np.uint16), camera)
    return EmptyWorkspace(info, depths)


def _median(stack: Sequence[Depth]) -> Depth:
    """Median over time of the valid depths of every pixel; 0 where none was."""
    values = np.stack([np.where(depth > 0, depth, np.nan) for depth in stack]).astype(np.float32)
    with np.errstate(all="ignore"):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a pixel that never had depth
            median = np.nanmedian(values, axis=0)
    return np.nan_to_num(median, nan=0.0).astype(np.uint16)


def _fill_with_plane(depth: Depth, camera: CameraInfo) -> Depth:
    """Pixels without depth take that of the plane that most of the picture lies in (RANSAC by open3d)."""
    import open3d as o3d

    pinhole = camera.pinhole
    v, u = np.nonzero(depth)
    points_C = pinhole.unproject(np.stack([u, v], axis=-1), depth[v, u] * camera.depth_scale_m)
    cloud = o3d.t.geometry.PointCloud(o3d.core.Tensor.from_numpy(points_C[::7].astype(np.float32)))
    plane, _ = cloud.segment_plane(distance_threshold=_PLANE_WITHIN_M, ransac_n=3, num_iterations=300)
    a, b, c, d = plane.numpy().tolist()
    v, u = np.nonzero(depth == 0)
    rays = pinhole.unproject(np.stack([u, v], axis=-1), np.ones(u.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = -d / (rays @ np.array([a, b, c]))
    filled = depth.copy()
    filled[v, u] = np.where((z > 0) & (z < 60.0), z / camera.depth_scale_m, 0).astype(np.uint16)
    return filled
