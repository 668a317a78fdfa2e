"""The four ways in which Dense Object Nets compares two images of static scans, and how training draws from them.

Florence, Manuelli, Tedrake 2018, section 3.2: at each step one of the comparison types is drawn, and then a set of
matches, or of pixels that must not match. All of it follows from fused scans and which objects are in which scene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

from core.correspondence.config import Generality
from core.correspondence.crops import FEWEST_MATCHES, Picture
from core.correspondence.matching import Matches, Pixels, draw_pixels, holds
from core.correspondence.scans import FusedScan, ScanView, match_scan_views
from core.errors import InputError
from core.static_scenes import class_of

_T = TypeVar("_T")
_TRIES = 100


class ComparisonType(StrEnum):
    """What the two images of a pair have in common."""

    SINGLE_OBJECT_WITHIN_SCENE = "single-object-within-scene"
    DIFFERENT_OBJECT_ACROSS_SCENE = "different-object-across-scene"
    MULTI_OBJECT_WITHIN_SCENE = "multi-object-within-scene"
    SYNTHETIC_MULTI_OBJECT = "synthetic-multi-object"


Weights = Mapping[ComparisonType, float | None]
"""Relative; None is 1 where the scans allow the type, else 0."""
ANY: Weights = dict.fromkeys(ComparisonType)


@dataclass(frozen=True, slots=True, eq=False)
class ScannedScene:
    """A static scene: its surface, its images, and the names of the objects that its masks show."""

    scan: FusedScan
    views: Sequence[ScanView]
    objects: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two images and N pairs of pixels ``(N, 2)``: matches, or pairs that must differ when not ``matching``."""

    kind: ComparisonType
    a: Picture
    b: Picture
    uv_a: Pixels
    uv_b: Pixels
    matching: bool


class ComparisonSampler:
    """Draws comparisons from scanned scenes, the same for the same generator state.

    A type that is left out of ``weights`` or weighs 0 is never drawn. InputError when a type that is asked for cannot
    be drawn from these scenes, or when their images share too little.
    """

    def __init__(
        self,
        scenes: Sequence[ScannedScene],
        weights: Weights = ANY,
        matches: int = 1000,
        generality: Generality = Generality.INSTANCE_SPECIFIC,
    ) -> None:
        self._single = [scene for scene in scenes if len(scene.objects) == 1 and scene.views]
        self._multi = [scene for scene in scenes if len(scene.objects) > 1 and scene.views]
        self._matches = matches
        self._generality = generality
        self.weights = _weighed(weights, possible(scenes, generality))

    def draw(self, rng: np.random.Generator) -> Comparison:
        """The next comparison with enough pairs of pixels."""
        return self.draw_of(by_weight(self.weights, rng), rng)

    def draw_of(self, kind: ComparisonType, rng: np.random.Generator) -> Comparison:
        """A comparison of that kind with enough pairs of pixels."""
        for _ in range(_TRIES):
            found = self._draw(kind, rng)
            if len(found.uv_a) >= min(FEWEST_MATCHES, self._matches):
                return found
        raise InputError(f"The images of these scans share too little for '{kind}'; scan with more views.")

    def _draw(self, kind: ComparisonType, rng: np.random.Generator) -> Comparison:
        match kind:
            case ComparisonType.SINGLE_OBJECT_WITHIN_SCENE:
                return self._within(kind, _any(self._single, rng), rng)
            case ComparisonType.MULTI_OBJECT_WITHIN_SCENE:
                return self._within(kind, _any(self._multi, rng), rng)
            case ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE:
                return self._across(*self._two_objects(rng), rng)
            case ComparisonType.SYNTHETIC_MULTI_OBJECT:
                first, second = self._two_objects(rng)
                single = ComparisonType.SINGLE_OBJECT_WITHIN_SCENE
                return merged(self._within(single, first, rng), self._within(single, second, rng))

    def _within(self, kind: ComparisonType, scene: ScannedScene, rng: np.random.Generator) -> Comparison:
        a, b = _any(scene.views, rng), _any(scene.views, rng)
        found = match_scan_views(scene.scan, a, b, self._matches, rng)
        return Comparison(kind, a, b, found.uv_a, found.uv_b, True)

    def _across(self, first: ScannedScene, second: ScannedScene, rng: np.random.Generator) -> Comparison:
        a, b = _any(first.views, rng), _any(second.views, rng)
        uv_a, uv_b = draw_pixels(a.mask, self._matches, rng), draw_pixels(b.mask, self._matches, rng)
        count = min(len(uv_a), len(uv_b))
        kind = ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE
        return Comparison(kind, a, b, uv_a[:count], uv_b[:count], False)

    def _two_objects(self, rng: np.random.Generator) -> tuple[ScannedScene, ScannedScene]:
        """Two scenes with one object each, and not alike; objects are drawn first, then their scenes."""
        identities = [_identity(scene, self._generality) for scene in self._single]
        first, second = rng.choice(sorted(set(identities)), 2, replace=False)
        chosen = [
            [scene for scene, name in zip(self._single, identities, strict=True) if name == each]
            for each in (first, second)
        ]
        return _any(chosen[0], rng), _any(chosen[1], rng)


