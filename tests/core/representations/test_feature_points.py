"""The five representations that find feature points in an image: what is kept, what is trained, what repeats."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

from core.errors import EndedEarlyError, InputError
from core.policies.config import AutoencoderConfig
from core.representations import REPRESENTATIONS
from core.representations.modules.spatial_encoder import HEIGHT, WIDTH
from core.representations.representation import Beginning, Representation, Setup, TrainingImages, View
from tests.core.representations.cards import CAMERA, episode, views

FROZEN, TRAINED = ("ae", "ae-mask"), ("ae-e2e", "e2e", "e2e-34")
POINTS = 4


def built(name: str) -> Representation:
    found: Representation = REPRESENTATIONS.get(name).build(Setup(name=name, points=POINTS, camera=CAMERA))
    return found


def beginning(seed: int = 0, steps: int = 2) -> Beginning:
    """Two steps on six images; nothing published is looked for."""

    def images(size: tuple[int, int], masked: bool) -> list[TrainingImages]:
        found, _ = episode(0, 6, *size)
        return [found if masked else TrainingImages(found.rgb)]

    config = AutoencoderConfig(steps=steps, batch=3)
    return Beginning(stage=lambda *said: None, seed=seed, autoencoder=config, images=images)


def weights(representation: Representation) -> torch.Tensor:
    assert isinstance(representation, nn.Module)
    return nn.utils.parameters_to_vector(representation.parameters()).detach()


@pytest.mark.parametrize("name", (*FROZEN, *TRAINED))
def test_z_is_where_points_are_in_the_image(name: str) -> None:
    representation, shown = built(name), views()
    looks = representation.look(shown)
    z = representation({key: torch.from_numpy(values) for key, values in looks.items()}).detach()
    assert z.shape == (len(shown), representation.dim) == (3, 2 * POINTS)
    assert z.dtype == torch.float32
    assert z.abs().max() <= 1.0
    marks = representation.marks(z[0].numpy())
    assert marks.shape == (POINTS, 2)
    assert (marks >= -0.5).all()
    assert (marks <= [CAMERA.width - 0.5, CAMERA.height - 0.5]).all()


@pytest.mark.parametrize("name", (*FROZEN, *TRAINED))
def test_a_look_is_the_same_alone_and_among_others(name: str) -> None:
    representation, shown = built(name), views()
    together = representation.look(shown)
    for k, view in enumerate(shown):
        alone = representation.look([view])
        assert list(alone) == list(together)
        for key, values in alone.items():
            assert values.dtype == together[key].dtype
            np.testing.assert_allclose(values[0], together[key][k], atol=1e-5)


@pytest.mark.parametrize("name", FROZEN)
def test_what_is_frozen_is_computed_once_and_never_trained(name: str) -> None:
    representation = built(name)
    looks = representation.look(views())
    assert {key: values.shape for key, values in looks.items()} == {"z": (3, 2 * POINTS)}
    assert isinstance(representation, nn.Module)
    assert not any(each.requires_grad for each in representation.parameters())
    before, key = weights(representation), representation.key
    representation.begin(beginning())
    assert not torch.equal(weights(representation), before)
    assert representation.key != key, "what was computed with other weights is never taken for this"
    assert not any(each.requires_grad for each in representation.parameters())


@pytest.mark.parametrize("name", TRAINED)
def test_what_is_trained_keeps_the_image(name: str) -> None:
    representation = built(name)
    key = representation.key
    looks = representation.look(views(1))
    assert {key: (values.shape, values.dtype) for key, values in looks.items()} == {
        "rgb": ((1, HEIGHT, WIDTH, 3), np.dtype(np.uint8))
    }
    representation.begin(beginning())
    assert representation.key == key
    representation({"rgb": torch.from_numpy(looks["rgb"])}).square().sum().backward()
    assert isinstance(representation, nn.Module)
    assert all(each.grad is not None for each in representation.parameters())


@pytest.mark.parametrize("name", (*FROZEN, *TRAINED))
def test_one_seed_gives_one_beginning(name: str) -> None:
    first, again, other = built(name), built(name), built(name)
    state = torch.random.get_rng_state()
    first.begin(beginning(0))
    assert torch.equal(torch.random.get_rng_state(), state), "nobody else's random numbers change"
    again.begin(beginning(0))
    other.begin(beginning(1, steps=0))
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_end_to_end_learns_where_the_card_is() -> None:
    torch.manual_seed(0)
    representation = built("e2e")
    representation.begin(beginning())
    assert isinstance(representation, nn.Module)
    images, card = episode(2, 12, 64, 48)
    rgb, wanted = torch.from_numpy(images.rgb), torch.from_numpy(card).float()
    head = nn.Linear(representation.dim, 2)
    optimizer = torch.optim.Adam([*representation.parameters(), *head.parameters()], lr=1e-2)
    losses = []
    for _ in range(50):
        loss = (head(representation({"rgb": rgb})) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]


def test_the_deep_network_keeps_its_batch_statistics() -> None:
    representation = built("e2e-34")
    assert isinstance(representation, nn.Module)
    before = {key: value.clone() for key, value in representation.state_dict().items() if "running" in key}
    representation.train()
    with torch.no_grad():
        representation({"rgb": torch.from_numpy(representation.look(views(1))["rgb"])})
    assert before
    assert all(torch.equal(representation.state_dict()[key], value) for key, value in before.items())


def test_a_training_that_is_ended_leaves_nothing_half_done() -> None:
    representation = built("ae-e2e")
    before = weights(representation)

    def stage(name: str, done: int, total: int) -> None:
        if done == total:
            raise EndedEarlyError("Ended.")

    asked = beginning()
    with pytest.raises(EndedEarlyError):
        representation.begin(Beginning(stage=stage, autoencoder=asked.autoencoder, images=asked.images))
    assert torch.equal(weights(representation), before)


def test_without_what_it_needs_it_says_what_to_do() -> None:
    small, _ = episode(0, 6, 64, 48)
    config, stage = AutoencoderConfig(steps=1), beginning().stage
    with pytest.raises(InputError, match="record episodes with a camera"):
        built("ae").begin(Beginning(stage=stage, autoencoder=config))
    with pytest.raises(InputError, match="320x240 pixels, not 64x48"):
        built("ae").begin(Beginning(stage=stage, autoencoder=config, images=lambda size, masked: [small]))
    with pytest.raises(InputError, match="choose another camera"):
        built("e2e").look([View(camera=CAMERA)])
    with pytest.raises(InputError, match="record episodes with a camera"):
        REPRESENTATIONS.get("e2e").build(msgspec.structs.replace(Setup(name="e2e"), camera=None))
