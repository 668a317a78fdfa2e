"""What is drawn to learn from."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
import torch

from core.errors import InputError
from core.policies.config import NO_NOISE
from core.policies.lessons import Batch, Lessons, Looks
from core.policies.spaces import Hand, apply
from tests.core.policies.made import LSTM, SMALL, demonstrations


def lessons(config: object = SMALL) -> Lessons:
    return Lessons(demonstrations(), config, np.eye(3), "cpu")


def setpoints(batch: Batch, R_WE: np.ndarray) -> np.ndarray:
    """Where the actions lead in W, from the observed hands; rotations are the observed ones."""
    robot = batch.robot.double().numpy().reshape(-1, 13)
    hand = Hand(R_WE, robot[:, :3], robot[:, 12])
    return apply(hand, batch.actions.double().numpy().reshape(-1, 7)).p_WE


def test_the_same_draw_gives_the_same_lesson_and_another_one_another() -> None:
    first, again = (next(iter(lessons().moments(np.random.default_rng((0, 3))))) for _ in range(2))
    assert torch.equal(first.robot, again.robot)
    assert torch.equal(first.actions, again.actions)
    other = next(iter(lessons().moments(np.random.default_rng((0, 4)))))
    assert not torch.equal(first.robot, other.robot)


def test_noise_is_drawn_for_every_sample_anew() -> None:
    batches = list(lessons().moments(np.random.default_rng(0)))
    robot = torch.cat([batch.robot for batch in batches]).reshape(-1, 13)
    assert len(torch.unique(robot[:, 12])) == len(robot)  # the width never varies but for noise


def test_without_noise_actions_are_the_recorded_ones() -> None:
    config = msgspec.structs.replace(SMALL, noise=NO_NOISE)
    for batch in lessons(config).moments(np.random.default_rng(0)):
        assert float(batch.actions[..., 3:].abs().max()) < 1e-6
        reached = setpoints(batch, np.tile(np.eye(3), (16, 1, 1)))
        goal = batch.looks["points"].numpy().reshape(-1, 3)
        assert np.all(np.linalg.norm(reached, axis=1) <= np.linalg.norm(goal, axis=1) + 1e-6)


def test_episodes_come_whole_in_order_and_cut() -> None:
    drawn = list(lessons(msgspec.structs.replace(LSTM, noise=NO_NOISE)).episodes(np.random.default_rng(1)))
    assert [batch.begins for batch in drawn] == [True, *[False] * (len(drawn) - 1)]
    assert all(batch.robot.shape[:2] == (3, 5) for batch in drawn[:-1])
    robot = torch.cat([batch.robot for batch in drawn], dim=1)
    weight = torch.cat([batch.weight for batch in drawn], dim=1)
    for episode, inside in zip(robot, weight, strict=True):
        count = int(inside.sum())
        assert 10 <= count <= 18  # every third of 30 to 51 moments
        assert inside.tolist() == [1.0] * count + [0.0] * (len(inside) - count)
        travelled = episode[:count, :3].norm(dim=-1)
        assert torch.all(travelled[1:] > travelled[:-1])


def test_still_moments_are_skipped_when_asked_to() -> None:
    made = demonstrations(1)[0]
    stands_from_ten_on = made.hand.p_WE[np.minimum(np.arange(len(made)), 10)]
    still = Hand(made.hand.R_WE, stands_from_ten_on, made.hand.width_m)
    resting = msgspec.structs.replace(LSTM, skip_still=True, rate_hz=0.0, truncate=100)
    batches = [
        next(iter(Lessons([replace(made, hand=still)], config, np.eye(3), "cpu").all_episodes()))
        for config in (resting, msgspec.structs.replace(resting, skip_still=False))
    ]
    assert batches[0].robot.shape[1] < batches[1].robot.shape[1] == len(made)


def test_a_rate_that_does_not_divide_the_recorded_one_is_refused() -> None:
    with pytest.raises(InputError, match="recorded at 30 images a second, which does not give 20"):
        lessons(msgspec.structs.replace(LSTM, rate_hz=20.0))


def test_looks_on_disk_and_in_memory_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    episodes = [{"map": np.random.default_rng(k).normal(size=(3 + k, 2, 2)).astype(np.float16)} for k in range(3)]
    rows = np.array([[0, 2], [3, 11], [6, 7]])
    memory = Looks(episodes).at(rows)["map"]
    monkeypatch.setattr("core.policies.lessons._IN_MEMORY", 0)
    assert torch.equal(Looks(episodes).at(rows)["map"], memory)
    assert memory.shape == (3, 2, 2, 2)
