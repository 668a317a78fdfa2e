"""How sure a model is of pairs of images, found out in small pieces between what else the inspector has to do."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import pair_confidence
from core.correspondence.masks import SMALLEST_MASK
from core.errors import ReticleError
from robot.inspector_messages import ComparePairs, PairCompared, StoredFrame

_LOG = logging.getLogger(__name__)
Image = tuple[DescriptorImage, NDArray[np.bool_] | None]
_NOTHING = ComparePairs("", ())


class PairComparer:
    """The pairs that are still to be compared. Every image is described once."""

    def __init__(self, describe: Callable[[ComparePairs, StoredFrame], Image]) -> None:
        self._describe = describe
        self._command = _NOTHING
        self._left: deque[tuple[StoredFrame, StoredFrame]] = deque()
        self._images: dict[StoredFrame, Image | None] = {}

    @property
    def busy(self) -> bool:
        return bool(self._left)

    def take(self, command: ComparePairs) -> None:
        """Compare these pairs and no others any more."""
        self._command = command
        self._left = deque(command.pairs)
        self._images.clear()

    def step(self) -> PairCompared | None:
        """Describe one image, or compare one pair whose images are described."""
        if not self._left:
            return None
        pair = self._left[0]
        unknown = next((shown for shown in pair if shown not in self._images), None)
        if unknown is not None:
            self._images[unknown] = self._described(unknown)
            return None
        self._left.popleft()
        source, target = self._images[pair[0]], self._images[pair[1]]
        confidence = None
        if source is not None and target is not None and _shows_object(source) and _shows_object(target):
            confidence = pair_confidence(source[0], target[0], source[1])
        return PairCompared(self._command.model, pair, confidence)

    def _described(self, shown: StoredFrame) -> Image | None:
        """An image that cannot be read takes its pairs out of the queue, and nothing else."""
        try:
            return self._describe(self._command, shown)
        except (ReticleError, OSError) as error:
            _LOG.warning("a pair was left out: %s", error)
            return None


def _shows_object(image: Image) -> bool:
    """Whether there is anything to label, as far as that is known."""
    return image[1] is None or float(image[1].mean()) >= SMALLEST_MASK
