"""Pairs to judge descriptors on: from the simulation's ground truth where there is one, else by reprojection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.correspondence.config import EpisodeSpan
from core.correspondence.pairs import PointPair
from core.episodes.reader import EpisodeReader
from core.errors import InputError


def evaluation_pairs(
    episodes: Sequence[EpisodeSpan], pairs: int, points: int, seed: int, cache_dir: Path, *, same_scene: bool
) -> list[PointPair]:
    """``pairs`` pairs of up to ``points`` points. InputError when nobody knows what corresponds."""
    simulated, roles = _known(episodes, cache_dir)
    if not simulated:
        raise InputError(
            "These episodes are not simulated, so nobody knows what corresponds between scenes; label points first."
        )
    from robot.simulation.ground_truth import GroundTruthPairs

    drawn = GroundTruthPairs([(span.id, span.path) for span in simulated], roles, cache_dir)
    try:
        return drawn.draw(pairs, points, seed, same_scene=same_scene)
    finally:
        drawn.close()


def _known(episodes: Sequence[EpisodeSpan], cache_dir: Path) -> tuple[list[EpisodeSpan], tuple[str, ...]]:
    """Simulated episodes, and the fixed cameras that any of them has."""
    simulated, roles = [], dict[str, None]()
    for span in episodes:
        with EpisodeReader(Path(span.path), cache_dir) as reader:
            if reader.metadata.simulated:
                simulated.append(span)
                roles |= dict.fromkeys(
                    role
                    for role, camera in reader.cameras.items()
                    if camera.X_WC is not None and reader.frame_count(role)
                )
    return simulated, tuple(roles)
