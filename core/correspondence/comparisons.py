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
from numpy.typing import NDArray

from core.correspondence.matching import Mask, Matches, Pixels, draw_pixels, holds
from core.correspondence.scans import FusedScan, ScanView, match_scan_views
from core.errors import InputError

_T = TypeVar("_T")
_TRIES = 100
_FEWEST = 32


class ComparisonType(StrEnum):
    """What the two images of a pair have in common."""

    SINGLE_OBJECT_WITHIN_SCENE = "single-object-within-scene"
    DIFFERENT_OBJECT_ACROSS_SCENE = "different-object-across-scene"
    MULTI_OBJECT_WITHIN_SCENE = "multi-object-within-scene"
    SYNTHETIC_MULTI_OBJECT = "synthetic-multi-object"


EQUAL_WEIGHTS: Mapping[ComparisonType, float] = dict.fromkeys(ComparisonType, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class ScannedScene:
    """A static scene: its surface, its images, and the names of the objects that its masks show."""

    scan: FusedScan
    views: Sequence[ScanView]
    objects: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class ComparisonImage:
    """``rgb: (H, W, 3) uint8``, ``mask: (H, W) bool``; the two images of a pair may differ in size."""

    rgb: NDArray[np.uint8]
    mask: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two images and N pairs of pixels ``(N, 2)``: matches, or pairs that must differ when not ``matching``."""

    kind: ComparisonType
    a: ComparisonImage
    b: ComparisonImage
    uv_a: Pixels
    uv_b: Pixels
    matching: bool


class ComparisonSampler:
    """Draws comparisons from scanned scenes, the same for the same generator state.

    ``weights`` are relative; a type that is left out or weighs 0 is never drawn. InputError when a type with weight
    cannot be drawn from these scenes, or when their images share too little.
    """

    def __init__(
        self,
        scenes: Sequence[ScannedScene],
        weights: Mapping[ComparisonType, float] = EQUAL_WEIGHTS,
        matches: int = 1000,
    ) -> None:
        self._single = [scene for scene in scenes if len(scene.objects) == 1 and scene.views]
        self._multi = [scene for scene in scenes if len(scene.objects) > 1 and scene.views]
        self._matches = matches
        self._kinds = [kind for kind in ComparisonType if weights.get(kind, 0.0) > 0.0]
        missing = [kind for kind in self._kinds if kind not in possible(scenes)]
        if missing or not self._kinds:
            raise InputError(
                f"These scans do not allow the comparisons: {', '.join(missing) or 'none is asked for'};"
                f" choose from: {', '.join(possible(scenes)) or 'none, scan a scene first'}."
            )
        total = sum(weights[kind] for kind in self._kinds)
        self._shares = [weights[kind] / total for kind in self._kinds]

    def draw(self, rng: np.random.Generator) -> Comparison:
        """The next comparison with enough pairs of pixels."""
        kind = self._kinds[int(rng.choice(len(self._kinds), p=self._shares))]
        for _ in range(_TRIES):
            found = self._draw(kind, rng)
            if len(found.uv_a) >= min(_FEWEST, self._matches):
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
        return Comparison(kind, _image(a), _image(b), found.uv_a, found.uv_b, True)

    def _across(self, first: ScannedScene, second: ScannedScene, rng: np.random.Generator) -> Comparison:
        a, b = _any(first.views, rng), _any(second.views, rng)
        uv_a, uv_b = draw_pixels(a.mask, self._matches, rng), draw_pixels(b.mask, self._matches, rng)
        count = min(len(uv_a), len(uv_b))
        kind = ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE
        return Comparison(kind, _image(a), _image(b), uv_a[:count], uv_b[:count], False)

    def _two_objects(self, rng: np.random.Generator) -> tuple[ScannedScene, ScannedScene]:
        """Two scenes with one object each, and not the same one; objects are drawn first, then their scenes."""
        names = sorted({name for scene in self._single for name in scene.objects})
        first, second = rng.choice(len(names), 2, replace=False)
        chosen = [[scene for scene in self._single if names[k] in scene.objects] for k in (int(first), int(second))]
        return _any(chosen[0], rng), _any(chosen[1], rng)


def possible(scenes: Sequence[ScannedScene]) -> tuple[ComparisonType, ...]:
    """The comparisons that these scenes allow."""
    seen = [scene.objects for scene in scenes if scene.views]
    single = {name for objects in seen if len(objects) == 1 for name in objects}
    allowed = {
        ComparisonType.SINGLE_OBJECT_WITHIN_SCENE: bool(single),
        ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE: len(single) > 1,
        ComparisonType.MULTI_OBJECT_WITHIN_SCENE: any(len(objects) > 1 for objects in seen),
        ComparisonType.SYNTHETIC_MULTI_OBJECT: len(single) > 1,
    }
    return tuple(kind for kind, allow in allowed.items() if allow)


def merged(first: Comparison, second: Comparison) -> Comparison:
    """``second``'s images laid over those of ``first`` by their masks, with the matches that are still visible."""
    visible = ~holds(second.a.mask, first.uv_a) & ~holds(second.b.mask, first.uv_b)
    matches = Matches(
        np.concatenate([first.uv_a[visible], second.uv_a]), np.concatenate([first.uv_b[visible], second.uv_b])
    )
    a, b = _laid_over(first.a, second.a), _laid_over(first.b, second.b)
    return Comparison(ComparisonType.SYNTHETIC_MULTI_OBJECT, a, b, matches.uv_a, matches.uv_b, True)


def _laid_over(below: ComparisonImage, above: ComparisonImage) -> ComparisonImage:
    if below.mask.shape != above.mask.shape:
        raise InputError("Images of different sizes cannot be merged; scan all scenes with the same camera.")
    return ComparisonImage(np.where(above.mask[..., None], above.rgb, below.rgb), below.mask | above.mask)


def _image(view: ScanView) -> ComparisonImage:
    return ComparisonImage(view.rgb, view.mask)


def _any(items: Sequence[_T], rng: np.random.Generator) -> _T:
    return items[int(rng.integers(len(items)))]
