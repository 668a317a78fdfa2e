"""Pairs of images of simulated episodes with pixels that truly correspond, for evaluation only. Privileged.

Points are drawn uniformly from the surface of an object, low-texture faces included; a point counts when both
images show it, by exact depth. A plate looks the same however it is turned: any point of its circle is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.correspondence.pairs import FrameRef, PointPair
from core.episodes.reader import EpisodeReader
from core.episodes.truth import read_truth
from core.errors import InputError
from core.geometry import SE3, Array, PinholeCamera
from robot.simulation.privileged import PrivilegedCamera, PrivilegedView
from robot.simulation.surfaces import triangles_of, uniform_points

_SEEN_WITHIN_M = 0.003
_CIRCLE = 72
_TRIES = 40
_FEWEST_POINTS = 12


@dataclass(slots=True)
class _Episode:
    id: str
    path: str
    reader: EpisodeReader
    truth: Mapping[str, NDArray[np.float64]]
    camera: PrivilegedCamera


class GroundTruthPairs:
    """Draws pairs from simulated episodes, of all objects or of ``only`` one; close it after use."""

    def __init__(
        self, episodes: Sequence[tuple[str, str]], roles: Sequence[str], cache_dir: Path | None, only: str = ""
    ) -> None:
        self._roles = tuple(roles)
        self._only = only
        self._cameras: dict[tuple[str, tuple[str, ...]], PrivilegedCamera] = {}
        self._surfaces: dict[tuple[str, str], Array] = {}
        self._episodes = [self._open(each, path, cache_dir) for each, path in episodes]

    def _open(self, episode_id: str, path: str, cache_dir: Path | None) -> _Episode:
        reader = EpisodeReader(Path(path), cache_dir)
        metadata = reader.metadata
        if not metadata.simulated:
            raise InputError(
                f"Episode {episode_id} is not simulated, so nobody knows where its objects were; label points instead."
            )
        key = (metadata.task, metadata.visuals)
        if key not in self._cameras:
            self._cameras[key] = PrivilegedCamera(*key)
        return _Episode(episode_id, path, reader, read_truth(Path(path)), self._cameras[key])

    def draw(self, count: int, points: int, seed: int, *, same_scene: bool = False) -> list[PointPair]:
        """``count`` pairs of up to ``points`` points; across scenes both images are of different episodes."""
        rng = np.random.default_rng(seed)
        found: list[PointPair] = []
        for _ in range(count * _TRIES):
            if len(found) == count:
                break
            pair = self._pair(points, rng, same_scene)
            if pair is not None:
                found.append(pair)
        if not found:
            raise InputError("No two images of these episodes show a common part of an object; record more episodes.")
        return found

    def _pair(self, points: int, rng: np.random.Generator, same_scene: bool) -> PointPair | None:
        first = self._episodes[int(rng.integers(len(self._episodes)))]
        second = first if same_scene else self._episodes[int(rng.integers(len(self._episodes)))]
        if (first is second) != same_scene:
            return None
        common = sorted(name for name in first.truth if name in second.truth and self._may_be(name))
        if not common:
            return None
        name = str(rng.choice(common))
        a, b = self._moment(first, name, rng), self._moment(second, name, rng)
        p_O = uniform_points(self._surface(first, name), 6 * points, rng)
        uv_a, seen_a = a.see(p_O)
        ring = _alternatives(p_O, second.camera.turns_alike(name))
        uv_b, seen_b = b.see(ring.reshape(-1, 3))
        uv_b = np.where(seen_b[:, None], uv_b, np.nan).reshape(len(p_O), -1, 2)
        kept = np.flatnonzero(seen_a & seen_b.reshape(len(p_O), -1)[:, 0])[:points]
        if len(kept) < _FEWEST_POINTS:
            return None
        return PointPair(a.ref, b.ref, uv_a[kept], uv_b[kept], "simulation", same_scene, name)

    def _may_be(self, name: str) -> bool:
        return name != "stamp_ns" and self._only in ("", name)

    def _surface(self, episode: _Episode, name: str) -> Array:
        key = (episode.reader.metadata.task, name)
        if key not in self._surfaces:
            self._surfaces[key] = triangles_of(episode.camera.model, name)
        return self._surfaces[key]

    def _moment(self, episode: _Episode, name: str, rng: np.random.Generator) -> _Moment:
        reader = episode.reader
        role = str(rng.choice([role for role in self._roles if role in reader.cameras]))
        frame = int(rng.integers(reader.frame_count(role)))
        stamp = int(reader.stamps(role)[frame])
        row = min(int(np.searchsorted(episode.truth["stamp_ns"], stamp)), len(episode.truth["stamp_ns"]) - 1)
        poses = {key: tuple(value[row]) for key, value in episode.truth.items() if key != "stamp_ns"}
        metadata = reader.metadata
        episode.camera.dress(metadata.seed or 0, metadata.distribution or "train")
        view = episode.camera.view(role, *reader.joints_at(stamp), poses)
        ref = FrameRef(episode.id, episode.path, role, frame)
        return _Moment(ref, view, reader.X_WC(role, frame), SE3.from_array(poses[name]), reader.cameras[role].pinhole)

    def close(self) -> None:
        for camera in self._cameras.values():
            camera.close()
        for episode in self._episodes:
            episode.reader.close()


@dataclass(frozen=True, slots=True)
class _Moment:
    ref: FrameRef
    view: PrivilegedView
    X_WC: SE3
    X_WO: SE3
    pinhole: PinholeCamera

    def see(self, p_O: Array) -> tuple[Array, NDArray[np.bool_]]:
        """Pixels ``(N, 2)`` of points in the object's frame and whether the image shows them."""
        uv, z = self.pinhole.project(self.X_WC.inverse() @ (self.X_WO @ p_O))
        height, width = self.view.depth_m.shape
        u, v = np.rint(uv[:, 0]).astype(np.int64), np.rint(uv[:, 1]).astype(np.int64)
        within = (z > 0) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
        drawn = self.view.depth_m[np.clip(v, 0, height - 1), np.clip(u, 0, width - 1)]
        return uv, within & (np.abs(drawn - z) < _SEEN_WITHIN_M)


def _alternatives(p_O: Array, turns: bool) -> Array:
    """Points ``(N, K, 3)`` that look the same."""
    if not turns:
        return p_O[:, None]
    angles = np.linspace(0.0, 2 * np.pi, _CIRCLE, endpoint=False)
    radius, start = np.hypot(p_O[:, 0], p_O[:, 1]), np.arctan2(p_O[:, 1], p_O[:, 0])
    around = start[:, None] + angles
    z = np.broadcast_to(p_O[:, 2:3], around.shape)
    return np.stack([radius[:, None] * np.cos(around), radius[:, None] * np.sin(around), z], axis=-1)
