"""The spatial autoencoder: its points learn to follow what moves, and with masks only what is asked for counts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InputError
from core.policies.config import AutoencoderConfig
from core.representations.modules.autoencoder import autoencoder_loss, runs_of, small_grey, train_autoencoder
from core.representations.modules.expectation import expected, spatial_softmax
from core.representations.modules.images import image_batch
from core.representations.modules.spatial_encoder import SpatialEncoder, seeded
from core.representations.representation import TrainingImages
from tests.core.representations.cards import episode

SMALL = {"count": 24, "width": 64, "height": 48}
CONFIG = AutoencoderConfig(steps=60, batch=6, learning_rate=4e-3)


def points(encoder: SpatialEncoder, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    with torch.inference_mode():
        return np.asarray(expected(spatial_softmax(encoder(image_batch(torch.from_numpy(rgb))))))


def following(encoder: SpatialEncoder) -> float:
    """By how much the point that follows the card best moves when the card moves by one; unseen images."""
    images, card = episode(100, **SMALL)
    moved, card = points(encoder, images.rgb), card - card.mean(0)
    return float((((moved - moved.mean(0)) * card[:, None]).sum((0, 2)) / np.square(card).sum()).max())


def test_points_learn_to_follow_what_moves() -> None:
    encoder = seeded(0, lambda: SpatialEncoder(8))
    before = following(encoder)
    runs = runs_of("ae", [episode(seed, **SMALL)[0] for seed in range(4)], masked=False)
    heard: list[tuple[str, int, int]] = []
    train_autoencoder(encoder, runs, CONFIG, 0, lambda *said: heard.append(said))
    assert before < 0.2
    assert following(encoder) > 0.5
    assert heard[0][1] == 0
    assert heard[-1] == ("Training the autoencoder", CONFIG.steps, CONFIG.steps)


class Blind(nn.Module):
    """An encoder that sees nothing: all points stay in the middle."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.zeros(len(images), 2, 6, 8)


def test_with_masks_only_what_shows_objects_counts() -> None:
    alone, _ = episode(3, 3, 64, 48)
    assert alone.mask is not None
    mask = alone.mask.copy()
    mask[:, :, 48:] = False
    beside = TrainingImages(alone.rgb.copy())
    beside.rgb[:, :, 48:] = 255
    small = torch.nn.functional.avg_pool2d(torch.from_numpy(mask).float(), 4).flatten(1)
    decoder = seeded(0, lambda: nn.Linear(4, small.shape[1]))

    def loss(images: TrainingImages, weight: Tensor | None) -> float:
        batch = image_batch(torch.from_numpy(images.rgb))
        return float(autoencoder_loss(Blind(), decoder, batch, weight, slow_weight=1.0).detach())

    assert loss(alone, small) == pytest.approx(loss(beside, small), rel=1e-6)
    assert loss(alone, None) != pytest.approx(loss(beside, None), rel=1e-2)


def test_points_that_move_steadily_cost_nothing_and_those_that_jump_do() -> None:
    class Told(nn.Module):
        def __init__(self, columns: list[int]) -> None:
            super().__init__()
            self.columns = columns

        def forward(self, images: Tensor) -> Tensor:
            logits = torch.full((len(images), 1, 6, 8), -100.0)
            for k, column in enumerate(self.columns):
                logits[k, 0, 3, column] = 100.0
            return logits

    images = torch.zeros(3, 3, 24, 32)
    decoder = nn.Linear(2, small_grey(images).shape[1])
    nn.init.zeros_(decoder.weight)
    nn.init.zeros_(decoder.bias)
    steady, jumping = (autoencoder_loss(Told(at), decoder, images, None, 2.0).detach() for at in ([1, 3, 5], [1, 3, 3]))
    assert float(steady) == pytest.approx(0.0, abs=1e-6)
    assert float(jumping) == pytest.approx(2.0 * (2 * 2.0 / 8) ** 2, rel=1e-4)


def test_the_small_image_is_grey_and_a_quarter_as_wide() -> None:
    red = torch.zeros(1, 3, 240, 320)
    red[:, 0] = 1.0
    assert small_grey(red).shape == (1, 60 * 80)
    assert float(small_grey(red).mean()) == pytest.approx(0.299, abs=1e-4)


def test_without_what_it_needs_it_says_what_to_do() -> None:
    images, _ = episode(1, 4, 64, 48)
    unseen = TrainingImages(images.rgb, np.zeros(images.rgb.shape[:3], dtype=np.bool_))
    for episodes, masked, sentence in (
        ([], False, "three images in a row"),
        ([TrainingImages(images.rgb[:2])], False, "three images in a row"),
        ([unseen], True, "no mask shows one"),
        ([TrainingImages(images.rgb)], True, "no masks of objects"),
    ):
        with pytest.raises(InputError, match=sentence):
            runs_of("ae-mask", episodes, masked)


def test_only_runs_that_show_an_object_are_learned_from() -> None:
    images, _ = episode(1, 6, 64, 48)
    mask = np.zeros(images.rgb.shape[:3], dtype=np.bool_)
    mask[5, 3, 3] = True
    assert runs_of("ae-mask", [TrainingImages(images.rgb, mask)], masked=True).first.tolist() == [[0, 3]]
