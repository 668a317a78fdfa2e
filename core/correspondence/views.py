"""Images, depths, masks and poses of a data set, prepared once at the network's size and kept in the cache.

Only what a camera gives is here: recorded colour and depth, intrinsics, poses, and masks made from them.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS
from core.correspondence.config import EpisodeSpan, NetworkConfig
from core.correspondence.empty_workspace import EmptyWorkspace
from core.correspondence.mask_correction import Layers, corrected
from core.correspondence.masks import SMALLEST_MASK, MaskConfig, object_mask
from core.correspondence.pairs import is_black
from core.correspondence.robot_shape import RobotShape
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError
from core.geometry import SE3
from core.messages import CameraInfo, Floats

_INDEX, _ARRAYS = "views.json", ("rgb", "depth", "mask")


class ViewInfo(msgspec.Struct, frozen=True):
    """One prepared image. ``camera`` has the prepared size; ``frame`` is its number in the episode."""

    episode: str
    moment: int
    role: str
    frame: int
    camera: CameraInfo
    X_WC: Floats
    coverage: float


class ViewIndex(msgspec.Struct, frozen=True):
    """What a prepared folder holds, in the order of its arrays."""

    views: tuple[ViewInfo, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ViewSet:
    """Prepared views. ``rgb: (N, H, W, 3) uint8``, ``depth: (N, H, W) float32`` metres with 0 unknown,
    ``mask: (N, H, W) bool``; arrays stay on disk until they are touched."""

    index: ViewIndex
    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    mask: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.index.views)

    def moments(self) -> dict[tuple[str, int], list[int]]:
        """Views of one moment of one episode, by (episode, moment)."""
        found: dict[tuple[str, int], list[int]] = {}
        for position, view in enumerate(self.index.views):
            found.setdefault((view.episode, view.moment), []).append(position)
        return found

    def split(self, validation_fraction: float, seed: int) -> tuple[list[int], list[int]]:
        """Positions to train on and to validate on; whole episodes go to one side, at least one to each if it can."""
        episodes = sorted({view.episode for view in self.index.views})
        count = min(max(1, round(validation_fraction * len(episodes))), len(episodes) - 1)
        chosen = set(np.random.default_rng(seed).permutation(episodes)[:count].tolist()) if count > 0 else set()
        train = [k for k, view in enumerate(self.index.views) if view.episode not in chosen]
        held_out = [k for k, view in enumerate(self.index.views) if view.episode in chosen]
        return train, held_out


def scaled_camera(camera: CameraInfo, width: int, height: int) -> CameraInfo:
    """The same camera with its images resized; pixel centres stay at integers."""
    sx, sy = width / camera.width, height / camera.height
    return msgspec.structs.replace(
        camera,
        width=width,
        height=height,
        fx=camera.fx * sx,
        fy=camera.fy * sy,
        cx=(camera.cx + 0.5) * sx - 0.5,
        cy=(camera.cy + 0.5) * sy - 0.5,
    )


def resized_rgb(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resize by area, as descriptor networks see images."""
    if rgb.shape[:2] == (height, width):
        return rgb
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def resized_depth(depth: NDArray[np.uint16], width: int, height: int) -> NDArray[np.uint16]:
    """Resize by nearest pixel: depths are never mixed."""
    if depth.shape == (height, width):
        return depth
    return np.asarray(cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint16)


@dataclass(frozen=True, slots=True)
class Preparation:
    """How views are prepared."""

    network: NetworkConfig
    moments: int
    roles: tuple[str, ...]
    masks: MaskConfig = field(default_factory=MaskConfig)

    def key(self, episodes: Sequence[EpisodeSpan], capture: EmptyWorkspace) -> str:
        """Names the folder: the same data prepared in the same way have the same key."""
        size = (self.network.width, self.network.height)
        what = (2, size, self.moments, self.roles, msgspec.to_builtins(self.masks), capture.info.id)
        text = msgspec.json.encode((what, [msgspec.to_builtins(each) for each in episodes]))
        return hashlib.sha256(text).hexdigest()[:26]


def prepare(
    episodes: Sequence[EpisodeSpan],
    preparation: Preparation,
    capture: EmptyWorkspace,
    robot: RobotShape,
    cache_dir: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ViewSet:
    """Prepare a data set's views, or find them prepared. InputError when nothing can be learned from it."""

    def build(folder: Path) -> None:
        _build(folder, episodes, preparation, capture, robot, cache_dir, progress)

    return load(made_once(cache_dir / "views" / preparation.key(episodes, capture), build))


def made_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """The folder, built beside its place and renamed when it is whole, unless it is there already."""
    if (folder / _INDEX).exists():
        return folder
    partial = folder.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    try:
        build(partial)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    partial.rename(folder)
    return folder


def load(folder: Path) -> ViewSet:
    """The views of a folder that ``save`` wrote."""
    index = msgspec.json.decode((folder / _INDEX).read_bytes(), type=ViewIndex)
    arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in _ARRAYS]
    return ViewSet(index, arrays[0], arrays[1], arrays[2])


def save(folder: Path, index: ViewIndex, images: Sequence[tuple[Any, Any, Any]]) -> None:
    """Write views: their index, and of each ``rgb``, ``depth`` and ``mask`` as in a ``ViewSet``."""
    for position, name in enumerate(_ARRAYS):
        np.save(folder / f"{name}.npy", np.stack([each[position] for each in images]))
    (folder / _INDEX).write_bytes(msgspec.json.encode(index))


