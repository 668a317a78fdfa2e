"""Every loss: its gradient, a case worked by hand, what does not count, and that a and b are alike."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import pytest
import torch
from torch import Tensor

from core.correspondence.config import Loss, TrainingConfig
from core.correspondence.losses import LOSSES
from core.correspondence.losses.batch import CorrespondenceLoss, LossInfo, MatchBatch
from core.correspondence.losses.contrastive import Contrastive
from core.correspondence.losses.info_nce import InfoNCE
from core.errors import InputError

CONFIG = TrainingConfig(temperature=0.7, non_matches=12, margin=0.9)
NAMES = [str(name) for name in Loss]
STRIDE = 4


def build(name: str, config: TrainingConfig = CONFIG) -> CorrespondenceLoss:
    loss: CorrespondenceLoss = LOSSES.get(name).build(config)
    return loss


def value(name: str, batch: MatchBatch, config: TrainingConfig = CONFIG) -> Tensor:
    """The loss with the same random draws every time."""
    torch.manual_seed(3)
    return build(name, config)(batch)[0]


def random_batch(pairs: int = 2, matches: int = 3, seed: int = 0) -> MatchBatch:
    """Maps 6 x 5 cells of 3 numbers, images 24 x 20, float64; the last match is not valid."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64)

    height, width = 5, 6
    size = torch.tensor([width * STRIDE - 1.0, height * STRIDE - 1.0], dtype=torch.float64)
    valid = torch.ones(pairs, matches, dtype=torch.bool)
    valid[-1, -1] = False
    masks = [draw(pairs, height, width).gt(0.6).repeat_interleave(STRIDE, 1).repeat_interleave(STRIDE, 2) for _ in "ab"]
    depths = [0.5 + draw(pairs, matches) for _ in "ab"]
    maps = [(0.5 + draw(pairs, height, width)) * draw(pairs, height, width).gt(0.3) for _ in "ab"]
    descriptors = [draw(pairs, 3, height, width) for _ in "ab"]
    uv = [draw(pairs, matches, 2) * size for _ in "ab"]
    return MatchBatch(*descriptors, *uv, valid, *masks, STRIDE, *depths, *maps)


def line_batch(a: list[float], b: list[float], objects: list[bool], depth_b: list[float] | None = None) -> MatchBatch:
    """One pair of images of one row, a cell a pixel, descriptors of one number; the first cells match."""
    mask = torch.tensor([[objects]])
    at, zero = torch.zeros(1, 1, 2, dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool)
    maps = [torch.tensor([[[each]]], dtype=torch.float64) for each in (a, b)]
    depth = torch.tensor([[depth_b or [1.0] * len(b)]], dtype=torch.float64)
    flat = torch.ones_like(depth)
    return MatchBatch(*maps, at, at, zero, mask, mask, 1, flat[..., 0], depth[..., 0], flat, depth)


def test_every_loss_of_the_choice_is_registered_and_says_where_it_is_from() -> None:
    entries = LOSSES.entries()
    assert sorted(entries) == sorted(NAMES)
    for entry in entries.values():
        assert entry.unavailable == ""
        assert isinstance(entry.info, LossInfo)
        assert entry.info.title
        assert entry.info.source


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_is_that_of_finite_differences(name: str) -> None:
    batch = random_batch()

    def of(a: Tensor, b: Tensor) -> Tensor:
        return value(name, replace(batch, descriptors_a=a, descriptors_b=b))

    inputs = (batch.descriptors_a.requires_grad_(), batch.descriptors_b.requires_grad_())
    assert torch.autograd.gradcheck(of, inputs, eps=1e-7, atol=1e-6, fast_mode=True)
    of(*inputs).backward()
    assert all(float(each.grad.abs().max()) > 1e-3 for each in inputs if each.grad is not None)


