"""Live validation while a network trains: matches between the cameras of held-out episodes, and a picture of them.

Only what a camera gives is used: the truth here is reprojection by recorded depth.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.config import TrainingConfig
from core.correspondence.describer import Describer
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import best_match, colour_map, distances, match, painted
from core.correspondence.matching import match_views
from core.correspondence.network import DescriptorNetwork
from core.correspondence.views import ViewSet

_PAIRS, _POINTS = 10, 24
_REFERENCE_WIDTH = 640.0
_PCK_AT = (3, 5, 10, 20)
_AUC_UP_TO = 50


class Validation(msgspec.Struct, frozen=True):
    """Pixels are those of a 640x480 image. ``auc``: area under PCK up to 50 pixels; ``snapshot``: a picture's name."""

    pck: dict[str, float]
    median_px: float
    auc: float
    points: int
    snapshot: str | None = None


class Validator:
    """Judges a network on the same matches every time."""

    def __init__(self, views: ViewSet, positions: list[int], config: TrainingConfig) -> None:
        self._views = views
        self._pairs = _pairs(views, positions, config)

    def validate(self, network: DescriptorNetwork, snapshot: Path | None) -> Validation:
        """Match in both cameras' images. ``snapshot``: where a picture of the first pair goes, if anywhere."""
        device = str(next(network.parameters()).device)
        describer = Describer(network, device)
        described: dict[int, DescriptorImage] = {}
        errors: list[float] = []
        for first, second, uv_a, uv_b in self._pairs:
            for position in (first, second):
                if position not in described:
                    described[position] = describer.describe(np.asarray(self._views.rgb[position]))
            image = described[second]
            scale = _REFERENCE_WIDTH / image.width
            for descriptor, truth in zip(described[first].at(uv_a), uv_b, strict=True):
                u, v = best_match(image, descriptor, distances(image, descriptor))
                errors.append(float(np.hypot(u - truth[0], v - truth[1])) * scale)
        name = self._draw(described, snapshot)
        return _validation(np.array(errors), name)

    def _draw(self, described: dict[int, DescriptorImage], snapshot: Path | None) -> str | None:
        """Source with its point, target with heatmap, match and truth, side by side."""
        if snapshot is None or not self._pairs:
            return None
        first, second, uv_a, uv_b = self._pairs[0]
        source = np.asarray(self._views.rgb[first]).copy()
        found, heat = match(described[second], described[first].at(uv_a[:1])[0])
        target = painted(np.asarray(self._views.rgb[second]), heat, colour_map("jet"))
        _reticle(source, uv_a[0], (0, 220, 0))
        _reticle(target, uv_b[0], (0, 220, 0))
        _reticle(target, np.array([found.u, found.v], dtype=np.float64), (230, 30, 30))
        snapshot.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        cv2.imwrite(str(snapshot), np.hstack([source, target])[..., ::-1])
        return f"{snapshot.parent.name}/{snapshot.name}"


def _pairs(
    views: ViewSet, positions: list[int], config: TrainingConfig
) -> list[tuple[int, int, NDArray[np.float64], NDArray[np.float64]]]:
    """Matches between cameras; between an image and itself where there is one camera only."""
    rng = np.random.default_rng(config.seed)
    chosen = set(positions)
    moments = [[k for k in members if k in chosen] for members in views.moments().values()]
    moments = [members for members in moments if members]
    several = [members for members in moments if len(members) > 1] or moments
    found = []
    for k in rng.permutation(len(several)):
        members = rng.permutation(several[int(k)])
        first, second = int(members[0]), int(members[-1])
        matches = match_views(views, first, second, 8 * _POINTS, config, rng)
        if len(matches.uv_a) >= _POINTS:
            found.append((first, second, matches.uv_a[:_POINTS], matches.uv_b[:_POINTS]))
        if len(found) == _PAIRS:
            break
    return found


def _validation(errors: NDArray[np.float64], snapshot: str | None) -> Validation:
    if not len(errors):
        return Validation({str(limit): 0.0 for limit in _PCK_AT}, float("inf"), 0.0, 0, snapshot)
    pck = {str(limit): float((errors <= limit).mean()) for limit in _PCK_AT}
    auc = float(np.mean([(errors <= limit).mean() for limit in range(1, _AUC_UP_TO + 1)]))
    return Validation(pck, float(np.median(errors)), auc, len(errors), snapshot)


def _reticle(rgb: NDArray[np.uint8], uv: NDArray[np.float64], colour: tuple[int, int, int]) -> None:
    u, v = (round(float(value)) for value in uv)
    cv2.circle(rgb, (u, v), 6, colour, 1, cv2.LINE_AA)
    cv2.line(rgb, (u - 10, v), (u + 10, v), colour, 1, cv2.LINE_AA)
    cv2.line(rgb, (u, v - 10), (u, v + 10), colour, 1, cv2.LINE_AA)
