"""Sets are saved, refused when they belong elsewhere, proposed and sampled; descriptors become colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.correspondence import descriptor_sets
from core.correspondence.colours import descriptor_colours
from core.correspondence.descriptor_sets import (
    DescriptorSet,
    SetPoint,
    coarse_matches,
    list_sets,
    load_set,
    propose,
    sample_on_mask,
    save_set,
)
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import match
from core.errors import InputError

RNG = np.random.default_rng(0)


def image(dim: int = 6, seed: int = 0) -> DescriptorImage:
    """A smooth map of unit descriptors, 160x120 pixels."""
    import cv2

    rng = np.random.default_rng(seed)
    parts = [cv2.resize(rng.normal(size=(6, 8)).astype(np.float32), (40, 30)) for _ in range(dim)]
    coarse = np.stack(parts, axis=-1)
    return DescriptorImage.of(coarse / np.linalg.norm(coarse, axis=-1, keepdims=True), 160, 120)


def points(count: int = 3, dim: int = 4) -> tuple[SetPoint, ...]:
    return tuple(
        SetPoint(name=f"p{k}", colour="#5aa5ff", u=k, v=2.5 * k, descriptor=tuple(RNG.normal(size=dim).tolist()))
        for k in range(count)
    )


def test_a_set_is_read_as_it_was_saved(tmp_path: Path) -> None:
    made = DescriptorSet.of("box", "M", "abc", points())
    path = save_set(tmp_path, made)
    assert load_set(path, "abc", 4) == made and list_sets(tmp_path) == (made,)
    assert made.descriptors().shape == (3, 4)


def test_a_set_of_other_weights_or_dimensions_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = save_set(tmp_path, DescriptorSet.of("box", "M", "abc", points()))
    with pytest.raises(InputError, match="belongs to other weights"):
        load_set(path, "other")
    with pytest.raises(InputError, match="not of 16 dimensions"):
        load_set(path, "abc", 16)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match="cannot be read"):
        load_set(path)
    assert list_sets(tmp_path) == ()


def test_many_points_are_matched_where_one_by_one_they_would_be() -> None:
    source = image()
    uv = RNG.uniform([5, 5], [150, 110], size=(12, 2)).round()
    found = coarse_matches(source, source.at(uv))
    one_by_one = np.array([(m.u, m.v) for d in source.at(uv) for m in [match(source, d)[0]]])
    assert np.abs(found - uv).max() <= 2.0
    assert np.abs(found - one_by_one).max() <= 2.0


def test_proposed_points_lie_on_the_mask_and_apart() -> None:
    mask = np.zeros((120, 160), dtype=np.bool_)
    mask[30:90, 40:120] = True
    found = propose(image(), [image(seed=0)], mask, 8)
    assert mask[found[:, 1].astype(int), found[:, 0].astype(int)].all()
    apart = np.linalg.norm(found[:, None] - found[None], axis=-1) + 1e9 * np.eye(len(found))
    assert len(found) == 8 and apart.min() >= 0.5 * np.sqrt(mask.sum() / 8)


def test_what_is_steady_in_a_small_part_only_still_gives_all_points(monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.ones((120, 160), dtype=np.bool_)
    monkeypatch.setattr(descriptor_sets, "agreement", lambda pixels, *_: (pixels.max(axis=1) < 70) * 1.0)
    found = propose(image(), [image()], mask, 16)
    assert len({tuple(uv) for uv in found}) == 16 and found.max() < 70


def test_an_empty_mask_is_one_sentence() -> None:
    with pytest.raises(InputError, match="No object is marked"):
        sample_on_mask(np.zeros((4, 4), dtype=np.bool_), 16)


def test_a_sample_has_its_size_and_lies_on_the_mask() -> None:
    mask = RNG.random((50, 60)) > 0.5
    found = sample_on_mask(mask, 16, seed=1).astype(int)
    assert len({tuple(uv) for uv in found}) == 16 and mask[found[:, 1], found[:, 0]].all()


@pytest.mark.parametrize("dim", [3, 6])
def test_the_same_descriptor_has_the_same_colour_in_all_images(dim: int) -> None:
    one = image(dim)
    other = DescriptorImage.of(np.ascontiguousarray(one.map[::-1]), 160, 120)
    first, second = descriptor_colours([one, other])
    assert np.array_equal(first, second[::-1]) and first.std() > 10


def test_masked_colours_leave_the_rest_grey_and_a_black_image_is_no_error() -> None:
    mask = np.zeros((120, 160), dtype=np.bool_)
    mask[:60] = True
    (found,) = descriptor_colours([image()], [mask])
    assert np.ptp(found[16:], axis=None) == 0 and found[:14].std() > 10
    flat = DescriptorImage.of(np.zeros((6, 8, 5), np.float32), 64, 48)
    assert descriptor_colours([flat])[0].shape == (6, 8, 3)
