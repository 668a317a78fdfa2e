"""What a training learns from and is judged on: views of demonstrations, scans of static scenes, or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.correspondence.comparisons import ComparisonSampler, ComparisonType, ScannedScene, Weights, by_weight
from core.correspondence.config import TrainingConfig
from core.correspondence.crops import FEWEST_MATCHES, Cropper, Pair
from core.correspondence.losses import LOSSES
from core.correspondence.matching import Matches
from core.correspondence.sampling import PairSampler
from core.correspondence.scan_views import split
from core.correspondence.validation import JudgedPair, Validator, pairs_of_scans, pairs_of_views
from core.correspondence.views import ViewSet
from core.errors import InputError

_TRIES = 100
_SYNCHRONISED = "synchronised-views"
Draw = Callable[[np.random.Generator], Pair]


class Material:
    """Draws the pairs of a step, all of one comparison, which is drawn first by the configuration's weights.

    Whole episodes are held out of demonstrations, single views of scans. InputError when the configuration asks for
    what the data or the loss do not allow.
    """

    def __init__(self, config: TrainingConfig, views: ViewSet | None, scenes: Sequence[ScannedScene] = ()) -> None:
        self._config = config
        self.weights: dict[str, float] = {}
        self._draws: dict[str, Draw] = {}
        _require(config, views is not None, bool(scenes))
        judged = self._learn_from_views(views) if views is not None else []
        judged += self._learn_from_scans(scenes) if scenes else []
        if not self.weights:
            raise InputError("Nothing would be compared; give one of the comparisons a weight over 0.")
        self.validator = Validator(judged)

    def draw(self, rng: np.random.Generator) -> list[Pair]:
        """The pairs of a step; the same for the same generator state."""
        draw = self._draws[by_weight(self.weights, rng)]
        return [draw(rng) for _ in range(self._config.batch_pairs)]

    @property
    def summary(self) -> str:
        """What is compared how often, in words."""
        total = sum(self.weights.values())
        shares = (f"{name.replace('-', ' ')} {weight / total:.0%}" for name, weight in self.weights.items())
        return f"Comparing: {', '.join(shares)}"

    def _learn_from_views(self, views: ViewSet) -> list[JudgedPair]:
        train, held_out = views.split(self._config.validation_fraction, self._config.seed)
        weight = self._config.comparisons.synchronised_views
        if weight is None or weight > 0:
            self.weights[_SYNCHRONISED] = 1.0 if weight is None else weight
            self._draws[_SYNCHRONISED] = PairSampler(views, train, self._config).draw
        return pairs_of_views(views, held_out or train, self._config)

    def _learn_from_scans(self, scenes: Sequence[ScannedScene]) -> list[JudgedPair]:
        config = self._config
        parts = [split(scene, config.validation_fraction, config.seed) for scene in scenes]
        train, held_out = [part[0] for part in parts], [part[1] for part in parts]
        weights = _scan_weights(config)
        if any(weight != 0 for weight in weights.values()):
            sampler = ComparisonSampler(train, weights, 4 * config.matches, config.descriptors)
            cropper = Cropper(config, lambda rng: _any_image(train, rng))
            for kind, weight in sampler.weights.items():
                self.weights[kind] = weight
                self._draws[kind] = partial(_scan_pair, sampler, cropper, kind)
        return pairs_of_scans([scene for scene in held_out if len(scene.views) > 1] or train, config)


def _require(config: TrainingConfig, demonstrated: bool, scanned: bool) -> None:
    """InputError when a comparison is asked for of which there are no data."""
    if config.comparisons.synchronised_views and not demonstrated:
        raise InputError("There are no demonstrations, so comparisons.synchronised_views cannot be compared.")
    if any(_scan_weights(config).values()) and not scanned:
        raise InputError("There are no scans to compare; record some with 'record --demonstrator scan'.")


def _scan_weights(config: TrainingConfig) -> Weights:
    """Of the four comparisons of scans. InputError when the loss cannot do what is asked for."""
    weights = {kind: getattr(config.comparisons, kind.replace("-", "_")) for kind in ComparisonType}
    different = ComparisonType.DIFFERENT_OBJECT_ACROSS_SCENE
    if not LOSSES.get(config.loss).info.pushes_apart:
        if weights[different]:
            raise InputError(
                f"The loss '{config.loss}' learns from matches alone and cannot push objects apart; choose info-nce or "
                "contrastive, or leave comparisons.different_object_across_scene out."
            )
        weights[different] = 0.0
    return weights


def _scan_pair(sampler: ComparisonSampler, cropper: Cropper, kind: ComparisonType, rng: np.random.Generator) -> Pair:
    """The next pair of that kind whose crops hold enough of its pixels."""
    for _ in range(_TRIES):
        found = sampler.draw_of(kind, rng)
        pair = cropper.pair(found.a, found.b, Matches(found.uv_a, found.uv_b), rng, matching=found.matching)
        if len(pair.uv_a) >= FEWEST_MATCHES:
            return pair
    raise InputError(f"Crops of these scans share too little for '{kind}'; make crop larger or scan with more views.")


def _any_image(scenes: Sequence[ScannedScene], rng: np.random.Generator) -> NDArray[np.uint8]:
    views = scenes[int(rng.integers(len(scenes)))].views
    return views[int(rng.integers(len(views)))].rgb
