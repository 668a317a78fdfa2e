"""How sure a model is of pairs of images, found out in small pieces between what else the inspector has to do."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.correspondence.descriptor_sets import pair_confidence
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.masks import SMALLEST_MASK
from core.errors import ReticleError
from robot.inspector_messages import ComparePairs, PairCompared, StoredFrame, StoredPair

_LOG = logging.getLogger(__name__)
_NOTHING = ComparePairs("", ())


@dataclass(frozen=True, slots=True, eq=False)
class PairImage:
    """An image of a pair. ``mask: (H, W) bool`` of the objects; None where that is not known, as ``trouble`` says."""

    descriptors: DescriptorImage
    mask: NDArray[np.bool_] | None
    trouble: str = ""

    @property
    def shows_object(self) -> bool:
        """Whether there is anything to label, as far as that is known."""
        return self.mask is None or float(self.mask.mean()) >= SMALLEST_MASK


class PairComparer:
    """The pairs that are still to be compared. Every image is described once and kept while a pair needs it."""

    def __init__(self, describe: Callable[[ComparePairs, StoredFrame], PairImage]) -> None:
        self._describe = describe
        self._command = _NOTHING
        self._left: deque[StoredPair] = deque()
        self._images: dict[StoredFrame, PairImage] = {}

    @property
    def busy(self) -> bool:
        return bool(self._left)

    def take(self, command: ComparePairs) -> None:
        """Compare these pairs and no others any more."""
        self._command = command
        self._left = deque(command.pairs)
        self._images.clear()

    def step(self) -> PairCompared | None:
        """Describe one image, or compare one pair whose images are described; a pair that cannot be is told as well."""
        if not self._left:
            return None
        pair = self._left[0]
        try:
            unknown = next((shown for shown in pair if shown not in self._images), None)
            if unknown is not None:
                self._images[unknown] = self._describe(self._command, unknown)
                return None
            confidence, trouble = _compared(self._images[pair[0]], self._images[pair[1]])
        except (ReticleError, OSError) as error:
            _LOG.warning("a pair was left out: %s", error)
            confidence, trouble = None, str(error)
        except Exception as error:  # noqa: BLE001  one pair that cannot be compared stops no other
            _LOG.exception("a pair could not be compared")
            confidence, trouble = None, f"The images cannot be compared ({error})."
        self._drop_first()
        return PairCompared(self._command.model, pair, confidence, trouble)

    def _drop_first(self) -> None:
        """The first pair is answered; images that no other one needs are let go."""
        self._left.popleft()
        needed = {shown for pair in self._left for shown in pair}
        self._images = {shown: image for shown, image in self._images.items() if shown in needed}


def _compared(source: PairImage, target: PairImage) -> tuple[float | None, str]:
    """The confidence and why it is of the whole image; None when one of them shows no object."""
    if not (source.shows_object and target.shows_object):
        return None, ""
    return pair_confidence(source.descriptors, target.descriptors, source.mask), source.trouble