def _build(
    folder: Path,
    episodes: Sequence[EpisodeSpan],
    preparation: Preparation,
    capture: EmptyWorkspace,
    robot: RobotShape,
    cache_dir: Path,
    progress: Callable[[int, int], None],
) -> None:
    views: list[ViewInfo] = []
    left_out: list[str] = []
    collected: list[tuple[Any, Any, Any]] = []
    for number, span in enumerate(episodes):
        progress(number, len(episodes))
        try:
            for view, arrays in _episode_views(span, preparation, capture, robot, cache_dir):
                views.append(view)
                collected.append(arrays)
        except (InputError, EpisodeFileError) as error:
            left_out.append(str(error))
    progress(len(episodes), len(episodes))
    if not views:
        reason = left_out[0] if left_out else "no image shows an object before the empty workspace; record some."
        raise InputError(f"There is nothing to learn correspondence from: {reason}")
    save(folder, ViewIndex(tuple(views), tuple(left_out)), collected)


def _episode_views(
    span: EpisodeSpan, preparation: Preparation, capture: EmptyWorkspace, robot: RobotShape, cache_dir: Path
) -> list[tuple[ViewInfo, tuple[Any, Any, Any]]]:
    found = []
    width, height = preparation.network.width, preparation.network.height
    with EpisodeReader(Path(span.path), cache_dir) as reader:
        roles = [role for role in preparation.roles if role in reader.cameras and reader.frame_count(role)]
        if not roles:
            raise InputError(f"Episode {span.id} has no images of the cameras {', '.join(preparation.roles)}.")
        for role in roles:
            if not capture.matches(reader.cameras[role]):
                raise InputError(
                    f"Episode {span.id} was recorded with another {role} camera pose than the empty workspace; "
                    "capture the empty workspace again."
                )
        hand = corrections_of(reader, span)
        for moment, (stamp_ns, seen) in enumerate(_moments(reader, span, roles, preparation.moments)):
            robot_W = robot.triangles(*reader.joints_at(stamp_ns))
            for role, position in seen:
                frame = reader.frame(role, position)
                if frame.depth is None:
                    raise InputError(
                        f"Episode {span.id} has no depth images of the {role} camera; record it with depth."
                    )
                if is_black(frame.rgb):
                    raise InputError(
                        f"Episode {span.id} has black images of the {role} camera; uncover it or add light."
                    )
                camera = scaled_camera(reader.cameras[role], width, height)
                depth = resized_depth(frame.depth, width, height)
                empty = resized_depth(capture.depth[role], width, height)
                mask = object_mask(depth, camera, frame.X_WC, empty, robot_W, preparation.masks)
                if (role, position) in hand:
                    mask = corrected(mask, hand[role, position])
                if mask.mean() < SMALLEST_MASK:
                    continue
                metres = (depth * np.float32(camera.depth_scale_m)).astype(np.float32)
                info = ViewInfo(span.id, moment, role, position, camera, frame.X_WC.as_tuple(), float(mask.mean()))
                found.append((info, (resized_rgb(frame.rgb, width, height), metres, mask)))
    return found


def corrections_of(reader: EpisodeReader, span: EpisodeSpan) -> dict[tuple[str, int], Layers]:
    """What a hand said of images, by camera and frame. InputError when it cannot be of this episode's images."""
    for each in span.corrections:
        camera = reader.cameras.get(each.role)
        fits = camera is not None and (each.width, each.height) == (camera.width, camera.height)
        if not fits or not 0 <= each.frame < reader.frame_count(each.role):
            raise InputError(
                f"The corrected mask of frame {each.frame} of the {each.role} camera does not fit the images of "
                f"episode {span.id}; take it back with 'As found' on the Correspondence page."
            )
    return {(each.role, each.frame): each.decoded() for each in span.corrections}


def frames_within(reader: EpisodeReader, span: EpisodeSpan, role: str) -> NDArray[np.int64]:
    """Numbers ``(N,)`` of a camera's frames between the trims."""
    stamps, (begin, end) = reader.stamps(role), trims(reader, span)
    return np.flatnonzero((stamps >= begin) & (stamps <= end))


def trims(reader: EpisodeReader, span: EpisodeSpan) -> tuple[int, int]:
    """The first and the last stamp (ns, session clock) that an episode's trims leave."""
    end = reader.end_ns if span.end_s is None else reader.start_ns + round(span.end_s * NANOSECONDS)
    return reader.start_ns + round(span.start_s * NANOSECONDS), end


def _moments(
    reader: EpisodeReader, span: EpisodeSpan, roles: Sequence[str], count: int
) -> list[tuple[int, tuple[tuple[str, int], ...]]]:
    """Stamps to look at, evenly spread ones and those of corrected masks, with the frames that saw each."""
    within = {role: frames_within(reader, span, role) for role in roles}
    spread = reader.stamps(roles[0])[within[roles[0]]]
    if spread.size:
        spread = spread[np.linspace(0, spread.size - 1, count).round().astype(np.int64)]
    hand = [each for each in span.corrections if each.frame in within.get(each.role, ())]
    stamps = {*spread.tolist(), *(int(reader.stamps(each.role)[each.frame]) for each in hand)}
    half_period_ns = 0.5 * NANOSECONDS / max(1.0, min(reader.cameras[role].rate_hz for role in roles))
    found: dict[tuple[tuple[str, int], ...], int] = {}
    for stamp_ns in sorted(stamps):
        apart = {role: np.abs(reader.stamps(role) - stamp_ns) for role in roles}
        seen = tuple((role, int(gaps.argmin())) for role, gaps in apart.items() if gaps.min() <= half_period_ns)
        found.setdefault(seen, stamp_ns)
    return [(stamp_ns, seen) for seen, stamp_ns in found.items()]


def X_WC_of(view: ViewInfo) -> SE3:
    """Where the camera was."""
    return SE3.from_array(view.X_WC)
