"""Pairs of images with pixels known to correspond: what descriptors are judged on, wherever the knowledge is from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.episodes.reader import EpisodeReader
from core.errors import InputError
from core.geometry import PinholeCamera
from core.messages import Frame

Pixels = NDArray[np.float64]
_DARK = 8
"""Of 255; a compressed black image has no brighter pixel."""


@dataclass(frozen=True, slots=True)
class FrameRef:
    """A stored image: an episode's file, a camera's role and the frame's number."""

    episode: str
    path: str
    role: str
    frame: int


@dataclass(frozen=True, slots=True, eq=False)
class PointPair:
    """``uv_source: (N, 2)``; ``uv_target: (N, K, 2)``: K pixels that are each right, NaN where there are fewer.

    ``origin`` says how they are known: "simulation", "reprojection" or "labels". ``same_scene``: one episode.
    """

    source: FrameRef
    target: FrameRef
    uv_source: Pixels
    uv_target: Pixels
    origin: str
    same_scene: bool
    object: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedFrame:
    """A frame with its camera. ``depth_m: (H, W) float32``, 0 unknown, or None."""

    frame: Frame
    camera: PinholeCamera
    depth_m: NDArray[np.float32] | None


def is_black(rgb: NDArray[np.uint8]) -> bool:
    """Whether an image shows nothing at all: a covered lens, no light, a camera that sends zeros."""
    return int(rgb.max()) < _DARK


class FrameLoader:
    """Reads frames, keeping the episodes open that were used last."""

    def __init__(self, cache_dir: Path | None = None, keep: int = 8) -> None:
        self._cache_dir = cache_dir
        self._keep = keep
        self._open: dict[str, EpisodeReader] = {}

    def reader(self, path: str) -> EpisodeReader:
        """The open episode of that path."""
        reader = self._open.pop(path, None) or EpisodeReader(Path(path), self._cache_dir)
        self._open[path] = reader
        while len(self._open) > self._keep:
            self._open.pop(next(iter(self._open))).close()
        return reader

    def load(self, ref: FrameRef) -> LoadedFrame:
        """InputError when the image is black or its camera's intrinsics cannot be."""
        reader = self.reader(ref.path)
        frame = reader.frame(ref.role, ref.frame)
        if is_black(frame.rgb):
            raise InputError(
                f"Frame {ref.frame} of the {ref.role} camera in episode {ref.episode} is black; choose another image."
            )
        info = reader.cameras[ref.role]
        depth = None if frame.depth is None else (frame.depth * np.float32(info.depth_scale_m)).astype(np.float32)
        return LoadedFrame(frame, info.pinhole, depth)

    def close(self) -> None:
        for reader in self._open.values():
            reader.close()
        self._open.clear()
