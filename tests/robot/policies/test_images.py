"""Recorded images as policies learn to see from them: what the trims leave, with masks as a hand corrected them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from core.correspondence.config import EpisodeSpan
from core.correspondence.mask_correction import ADDED, REMOVED, correction
from core.correspondence.views import resized_rgb
from core.episodes.reader import EpisodeReader
from core.errors import InputError
from core.library import Library
from core.library.learning import all_spans
from core.messages import CameraInfo
from core.policies.config import PolicyConfig
from robot.policies.images import training_images
from robot.policies.seeing import camera_of, first_descriptors
from robot.policies.specification import PolicySpecification
from robot.rig import DEFAULT_RIG, load_rig

SIZE = (160, 120)


def specification(root: Path, **change: Any) -> PolicySpecification:
    """Of a training on every episode of the library."""
    with Library.open(root, writable=False) as library:
        rig = load_rig(DEFAULT_RIG)
        made = PolicySpecification(
            run="",
            policy="",
            name="",
            config=PolicyConfig(camera="right", descriptor_set="mask", points=4),
            task="reach_tr",
            episodes=all_spans(library),
            rig=rig.name,
            simulated=rig.simulated,
            captures=str(library.captures),
            cache=str(library.cache),
            models="",
            descriptor_model=library.models.list("descriptor")[0].path,
        )
    return msgspec.structs.replace(made, **change)


def camera(given: PolicySpecification) -> CameraInfo:
    found = camera_of(given)
    assert found is not None
    return found


def corrected(span: EpisodeSpan, role: str, frame: int) -> EpisodeSpan:
    """A hand says that the object is a box at the left in that image, and nothing else."""
    layers = np.full((480, 640), REMOVED, np.uint8)
    layers[100:300, 20:220] = ADDED
    hand = correction(role, frame, layers)
    assert hand is not None
    return msgspec.structs.replace(span, corrections=(hand,))


def test_only_what_the_trims_leave_is_learnt_from(seen: Path) -> None:
    given = specification(seen)
    trimmed, gone, whole = given.episodes
    trimmed = msgspec.structs.replace(trimmed, start_s=1.0, end_s=2.0)
    gone = msgspec.structs.replace(gone, start_s=1000.0)
    given = msgspec.structs.replace(given, episodes=(trimmed, gone, whole))
    role = camera(given).role
    found = training_images(given, camera(given), lambda name, done, total: None)(SIZE, False)
    with EpisodeReader(Path(trimmed.path)) as reader:
        stamps = reader.stamps(role)
        left = np.flatnonzero((stamps >= reader.start_ns + 1e9) & (stamps <= reader.start_ns + 2e9))
        expected = np.stack([resized_rgb(reader.rgb(role, frame), *SIZE) for frame in left])
    assert len(found) == 2, "an episode of which nothing is left is left out"
    np.testing.assert_array_equal(found[0].rgb, expected)


def test_masks_are_those_that_a_hand_corrected(seen: Path) -> None:
    given = specification(seen)
    role = camera(given).role
    given = msgspec.structs.replace(given, episodes=(corrected(given.episodes[0], role, 3), *given.episodes[1:]))
    found = training_images(given, camera(given), lambda name, done, total: None)(SIZE, True)
    mask = found[0].mask
    assert mask is not None
    box = np.zeros((120, 160), np.bool_)
    box[25:75, 5:55] = True
    np.testing.assert_array_equal(mask[3], box)
    assert not np.array_equal(mask[2], box)


def test_points_are_drawn_from_the_corrected_object_after_the_trim(seen: Path) -> None:
    """The largest mask is the one that a hand made, in the first image that the trims leave."""
    given = specification(seen)
    role, (first, *others) = camera(given).role, given.episodes
    with EpisodeReader(Path(first.path)) as reader:
        begin = int(np.searchsorted(reader.stamps(role), reader.start_ns + 1_000_000_000))
    by_hand = msgspec.structs.replace(corrected(first, role, begin), start_s=1.0)
    told = msgspec.structs.replace(given, episodes=(by_hand, *others))
    ignored = msgspec.structs.replace(given, episodes=(corrected(first, role, begin), *others))
    plain = first_descriptors(given, camera(given))
    assert not np.array_equal(first_descriptors(told, camera(given)), plain)
    np.testing.assert_array_equal(first_descriptors(ignored, camera(given)), plain)


def test_trims_that_leave_no_image_are_one_sentence(seen: Path) -> None:
    given = specification(seen)
    nothing = tuple(msgspec.structs.replace(span, start_s=1000.0) for span in given.episodes)
    with pytest.raises(InputError, match="No episode shows an image of the right camera between its trims"):
        first_descriptors(msgspec.structs.replace(given, episodes=nothing), camera(given))