@pytest.mark.parametrize("name", NAMES)
def test_matches_that_are_not_valid_do_not_count(name: str) -> None:
    batch = random_batch(pairs=1)
    moved = replace(
        batch,
        uv_a=torch.where(batch.valid.unsqueeze(-1), batch.uv_a, torch.tensor(1.0, dtype=torch.float64)),
        uv_b=torch.where(batch.valid.unsqueeze(-1), batch.uv_b, torch.tensor(2.0, dtype=torch.float64)),
    )
    assert not torch.equal(moved.uv_a, batch.uv_a)
    assert float(value(name, batch)) == pytest.approx(float(value(name, moved)), abs=1e-12)
    every = replace(batch, valid=torch.ones_like(batch.valid))
    assert float(value(name, batch)) != pytest.approx(float(value(name, every)), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_without_any_match_the_loss_is_zero_and_its_gradient_too(name: str) -> None:
    batch = random_batch()
    batch = replace(batch, valid=torch.zeros_like(batch.valid), descriptors_a=batch.descriptors_a.requires_grad_())
    loss = value(name, batch)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert batch.descriptors_a.grad is not None
    assert float(batch.descriptors_a.grad.abs().max()) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_both_images_play_the_same_part(name: str) -> None:
    batch = random_batch(pairs=1, matches=4)
    assert float(value(name, batch)) == pytest.approx(float(value(name, batch.swapped())), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_descriptor_of_its_own_for_every_cell_beats_one_for_all(name: str) -> None:
    batch = random_batch(pairs=1)
    cells = torch.tensor([[0.0, 0.0], [3.0, 2.0], [5.0, 4.0]], dtype=torch.float64)
    uv = ((cells + 0.5) * STRIDE - 0.5).unsqueeze(0)
    own = 10.0 * torch.eye(30, dtype=torch.float64).reshape(1, 30, 5, 6)
    depth_map = 0.5 + torch.arange(30, dtype=torch.float64).reshape(1, 5, 6) / 30
    depth = depth_map[:, cells[:, 1].long(), cells[:, 0].long()]
    good = MatchBatch(
        own, own, uv, uv, batch.valid | True, batch.mask_a, batch.mask_b, STRIDE, depth, depth, depth_map, depth_map
    )
    alike = replace(good, descriptors_a=torch.ones_like(own), descriptors_b=torch.ones_like(own))
    config = msgspec.structs.replace(CONFIG, expectation_lambda=1.0)
    assert float(value(name, good, config)) < 0.05
    assert float(value(name, alike, config)) > 0.1


def test_contrastive_by_hand() -> None:
    """The match is 0.3 apart. Of the non-matches, 3 or more cells away, those on the object are 0.2 from either
    query and inside the margin of 0.5; those on the background are 5 away and do not count in the mean."""
    batch = line_batch([0.0, 9.0, 9.0, 0.5, 5.3], [0.3, 9.0, 9.0, 0.2, 5.0], [True, False, False, True, False])
    config = TrainingConfig(margin=0.5, non_matches=20)
    torch.manual_seed(0)
    loss, parts = build("contrastive", config)(batch)
    assert parts["match"] == pytest.approx(0.3**2)
    assert parts["non_match"] == pytest.approx((0.5 - 0.2) ** 2)
    assert float(loss) == pytest.approx(0.09 + 0.09)
    assert 0.0 < parts["hard"] < 1.0


def test_contrastive_takes_the_background_of_other_images_and_never_their_objects() -> None:
    """All of the pair's own cells are within two cells of the match, so all non-matches are of the other image."""
    a = torch.zeros(2, 1, 1, 2, dtype=torch.float64)
    b = torch.tensor([[[[0.0, 0.0]]], [[[0.1, 0.4]]]], dtype=torch.float64)
    mask = torch.tensor([[[True, True]], [[True, False]]])
    at, valid = torch.zeros(2, 1, 2, dtype=torch.float64), torch.tensor([[True], [False]])
    batch = MatchBatch(a, b, at, at, valid, mask, mask, 1)
    _, parts = build("contrastive", TrainingConfig(margin=0.5, non_matches=8))(batch)
    from_a, from_b = (0.5 - 0.4) ** 2, (0.5 - 0.0) ** 2
    assert parts["non_match"] == pytest.approx((from_a + from_b) / 2, abs=1e-5)


def test_contrastive_draws_pixels_of_different_objects_apart() -> None:
    """Distances 0.1 and 0.9 with a margin of 0.5: one is hard; the third pair is not valid."""
    a = torch.tensor([[[[0.0, 1.0, 2.0]]]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([[[[0.1, 1.9, 2.0]]]], dtype=torch.float64)
    uv = torch.tensor([[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]], dtype=torch.float64)
    mask = torch.ones(1, 1, 3, dtype=torch.bool)
    batch = MatchBatch(a, b, uv, uv, torch.tensor([[True, True, False]]), mask, mask, 1)
    loss, parts = Contrastive(margin=0.5, non_matches=10).apart(batch)
    assert float(loss.detach()) == pytest.approx((0.5 - 0.1) ** 2)
    assert parts["hard"] == 0.5
    loss.backward()
    assert a.grad is not None
    assert a.grad.flatten().tolist() == pytest.approx([2 * (0.5 - 0.1), 0.0, 0.0])


def test_info_nce_pushes_pixels_of_different_objects_apart() -> None:
    """From a: itself 1, the object's cells of b 1 and 0, its background 1; the second query is not valid."""
    a = torch.tensor([[[[1.0, 1.0]], [[0.0, 0.0]]]], dtype=torch.float64)
    b = torch.tensor([[[[1.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]]]], dtype=torch.float64, requires_grad=True)
    uv = torch.zeros(1, 2, 2, dtype=torch.float64)
    mask_a, mask_b = torch.ones(1, 1, 2, dtype=torch.bool), torch.tensor([[[True, True, False]]])
    batch = MatchBatch(a, b, uv, uv, torch.tensor([[True, False]]), mask_a, mask_b, 1)
    loss, parts = InfoNCE(temperature=1.0, expectation_weight=1.0).apart(batch)
    from_a, from_b = math.log(2 * math.e + 1) - 1, math.log(3)
    assert float(loss.detach()) == pytest.approx((from_a + from_b) / 2)
    assert parts == {"apart": pytest.approx((from_a + from_b) / 2)}
    loss.backward()
    assert b.grad is not None
    assert b.grad[0, 0, 0, 2] == 0.0, "the background is no object"


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_says_whether_it_pushes_apart(name: str) -> None:
    assert LOSSES.get(name).info.pushes_apart == hasattr(build(name), "apart")


def test_expectation_by_hand() -> None:
    """Cells at -0.5 and 0.5; from a, squared distances 0 and 1; from b, the same."""
    config = TrainingConfig(temperature=1.0, expectation_lambda=0.01)
    loss, parts = build("expectation", config)(line_batch([0.0, 1.0], [0.0, 1.0], [True, True]))
    second, wanted = 1 / (1 + math.e), 1 / (1 + math.exp(0.5))
    assert parts["expectation"] == pytest.approx(second)
    assert parts["gaussian"] == pytest.approx((second - wanted) ** 2)
    assert float(loss) == pytest.approx(second + 0.01 * (second - wanted) ** 2)


def test_expectation_in_3d_by_hand() -> None:
    """As above; seen from a the expected depth is ``p_0 + 2 p_1`` where 1 m is right, from b it is right."""
    config = TrainingConfig(temperature=1.0, expectation_lambda=0.0)
    second = 1 / (1 + math.e)
    loss, parts = build("expectation-3d", config)(line_batch([0.0, 1.0], [0.0, 1.0], [True, True], [1.0, 2.0]))
    assert parts["depth"] == pytest.approx(second / 2)
    assert float(loss) == pytest.approx(second + second / 2)


def test_unknown_depth_is_renormalised_out_and_an_unknown_match_does_not_count() -> None:
    config = TrainingConfig(temperature=1.0)
    three = [0.0, 1.0, 2.0]
    known = build("expectation-3d", config)(line_batch(three, three, [True] * 3, [1.0, 2.0, 0.0]))[1]["depth"]
    assert known == pytest.approx(math.exp(-1) / (1 + math.exp(-1)) / 2)
    none = build("expectation-3d", config)(line_batch(three, three, [True] * 3, [0.0, 2.0, 3.0]))[1]["depth"]
    assert none == 0.0


def test_without_depth_the_loss_in_3d_says_so() -> None:
    batch = replace(random_batch(), depth_b=None)
    with pytest.raises(InputError, match="choose another loss"):
        build("expectation-3d")(batch)


def test_info_nce_by_hand() -> None:
    """Only the last of four cells is over two cells from the match; all descriptors are numbers, temperature 1."""
    config = TrainingConfig(temperature=1.0, expectation_weight=0.0)
    a, b = [0.5, 0.0, 0.0, 0.2], [0.8, 0.0, 0.0, -0.3]
    loss, _ = build("info-nce", config)(line_batch(a, b, [True] * 4))

    def one_way(query: float, positive: float, negative: float) -> float:
        return math.log(1 + math.exp(query * (negative - positive)))

    assert float(loss) == pytest.approx(0.5 * (one_way(0.5, 0.8, -0.3) + one_way(0.8, 0.5, 0.2)))


def test_swapping_twice_changes_nothing_and_once_exchanges_depth_too() -> None:
    batch = random_batch()
    swapped = batch.swapped()
    assert swapped.depth_a is batch.depth_b
    assert swapped.depth_map_b is batch.depth_map_a
    assert all(getattr(swapped.swapped(), name) is getattr(batch, name) for name in MatchBatch.__slots__)
