"""Masks corrected by hand are kept with their episode, whatever finds masks later."""

from __future__ import annotations

import sqlite3

import msgspec
import numpy as np
import pytest

from core.correspondence.config import EpisodeSpan
from core.correspondence.mask_correction import ADDED, AS_FOUND, REMOVED, MaskCorrection, corrected, correction
from core.errors import InputError
from core.library import EpisodeFilter, Library
from core.library.learning import all_spans, spans
from core.library.mask_corrections import CorrectedFrame
from tests.core.library.making import add


def made(role: str = "right", frame: int = 3, seed: int = 0) -> MaskCorrection:
    layers = np.random.default_rng(seed).integers(AS_FOUND, REMOVED + 1, (48, 64), dtype=np.uint8)
    found = correction(role, frame, layers)
    assert found is not None
    np.testing.assert_array_equal(found.decoded(), layers)
    return found


def test_what_a_hand_said_holds_for_any_mask_and_any_size() -> None:
    layers = np.zeros((4, 6), np.uint8)
    layers[:2, :2], layers[2:, 4:] = ADDED, REMOVED
    for found in (np.zeros((4, 6), bool), np.ones((4, 6), bool)):
        mask = corrected(found, layers)
        assert mask[:2, :2].all() and not mask[2:, 4:].any()
        np.testing.assert_array_equal(mask[layers == AS_FOUND], found[layers == AS_FOUND])
        np.testing.assert_array_equal(corrected(found[::2, ::2], layers), mask[::2, ::2])
    assert correction("right", 0, np.zeros((4, 6), np.uint8)) is None


def test_the_newest_correction_of_an_image_is_kept_until_it_is_taken_back(library: Library) -> None:
    row = add(library, frames=5)
    image = CorrectedFrame(row.id, "right", 3)
    assert library.masks.get(image) is None
    library.masks.store(row.id, made(seed=1))
    library.masks.store(row.id, made("left", 1))
    library.masks.store(row.id, made(seed=2))
    assert library.masks.get(image) == made(seed=2)
    assert library.masks.frames() == (image, CorrectedFrame(row.id, "left", 1))
    with Library.open(library.root, writable=False) as again:
        assert again.masks.of(row.id) == (made("left", 1), made(seed=2))
    library.masks.remove(image)
    assert library.masks.get(image) is None and library.masks.of(row.id) == (made("left", 1),)
    with pytest.raises(InputError, match="no episode"):
        library.masks.store("none", made())


def test_corrections_go_with_their_episode(library: Library) -> None:
    row = add(library, frames=5)
    library.masks.store(row.id, made())
    library.episodes.trash([row.id])
    assert library.masks.frames() == ()
    library.episodes.restore([row.id])
    assert len(library.masks.frames()) == 1
    library.episodes.trash([row.id])
    library.episodes.purge([row.id])
    assert library.masks.of(row.id) == ()


def test_trainings_are_told_of_corrections(library: Library) -> None:
    row, other = add(library, frames=5), add(library, frames=5)
    dataset = library.datasets.freeze("mine", EpisodeFilter())
    library.masks.store(row.id, made())
    expected = {row.id: (made(),), other.id: ()}
    for told in (spans(library, dataset), all_spans(library)):
        assert {span.id: span.corrections for span in told} == expected
        assert msgspec.json.decode(msgspec.json.encode(told), type=tuple[EpisodeSpan, ...]) == told


@pytest.mark.parametrize(
    "content",
    ["{}", '{"role": "right", "frame": 3, "width": 64, "height": 48, "layers": "AAAA"}', "other frame", "cut"],
)
def test_a_damaged_correction_is_one_sentence_that_says_what_to_do(library: Library, content: str) -> None:
    row = add(library, frames=5)
    library.masks.store(row.id, made())
    stored = made()
    damaged = {
        "other frame": msgspec.structs.replace(stored, frame=4),
        "cut": msgspec.structs.replace(stored, layers=stored.layers[:60]),
    }
    text = msgspec.json.encode(damaged[content]).decode() if content in damaged else content
    with sqlite3.connect(library.root / "catalog.sqlite") as connection:
        connection.execute("UPDATE annotations SET content = ?", (text,))
    connection.close()
    with pytest.raises(
        InputError, match=r"^The corrected mask of frame 3 of the right camera in episode .*As found.*$"
    ):
        library.masks.of(row.id)
    with pytest.raises(InputError, match="is damaged"):
        all_spans(library)
    library.masks.remove(CorrectedFrame(row.id, "right", 3))
    assert all_spans(library)[0].corrections == ()
