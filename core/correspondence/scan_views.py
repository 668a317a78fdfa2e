"""Scans of a data set, prepared once and kept in the cache: the fused surface, and images with masks made from it.

Only what a camera gives is here. A pixel shows an object when the fused surface there is higher than the table and the
robot's own fingers are not before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.comparisons import ScannedScene
from core.correspondence.config import EpisodeSpan, NetworkConfig
from core.correspondence.mask_correction import corrected
from core.correspondence.masks import SMALLEST_MASK, MaskConfig
from core.correspondence.matching import Mask
from core.correspondence.pairs import is_black
from core.correspondence.robot_shape import RobotShape, robot_depth
from core.correspondence.scans import Box, FusedScan, ScanView, fuse
from core.correspondence.views import (
    ViewIndex,
    ViewInfo,
    ViewSet,
    X_WC_of,
    corrections_of,
    frames_within,
    load,
    made_once,
    resized_depth,
    resized_rgb,
    save,
    scaled_camera,
)
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError
from core.messages import CameraInfo, Frame

Progress = Callable[[int, int], None]
_SURFACE, _OBJECTS = "surface.npz", "objects.json"
_ABOVE_TABLE_M = 0.008
"""Lower than this the table and an object's foot cannot be told apart."""
_ROBOT_RIM_PX = 4
"""How far the robot's edges blur, pixels of the prepared image."""


class StoredViews(Sequence[ScanView]):
    """The images of a prepared scan, read when they are asked for."""

    def __init__(self, views: ViewSet) -> None:
        self._views = views

    def __len__(self) -> int:
        return len(self._views)

    def __getitem__(self, k: int) -> ScanView:  # type: ignore[override]
        views, info = self._views, self._views.index.views[k]
        rgb, mask, depth = (np.asarray(each[k]) for each in (views.rgb, views.mask, views.depth))
        return ScanView(rgb, mask, depth, info.camera, X_WC_of(info))


class _Some(Sequence[ScanView]):
    """Some of the images of a scene, in this order."""

    def __init__(self, views: Sequence[ScanView], positions: Sequence[int]) -> None:
        self._views = views
        self._positions = positions

    def __len__(self) -> int:
        return len(self._positions)

    def __getitem__(self, k: int) -> ScanView:  # type: ignore[override]
        return self._views[self._positions[k]]


def split(scene: ScannedScene, validation_fraction: float, seed: int) -> tuple[ScannedScene, ScannedScene]:
    """The same scene with the views to train on and with those held out: at least two of each, if it can."""
    order = np.random.default_rng(seed).permutation(len(scene.views)).tolist()
    count = min(max(2, round(validation_fraction * len(order))), max(0, len(order) - 2))
    held_out, train = sorted(order[:count]), sorted(order[count:])
    return replace(scene, views=_Some(scene.views, train)), replace(scene, views=_Some(scene.views, held_out))


def prepare_scans(
    scans: Sequence[EpisodeSpan],
    network: NetworkConfig,
    robot: RobotShape,
    cache_dir: Path,
    progress: Callable[[int, int, int], None] = lambda scan, done, total: None,
) -> tuple[list[ScannedScene], list[str]]:
    """Scans ready to be compared, and why others were left out.

    ``progress`` hears of the scan's number, from 1, and how many of its images were seen, each being looked at twice.
    """
    scenes: list[ScannedScene] = []
    left_out: list[str] = []
    for number, span in enumerate(scans, start=1):
        try:
            scenes.append(_prepare(span, network, robot, cache_dir, partial(progress, number)))
        except (InputError, EpisodeFileError) as error:
            left_out.append(f"Scan {span.id} is left out. {error}")
    return scenes, left_out


def _prepare(
    span: EpisodeSpan, network: NetworkConfig, robot: RobotShape, cache_dir: Path, progress: Progress
) -> ScannedScene:
    key = msgspec.json.encode((1, network.width, network.height, MaskConfig(), span))
    folder = cache_dir / "scans" / hashlib.sha256(key).hexdigest()[:26]
    made_once(folder, lambda beside: _build(beside, span, network, robot, cache_dir, progress))
    with np.load(folder / _SURFACE) as surface:
        fused = FusedScan(surface["vertices_W"], surface["faces"])
    objects = msgspec.json.decode((folder / _OBJECTS).read_bytes(), type=frozenset[str])
    return ScannedScene(fused, StoredViews(load(folder)), objects)


