"""How good descriptors are, by the field's measures (PAPER.md, section 7). All pixels are those of a 640x480 image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import best_match, distances, lifted
from core.correspondence.pairs import FrameRef, LoadedFrame, PointPair

PCK_AT = (3, 5, 10, 20)
AUC_UP_TO = 100
REFERENCE_WIDTH = 640.0
_CDF_AT = tuple(range(0, AUC_UP_TO + 1))

Errors = NDArray[np.float64]


def pck(errors: Errors) -> dict[str, float]:
    """Share of errors ``(N,)`` within each of ``PCK_AT`` pixels; 0 of none."""
    return {str(limit): float((errors <= limit).mean()) if len(errors) else 0.0 for limit in PCK_AT}


class Describes(Protocol):
    """Whatever makes a descriptor image of an image ``(H, W, 3) uint8``."""

    def describe(self, rgb: NDArray[np.uint8]) -> DescriptorImage: ...


class Loads(Protocol):
    """Whatever knows the frames that pairs refer to."""

    def load(self, ref: FrameRef) -> LoadedFrame: ...


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Measures over all points of all pairs.

    ``pck``: share of points within that many pixels; ``auc``: area under the curve of PCK from 1 to 100 pixels;
    ``cdf``: share of points within 0 to 100 pixels, whole ones; ``median_3d_m`` and ``known_3d``: distance of the
    match's 3-D point from the true one, and for how many points depth told it; ``false_positive``: mean share of the
    image's pixels whose descriptors are nearer than the true pixel's.
    """

    origin: str
    pairs: int
    points: int
    pck: dict[str, float]
    median_px: float
    mean_px: float
    auc: float
    cdf: tuple[float, ...]
    median_3d_m: float | None
    known_3d: int
    false_positive: float


class _Tally:
    """What the pairs so far have shown."""

    def __init__(self) -> None:
        self.errors: list[Errors] = []
        self.errors_3d: list[float] = []
        self.false_positive: list[float] = []


def evaluate(
    describer: Describes,
    pairs: Sequence[PointPair],
    loader: Loads,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Match every point of every pair by its descriptor and compare with where it truly is."""
    tally = _Tally()
    described: dict[FrameRef, tuple[LoadedFrame, DescriptorImage]] = {}
    for number, pair in enumerate(pairs):
        progress(number, len(pairs))
        source, target = (_described(describer, loader, ref, described) for ref in (pair.source, pair.target))
        _match_pair(pair, source, target, tally)
    progress(len(pairs), len(pairs))
    return _report(pairs, tally)


def _described(
    describer: Describes,
    loader: Loads,
    ref: FrameRef,
    described: dict[FrameRef, tuple[LoadedFrame, DescriptorImage]],
) -> tuple[LoadedFrame, DescriptorImage]:
    if ref not in described:
        loaded = loader.load(ref)
        while len(described) >= 4:
            described.pop(next(iter(described)))
        described[ref] = (loaded, describer.describe(loaded.frame.rgb))
    return described[ref]


def _match_pair(
    pair: PointPair,
    source: tuple[LoadedFrame, DescriptorImage],
    target: tuple[LoadedFrame, DescriptorImage],
    tally: _Tally,
) -> None:
    loaded, image = target
    scale = REFERENCE_WIDTH / image.width
    descriptors = source[1].at(pair.uv_source)
    errors = np.empty(len(descriptors))
    for k, descriptor in enumerate(descriptors):
        found = distances(image, descriptor)
        match = np.array(best_match(image, descriptor, found), dtype=np.float64)
        apart = np.linalg.norm(pair.uv_target[k] - match, axis=-1)
        nearest = int(np.nanargmin(apart))
        errors[k] = apart[nearest] * scale
        truth = pair.uv_target[k, nearest]
        at_truth = np.linalg.norm(image.at(truth[None])[0] - descriptor)
        tally.false_positive.append(float((found < at_truth).mean()))
        if loaded.depth_m is not None:
            points = [lifted(uv, loaded.depth_m, loaded.camera) for uv in (match, truth)]
            if points[0] is not None and points[1] is not None:
                tally.errors_3d.append(float(np.linalg.norm(points[0] - points[1])))
    tally.errors.append(errors)


def _report(pairs: Sequence[PointPair], tally: _Tally) -> Report:
    errors = np.concatenate(tally.errors) if tally.errors else np.zeros(0)
    cdf = [float((errors <= limit).mean()) if len(errors) else 0.0 for limit in _CDF_AT]
    origins = sorted({pair.origin for pair in pairs})
    return Report(
        origin=", ".join(origins),
        pairs=len(pairs),
        points=len(errors),
        pck=pck(errors),
        median_px=float(np.median(errors)) if len(errors) else float("nan"),
        mean_px=float(errors.mean()) if len(errors) else float("nan"),
        auc=float(np.mean(cdf[1:])),
        cdf=tuple(cdf),
        median_3d_m=float(np.median(tally.errors_3d)) if tally.errors_3d else None,
        known_3d=len(tally.errors_3d),
        false_positive=float(np.mean(tally.false_positive)) if tally.false_positive else float("nan"),
    )


def summary(report: Report) -> dict[str, Any]:
    """The figures that a run and a table show."""
    return {
        "pck": report.pck,
        "median_px": report.median_px,
        "auc": report.auc,
        "pairs": report.pairs,
        "points": report.points,
        "median_3d_m": report.median_3d_m,
        "false_positive": report.false_positive,
        "origin": report.origin,
    }
