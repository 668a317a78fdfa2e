"""What a hand corrects of an object mask: kept apart from what was found, so that it holds when that changes."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.episodes.codecs import decode_layers, encode_layers
from core.errors import EpisodeFileError

AS_FOUND, ADDED, REMOVED = 0, 1, 2
Layers = NDArray[np.uint8]
"""``(H, W) uint8``: what a hand said of every pixel, one of ``AS_FOUND``, ``ADDED`` and ``REMOVED``."""
Mask = NDArray[np.bool_]


class MaskCorrection(msgspec.Struct, frozen=True):
    """The correction of one image of an episode. ``layers``: its ``Layers`` as a PNG of ``width`` x ``height``."""

    role: str
    frame: int
    width: int
    height: int
    layers: bytes

    def decoded(self) -> Layers:
        """The layers at the image's size; EpisodeFileError when they are damaged."""
        layers = decode_layers(self.layers, self.width, self.height)
        if layers.max() > REMOVED:
            raise EpisodeFileError("A stored correction of a mask says what none can say; it is damaged.")
        return layers


def correction(role: str, frame: int, layers: Layers) -> MaskCorrection | None:
    """Encode a correction; None when the hand said nothing."""
    if not layers.any():
        return None
    height, width = layers.shape
    return MaskCorrection(role, frame, width, height, encode_layers(layers))


def corrected(mask: Mask, layers: Layers) -> Mask:
    """The mask ``(h, w)`` with what a hand said of it; layers of another size are resized."""
    said = resized_layers(layers, mask.shape[1], mask.shape[0])
    return np.where(said == AS_FOUND, mask, said == ADDED)


def resized_layers(layers: Layers, width: int, height: int) -> Layers:
    """Resize by nearest pixel, as depths are."""
    return np.asarray(cv2.resize(layers, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)
