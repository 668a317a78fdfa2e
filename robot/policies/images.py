"""Recorded images as trainings are shown them: between the trims of episodes that can be read, with objects' masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.correspondence.config import EpisodeSpan
from core.correspondence.mask_correction import Mask, corrected
from core.correspondence.masks import MaskConfig, object_mask
from core.correspondence.views import corrections_of, frames_within, resized_rgb
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError, InputError
from core.messages import CameraInfo
from core.representations.representation import TrainingImages
from robot.correspondence.captures import fitting_capture
from robot.correspondence.shape import IiwaShape
from robot.policies.specification import PolicySpecification

_LEARNT_HZ, _MOST_BYTES, _FRAMES_AN_EPISODE = 10.0, 3 * 1024**3, 150
"""Images to learn seeing from: so many a second, of as many episodes of 15 s as fit into this memory."""


class Masks:
    """Where objects are in recorded images of one camera, as found and as a hand corrected them.

    InputError without depth or a capture that fits.
    """

    def __init__(self, specification: PolicySpecification, camera: CameraInfo) -> None:
        self._camera = camera
        self._shape = IiwaShape()
        captures = Path(specification.captures)
        self._capture = fitting_capture(captures, [camera], specification.rig, simulated=specification.simulated)

    def of(self, shown: Shown, frames: Sequence[int]) -> Iterator[Mask]:
        """``(H, W) bool`` of each of these frames."""
        hand = corrections_of(shown.reader, shown.span)
        for frame in frames:
            found = self._found(shown.reader, frame)
            layers = hand.get((self._camera.role, frame))
            yield found if layers is None else corrected(found, layers)

    def _found(self, reader: EpisodeReader, frame: int) -> Mask:
        role = self._camera.role
        depth = reader.depth(role, frame)
        if depth is None:
            raise InputError(f"Where objects are is not known: the {role} camera recorded no depth.")
        robot_W = self._shape.triangles(*reader.joints_at(int(reader.stamps(role)[frame])))
        empty = self._capture.depth[role]
        return object_mask(depth, reader.cameras[role], reader.X_WC(role, frame), empty, robot_W, MaskConfig())


@dataclass(frozen=True, slots=True)
class Shown:
    """An open episode. ``frames``: numbers of the camera's images between the trims, at least one."""

    span: EpisodeSpan
    reader: EpisodeReader
    frames: NDArray[np.int64]


def shown(specification: PolicySpecification, role: str, episodes: Sequence[EpisodeSpan]) -> Iterator[Shown]:
    """The episodes that can be read and have images of the camera, one open at a time."""
    for span in episodes:
        try:
            with EpisodeReader(Path(span.path), Path(specification.cache)) as reader:
                frames = frames_within(reader, span, role)
                if frames.size:
                    yield Shown(span, reader, frames)
        except EpisodeFileError:
            continue  # the demonstrations are loaded too, and that says it


def training_images(
    specification: PolicySpecification, camera: CameraInfo, stage: Callable[[str, int, int], None]
) -> Callable[[tuple[int, int], bool], list[TrainingImages]]:
    """Images of the demonstrations at a size, with masks where they are wanted: ten a second, within bounded memory."""

    def read(size: tuple[int, int], masked: bool) -> list[TrainingImages]:
        masks = Masks(specification, camera) if masked else None
        step = max(1, round(camera.rate_hz / _LEARNT_HZ))
        most = max(2, _MOST_BYTES // (3 * size[0] * size[1]) // _FRAMES_AN_EPISODE)
        episodes = spread(specification.episodes, most)
        found = []
        for done, each in enumerate(shown(specification, camera.role, episodes)):
            stage("Reading images", done, len(episodes))
            frames = each.frames[::step].tolist()
            rgb = np.stack([resized_rgb(each.reader.rgb(camera.role, frame), *size) for frame in frames])
            seen = None if masks is None else np.stack([_resized(mask, size) for mask in masks.of(each, frames)])
            found.append(TrainingImages(rgb, seen))
        return found

    return read


def spread(episodes: Sequence[EpisodeSpan], most: int) -> list[EpisodeSpan]:
    """At most so many of the episodes, evenly spread."""
    chosen = np.linspace(0, len(episodes) - 1, min(most, len(episodes)))
    return [episodes[k] for k in np.unique(chosen.astype(int))]


def _resized(mask: Mask, size: tuple[int, int]) -> Mask:
    return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(np.bool_)