def _build(
    folder: Path, span: EpisodeSpan, network: NetworkConfig, robot: RobotShape, cache_dir: Path, progress: Progress
) -> None:
    with EpisodeReader(Path(span.path), cache_dir) as reader:
        scan = _Reading(reader, span, network, robot, progress)
        box = Box(MaskConfig().low_W, MaskConfig().high_W)
        fused = fuse(scan.frames_without_robot(), {scan.role: scan.camera}, box)
        floor_z_m = fused.table_z_m() + _ABOVE_TABLE_M
        found = [(info, images) for info, images in scan.views(fused, floor_z_m) if info.coverage >= SMALLEST_MASK]
        if len(found) < 2:
            raise InputError("Its images show no object higher than the table; scan with the objects in view.")
        (folder / _OBJECTS).write_bytes(msgspec.json.encode(reader.metadata.objects))
    np.savez(folder / _SURFACE, vertices_W=fused.vertices_W, faces=fused.faces)
    save(folder, ViewIndex(tuple(info for info, _ in found)), [images for _, images in found])


class _Reading:
    """The images of one scan as they are prepared."""

    def __init__(
        self, reader: EpisodeReader, span: EpisodeSpan, network: NetworkConfig, robot: RobotShape, progress: Progress
    ) -> None:
        roles = [role for role, camera in reader.cameras.items() if camera.X_EC is not None]
        if not roles or not reader.metadata.objects:
            raise InputError("It has no images of a camera on the hand, or names no objects; scan the scene again.")
        self.role = roles[0]
        self.camera = reader.cameras[self.role]
        self._small = scaled_camera(self.camera, network.width, network.height)
        self._reader, self._span = reader, span
        self._positions: list[int] = frames_within(reader, span, self.role).tolist()
        self._progress, self._seen = progress, 0
        self._shape = robot
        self._hidden: dict[int, Mask] = {}
        self._hand = corrections_of(reader, span)

    def frames_without_robot(self) -> Iterator[Frame]:
        """All images, their depth unknown where the robot is."""
        size = (self.camera.width, self.camera.height)
        for frame, hidden in self._images():
            if frame.depth is None:
                raise InputError("It has no depth; scan with a depth camera.")
            if is_black(frame.rgb):
                raise InputError("It has black images; uncover the camera or add light, and scan again.")
            covered = cv2.resize(hidden.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
            yield replace(frame, depth=np.where(covered > 0, np.uint16(0), frame.depth))

    def views(
        self, fused: FusedScan, floor_z_m: float
    ) -> Iterator[tuple[ViewInfo, tuple[NDArray[np.uint8], NDArray[np.float32], Mask]]]:
        """Every image at the network's size, with what it shows of the objects."""
        small = self._small
        for number, (frame, hidden) in enumerate(self._images()):
            mask = fused.foreground(small, frame.X_WC, floor_z_m) & ~hidden
            said = self._hand.get((self.role, self._positions[number]))
            mask = mask if said is None else corrected(mask, said)
            coverage, pose = float(mask.mean()), frame.X_WC.as_tuple()
            info = ViewInfo(self._span.id, number, self.role, self._positions[number], small, pose, coverage)
            yield info, (resized_rgb(frame.rgb, small.width, small.height), self._depth(frame, small), mask)

    def _images(self) -> Iterator[tuple[Frame, Mask]]:
        """Every image, and where at the network's size the robot hides what is behind it."""
        for position in self._positions:
            if position not in self._hidden:
                self._hidden[position] = self._robot_mask(position)
            yield self._reader.frame(self.role, position), self._hidden[position]
            self._seen += 1
            self._progress(self._seen, 2 * len(self._positions))

    def _depth(self, frame: Frame, small: CameraInfo) -> NDArray[np.float32]:
        depth = np.zeros((small.height, small.width), np.uint16) if frame.depth is None else frame.depth
        metres = resized_depth(depth, small.width, small.height) * np.float32(small.depth_scale_m)
        return np.asarray(metres, dtype=np.float32)

    def _robot_mask(self, position: int) -> Mask:
        """Pixels of the prepared image in which the robot is seen, with a rim."""
        stamp_ns = int(self._reader.stamps(self.role)[position])
        triangles_W = self._shape.triangles(*self._reader.joints_at(stamp_ns))
        seen = np.isfinite(robot_depth(self._small, self._reader.X_WC(self.role, position), triangles_W))
        rim = np.ones((2 * _ROBOT_RIM_PX + 1, 2 * _ROBOT_RIM_PX + 1), np.uint8)
        return np.asarray(cv2.dilate(seen.astype(np.uint8), rim) > 0)
