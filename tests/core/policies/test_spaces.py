"""What a policy knows of the robot and what it answers, against values worked by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from core.policies.config import NoiseConfig
from core.policies.heads import DirectHead, MixtureHead, behaviour_cloning_loss
from core.policies.spaces import Hand, action, apply, moving, observe, perturbed


def hands(seed: int, count: int) -> Hand:
    rng = np.random.default_rng(seed)
    quat = rng.normal(size=(count, 4))
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    return Hand.of(np.concatenate([quat, rng.uniform(-1, 1, (count, 3))], axis=1), rng.uniform(0, 0.11, count))


def test_the_observation_is_three_points_a_turn_and_a_width() -> None:
    turned = Rotation.from_rotvec([0.0, 0.0, np.pi / 2]).as_matrix()
    hand = Hand(turned[None], np.array([[0.5, 0.1, 0.3]]), np.array([0.04]))
    (seen,) = observe(hand, np.eye(3))
    # y of the hand points to -x of the world; the third point lies 0.1 m behind, along -z
    wanted = [0.5, 0.1, 0.3, 0.4, 0.1, 0.3, 0.5, 0.1, 0.2, 0.0, 0.0, np.pi / 2, 0.04]
    np.testing.assert_allclose(seen, wanted, atol=1e-12)
    np.testing.assert_allclose(observe(hand, turned)[0, 9:12], 0.0, atol=1e-12)


def test_the_action_is_relative_to_the_hand() -> None:
    turned = Rotation.from_rotvec([0.0, 0.0, np.pi / 2]).as_matrix()
    hand = Hand(turned[None], np.zeros((1, 3)), np.zeros(1))
    desired = Hand(np.eye(3)[None], np.array([[0.1, 0.0, 0.0]]), np.array([0.05]))
    (found,) = action(hand, desired)
    np.testing.assert_allclose(found, [0.0, -0.1, 0.0, 0.0, 0.0, -np.pi / 2, 0.05], atol=1e-12)


@given(seed=st.integers(0, 1000))
def test_applying_an_action_arrives_where_it_was_taken_from(seed: int) -> None:
    hand, desired = hands(seed, 4), hands(seed + 1, 4)
    arrived = apply(hand, action(hand, desired))
    np.testing.assert_allclose(arrived.R_WE, desired.R_WE, atol=1e-9)
    np.testing.assert_allclose(arrived.p_WE, desired.p_WE, atol=1e-9)
    np.testing.assert_allclose(arrived.width_m, desired.width_m, atol=1e-9)


@given(seed=st.integers(0, 1000))
def test_noise_leaves_the_global_setpoint_where_it_is(seed: int) -> None:
    hand, desired = hands(seed, 8), hands(seed + 1, 8)
    noise = NoiseConfig(position_m=0.005, rotation_deg=5.0, gripper_m=0.02)
    noisy = perturbed(hand, noise, np.random.default_rng(seed))
    assert np.abs(noisy.p_WE - hand.p_WE).max() > 1e-4
    assert np.abs(action(noisy, desired) - action(hand, desired)).max() > 1e-4
    arrived = apply(noisy, action(noisy, desired))
    np.testing.assert_allclose(arrived.p_WE, desired.p_WE, atol=1e-9)
    np.testing.assert_allclose(arrived.R_WE, desired.R_WE, atol=1e-9)


def test_noise_has_the_size_that_was_asked_for() -> None:
    hand = Hand(np.tile(np.eye(3), (20_000, 1, 1)), np.zeros((20_000, 3)), np.zeros(20_000))
    noisy = perturbed(hand, NoiseConfig(), np.random.default_rng(0))
    assert noisy.p_WE.std() == pytest.approx(0.001, rel=0.03)
    turns = Rotation.from_matrix(noisy.R_WE).as_rotvec()
    assert np.degrees(turns.std()) == pytest.approx(1.0, rel=0.03)
    assert noisy.width_m.std() == pytest.approx(0.01, rel=0.03)


def test_the_loss_counts_a_metre_a_tenth_of_a_radian_and_a_metre_of_gripper_alike() -> None:
    head = DirectHead()
    for wanted in ([1.0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0.1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1.0]):
        # |1|^2 + 0.1 |1|
        assert float(head.loss(torch.zeros(7), torch.tensor(wanted, dtype=torch.float32))) == pytest.approx(1.1)
    both = behaviour_cloning_loss(torch.tensor([0.5, 0.0]), torch.tensor([0.0, -2.0]))
    assert float(both) == pytest.approx(0.25 + 4.0 + 0.1 * 2.5)


def test_standardised_actions_come_back_in_metres_and_radians() -> None:
    head = DirectHead()
    head.mean.copy_(torch.tensor([0.1, 0.0, 0.0, 0.0, 0.0, 1.0, 0.05]))
    head.deviation.fill_(0.5)
    outputs = torch.tensor([2.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0])
    np.testing.assert_allclose(head.act(outputs).numpy(), [1.1, 0, 0, 0, 0, 0.2, 0.05], atol=1e-6)
    assert float(head.loss(outputs, head.act(outputs))) == pytest.approx(0.0, abs=1e-6)


def test_a_mixture_of_one_gaussian_is_that_gaussian() -> None:
    head = MixtureHead(1)
    mean, log_deviation = torch.linspace(-1.0, 1.0, 7), torch.full((7,), 0.3)
    outputs = torch.cat([torch.zeros(1), mean, log_deviation])
    wanted = torch.zeros(7)
    normal = torch.distributions.Normal(mean, log_deviation.exp())
    assert float(head.loss(outputs, wanted)) == pytest.approx(-float(normal.log_prob(wanted).sum()), rel=1e-5)
    np.testing.assert_allclose(head.act(outputs).numpy(), (mean / head.scale).numpy(), atol=1e-6)


def test_a_mixture_acts_by_its_likeliest_component() -> None:
    head = MixtureHead(2)
    means = torch.stack([torch.full((7,), -1.0), torch.full((7,), 1.0)])
    outputs = torch.cat([torch.tensor([0.0, 2.0]), means.flatten(), torch.zeros(14)])
    assert float(head.act(outputs)[0]) == pytest.approx(1.0)


def test_still_moments_are_left_out() -> None:
    p = np.array([[0.0, 0, 0], [0.0005, 0, 0], [0.0012, 0, 0], [0.0012, 0, 0], [0.0012, 0, 0]])
    turns = Rotation.from_rotvec([[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, np.radians(0.5)], [0, 0, np.radians(1.2)]])
    hand = Hand(turns.as_matrix(), p, np.zeros(5))
    assert moving(hand).tolist() == [0, 2, 4]
