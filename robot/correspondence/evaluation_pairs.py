"""Pairs to judge descriptors on: from the simulation's ground truth, from labels, or by reprojection within a scene."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.correspondence.config import LAPTOP, EpisodeSpan, NetworkConfig
from core.correspondence.empty_workspace import EmptyWorkspace, newest_capture
from core.correspondence.matching import match_views
from core.correspondence.pairs import FrameRef, PointPair
from core.correspondence.views import Preparation, ViewSet, prepare
from core.episodes.reader import EpisodeReader
from core.errors import InputError
from core.messages import CameraInfo
from robot.correspondence.shape import IiwaShape

if TYPE_CHECKING:
    from core.library.library import Library

_MOST_EPISODES, _MOMENTS = 12, 4
_FEWEST_POINTS = 8


class Known(StrEnum):
    """Who knows what corresponds."""

    SIMULATION = "simulation"
    LABELS = "labels"
    REPROJECTION = "reprojection"


def evaluation_pairs(
    library: Library,
    episodes: Sequence[EpisodeSpan],
    known: Known | None,
    pairs: int,
    points: int,
    seed: int,
    *,
    same_scene: bool,
) -> list[PointPair]:
    """Up to ``pairs`` pairs of up to ``points`` points. Unless ``known`` says otherwise, the simulation where there is
    one, else labels. InputError when nobody knows what corresponds."""
    if known is Known.LABELS:
        return _labelled(library, episodes)
    shown = [span for span in episodes if not span.scan]
    cameras, simulated = _cameras(shown, library.cache)
    if known is None and not simulated:
        return _labelled(library, episodes)
    if known is Known.REPROJECTION:
        return _reprojected(library, shown, cameras, pairs, points, seed)
    if not simulated:
        raise InputError("These episodes are not simulated; label points in the inspector, or use --by reprojection.")
    from robot.simulation.ground_truth import GroundTruthPairs

    roles = [camera.role for camera in cameras]
    drawn = GroundTruthPairs([(span.id, span.path) for span in simulated], roles, library.cache)
    try:
        return drawn.draw(pairs, points, seed, same_scene=same_scene)
    finally:
        drawn.close()


def _labelled(library: Library, episodes: Sequence[EpisodeSpan]) -> list[PointPair]:
    ours = {span.id for span in episodes}
    found = [pair for pair in library.annotations.pairs() if {pair.source.episode, pair.target.episode} <= ours]
    if not found:
        raise InputError("No point of these episodes is labelled; label some on the Correspondence page.")
    return found


def _reprojected(
    library: Library, episodes: Sequence[EpisodeSpan], cameras: Sequence[CameraInfo], pairs: int, points: int, seed: int
) -> list[PointPair]:
    """Matches between the cameras of one moment, by recorded depth, on objects."""
    if len(cameras) < 2:
        raise InputError("Reprojection needs two fixed cameras, and these episodes have one; judge by labels instead.")
    capture = newest_capture(library.captures, cameras)
    if capture is None:
        raise InputError("Reprojection on objects needs a capture of the empty workspace that fits these cameras.")
    rng = np.random.default_rng(seed)
    chosen = [episodes[k] for k in rng.permutation(len(episodes))[:_MOST_EPISODES]]
    views = _views(chosen, cameras, capture, library.cache)
    paths = {span.id: span.path for span in chosen}
    moments = [members for members in views.moments().values() if len(members) > 1]
    found: list[PointPair] = []
    for _ in range(4 * pairs if moments else 0):
        first, second = rng.permutation(moments[int(rng.integers(len(moments)))])[:2]
        matches = match_views(views, int(first), int(second), 8 * points, LAPTOP, rng)
        if len(matches.uv_a) < _FEWEST_POINTS or len(found) == pairs:
            continue
        source, target = (views.index.views[int(k)] for k in (first, second))
        one, other = (FrameRef(view.episode, paths[view.episode], view.role, view.frame) for view in (source, target))
        uv_b = matches.uv_b[:points, None]
        found.append(PointPair(one, other, matches.uv_a[:points], uv_b, str(Known.REPROJECTION), True))
    if not found:
        raise InputError("No two cameras of one moment show a common part of an object; check their calibration.")
    return found


def _views(
    episodes: Sequence[EpisodeSpan], cameras: Sequence[CameraInfo], capture: EmptyWorkspace, cache_dir: Path
) -> ViewSet:
    size = NetworkConfig(width=cameras[0].width, height=cameras[0].height)
    preparation = Preparation(size, _MOMENTS, tuple(camera.role for camera in cameras))
    return prepare(episodes, preparation, capture, IiwaShape(), cache_dir)


def _cameras(episodes: Sequence[EpisodeSpan], cache_dir: Path) -> tuple[tuple[CameraInfo, ...], list[EpisodeSpan]]:
    """The fixed cameras that recorded, and the simulated episodes."""
    cameras: dict[str, CameraInfo] = {}
    simulated = []
    for span in episodes:
        with EpisodeReader(Path(span.path), cache_dir) as reader:
            fixed = [camera for camera in reader.cameras.values() if camera.X_WC is not None]
            cameras |= {camera.role: camera for camera in fixed if reader.frame_count(camera.role)}
            if reader.metadata.simulated:
                simulated.append(span)
    if not cameras:
        raise InputError("These episodes hold no images of a fixed camera to judge descriptors on.")
    return tuple(cameras.values()), simulated
