"""Training pairs of synchronised views: two cameras' images of one moment, or one image twice (paper, section IV-D)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.correspondence.config import TrainingConfig
from core.correspondence.crops import FEWEST_MATCHES, Cropper, Pair, Picture
from core.correspondence.matching import match_views
from core.correspondence.views import ViewSet
from core.errors import InputError

_TRIES = 200


class PairSampler:
    """Draws pairs from some of the views of a set; the same for the same generator state."""

    def __init__(self, views: ViewSet, positions: list[int], config: TrainingConfig) -> None:
        chosen = set(positions)
        self._views = views
        self._config = config
        self._cropper = Cropper(config, self._any_image)
        self._moments = [
            [k for k in members if k in chosen] for members in views.moments().values() if chosen.intersection(members)
        ]

    def draw(self, rng: np.random.Generator) -> Pair:
        """The next pair with enough matches; InputError when images hardly ever have any."""
        for _ in range(_TRIES):
            members = self._moments[int(rng.integers(len(self._moments)))]
            first = int(rng.choice(members))
            others = [k for k in members if k != first]
            same = not others or rng.random() < self._config.same_camera_fraction
            second = first if same else int(rng.choice(others))
            matches = match_views(self._views, first, second, 4 * self._config.matches, self._config, rng)
            pair = self._cropper.pair(self._picture(first), self._picture(second), matches, rng)
            if len(pair.uv_a) >= FEWEST_MATCHES:
                return pair
        raise InputError(
            "The images show too little of the objects to find matches; record with the objects in view, or check the "
            "cameras' calibration and the capture of the empty workspace."
        )

    def _picture(self, position: int) -> Picture:
        views = self._views
        return Picture(*(np.asarray(each[position]) for each in (views.rgb, views.mask, views.depth)))

    def _any_image(self, rng: np.random.Generator) -> NDArray[np.uint8]:
        return np.asarray(self._views.rgb[int(rng.integers(len(self._views)))])
