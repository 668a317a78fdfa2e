"""Live validation while a network trains: matches between held-out images, and a picture of them.

Only what a camera gives is used: reprojection by recorded depth between the cameras of one moment, and ray casting
between the views of a scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.comparisons import ScannedScene
from core.correspondence.config import TrainingConfig
from core.correspondence.describer import Describer
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.evaluation import REFERENCE_WIDTH, pck
from core.correspondence.heatmap import best_matches, match
from core.correspondence.matching import match_views
from core.correspondence.network import DescriptorNetwork
from core.correspondence.pictures import answered, asked
from core.correspondence.scans import match_scan_views
from core.correspondence.views import ViewSet

_PAIRS, _POINTS, _TRIES = 10, 24, 100
_AUC_UP_TO = 50


class Validation(msgspec.Struct, frozen=True):
    """Pixels are those of a 640x480 image. ``auc``: area under PCK up to 50 pixels; ``snapshot``: a picture's name."""

    pck: dict[str, float]
    median_px: float
    auc: float
    points: int
    snapshot: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPair:
    """Two images ``(H, W, 3) uint8`` and N matches ``(N, 2)`` in them."""

    rgb_a: NDArray[np.uint8]
    rgb_b: NDArray[np.uint8]
    uv_a: NDArray[np.float64]
    uv_b: NDArray[np.float64]


class Validator:
    """Judges a network on the same matches every time."""

    def __init__(self, pairs: Sequence[JudgedPair]) -> None:
        self._pairs = pairs

    def validate(self, network: DescriptorNetwork, snapshot: Path | None) -> Validation:
        """Match in both images. ``snapshot``: where a picture of the first pair goes, if anywhere."""
        describer = Describer(network, str(next(network.parameters()).device))
        errors: list[float] = []
        name: str | None = None
        for pair in self._pairs:
            source, image = describer.describe(pair.rgb_a), describer.describe(pair.rgb_b)
            scale = REFERENCE_WIDTH / image.width
            apart = best_matches(image, source.at(pair.uv_a)) - pair.uv_b
            errors += (np.hypot(apart[:, 0], apart[:, 1]) * scale).tolist()
            if snapshot is not None and name is None:
                name = _draw(pair, source, image, snapshot)
        return _validation(np.array(errors), name)


def _draw(pair: JudgedPair, source: DescriptorImage, target: DescriptorImage, snapshot: Path) -> str:
    """Source with its point, target with heatmap, match and truth, side by side."""
    found, heat = match(target, source.at(pair.uv_a[:1])[0])
    left, right = asked(pair.rgb_a, pair.uv_a[0]), answered(pair.rgb_b, heat, found, pair.uv_b[0])
    snapshot.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    cv2.imwrite(str(snapshot), np.hstack([left, right])[..., ::-1])
    return f"{snapshot.parent.name}/{snapshot.name}"


def pairs_of_scans(scenes: Sequence[ScannedScene], config: TrainingConfig) -> list[JudgedPair]:
    """Matches between views of the same scene, the scenes in turn."""
    rng = np.random.default_rng(config.seed)
    found: list[JudgedPair] = []
    for k in range(_TRIES if scenes else 0):
        scene = scenes[k % len(scenes)]
        a, b = (scene.views[int(position)] for position in rng.permutation(len(scene.views))[:2])
        matches = match_scan_views(scene.scan, a, b, 8 * _POINTS, rng)
        if len(matches.uv_a) >= _POINTS:
            found.append(JudgedPair(a.rgb, b.rgb, matches.uv_a[:_POINTS], matches.uv_b[:_POINTS]))
        if len(found) == _PAIRS:
            break
    return found


def pairs_of_views(views: ViewSet, positions: list[int], config: TrainingConfig) -> list[JudgedPair]:
    """Matches between cameras; between an image and itself where there is one camera only."""
    rng = np.random.default_rng(config.seed)
    chosen = set(positions)
    moments = [[k for k in members if k in chosen] for members in views.moments().values()]
    moments = [members for members in moments if members]
    several = [members for members in moments if len(members) > 1] or moments
    found: list[JudgedPair] = []
    for k in rng.permutation(len(several)):
        members = rng.permutation(several[int(k)])
        first, second = int(members[0]), int(members[-1])
        matches = match_views(views, first, second, 8 * _POINTS, config, rng)
        if len(matches.uv_a) >= _POINTS:
            rgb_a, rgb_b = (np.asarray(views.rgb[each]) for each in (first, second))
            found.append(JudgedPair(rgb_a, rgb_b, matches.uv_a[:_POINTS], matches.uv_b[:_POINTS]))
        if len(found) == _PAIRS:
            break
    return found


def _validation(errors: NDArray[np.float64], snapshot: str | None) -> Validation:
    if not len(errors):
        return Validation(pck(errors), float("inf"), 0.0, 0, snapshot)
    auc = float(np.mean([(errors <= limit).mean() for limit in range(1, _AUC_UP_TO + 1)]))
    return Validation(pck(errors), float(np.median(errors)), auc, len(errors), snapshot)