def by_weight(weights: Mapping[_T, float], rng: np.random.Generator) -> _T:
    """One of the keys, each as often as it weighs."""
    total = sum(weights.values())
    shares = [weight / total for weight in weights.values()]
    return tuple(weights)[int(rng.choice(len(shares), p=shares))]


def possible(
    scenes: Sequence[ScannedScene], generality: Generality = Generality.INSTANCE_SPECIFIC
) -> tuple[ComparisonType, ...]:
    """The comparisons that these scenes allow."""
    seen = [scene for scene in scenes if scene.views]
    single = {_identity(scene, generality) for scene in seen if len(scene.objects) == 1}
    allowed = {
        ComparisonType.SINGLE_OBJECT_WITHIN_SCENE: bool(single),
        ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE: len(single) > 1 and generality is Generality.INSTANCE_SPECIFIC,
        ComparisonType.MULTI_OBJECT_WITHIN_SCENE: any(len(scene.objects) > 1 for scene in seen),
        ComparisonType.SYNTHETIC_MULTI_OBJECT: len(single) > 1,
    }
    return tuple(kind for kind, allow in allowed.items() if allow)


def _identity(scene: ScannedScene, generality: Generality) -> str:
    """What the one object of a scene counts as: itself, or its class."""
    (name,) = scene.objects
    return name if generality is Generality.INSTANCE_SPECIFIC else class_of(name)


def _weighed(weights: Weights, allowed: Sequence[ComparisonType]) -> dict[ComparisonType, float]:
    """The types that are drawn, with their weights."""
    asked = {kind: weights[kind] for kind in ComparisonType if kind in weights}
    missing = [kind for kind, weight in asked.items() if weight is not None and weight > 0 and kind not in allowed]
    found = {kind: 1.0 if weight is None else weight for kind, weight in asked.items() if kind in allowed}
    found = {kind: weight for kind, weight in found.items() if weight > 0}
    if missing or not found:
        raise InputError(
            f"These scans do not allow the comparisons: {', '.join(missing) or 'none is asked for'};"
            f" choose from: {', '.join(allowed) or 'none, scan a scene first'}."
        )
    return found


def merged(first: Comparison, second: Comparison) -> Comparison:
    """``second``'s images laid over those of ``first`` by their masks, with the matches that are still visible."""
    visible = ~holds(second.a.mask, first.uv_a) & ~holds(second.b.mask, first.uv_b)
    matches = Matches(
        np.concatenate([first.uv_a[visible], second.uv_a]), np.concatenate([first.uv_b[visible], second.uv_b])
    )
    a, b = _laid_over(first.a, second.a), _laid_over(first.b, second.b)
    return Comparison(ComparisonType.SYNTHETIC_MULTI_OBJECT, a, b, matches.uv_a, matches.uv_b, True)


def _laid_over(below: Picture, above: Picture) -> Picture:
    if below.mask.shape != above.mask.shape:
        raise InputError("Images of different sizes cannot be merged; scan all scenes with the same camera.")
    rgb = np.where(above.mask[..., None], above.rgb, below.rgb)
    return Picture(rgb, below.mask | above.mask, np.where(above.mask, above.depth, below.depth))


def _any(items: Sequence[_T], rng: np.random.Generator) -> _T:
    return items[int(rng.integers(len(items)))]
