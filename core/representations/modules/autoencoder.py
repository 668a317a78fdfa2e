"""The deep spatial autoencoder of Finn et al. 2016, "Deep Spatial Autoencoders for Visuomotor Learning" (ICRA).

Feature points of the shallow encoder, and one linear layer that makes a small grey image of them. The loss of three
images in a row is the squared error of the grey images, summed over pixels, and what keeps features slow: the squared
change of the points' velocity, ``||(f_{t+1} - f_t) - (f_t - f_{t-1})||^2``. With masks, a pixel of the small image
counts by how much of it shows an object (paper, section V-B).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.clock import NANOSECONDS, monotonic_ns
from core.errors import InputError
from core.policies.config import AutoencoderConfig
from core.representations.modules.expectation import expected, spatial_softmax
from core.representations.modules.images import image_batch
from core.representations.modules.spatial_encoder import HEIGHT, WIDTH, SpatialEncoder, seeded
from core.representations.representation import Beginning, TrainingImages

STAGE = "Training the autoencoder"
SHRINK = 4
"""Grey images are so many times smaller: 60x80 of 240x320."""
_RUN = 3
_GREY = (0.299, 0.587, 0.114)
_MEAN_OF = 64
_REPORT_EVERY_S = 1.0


def pretrained_encoder(
    name: str, points: int, masked: bool, beginning: Beginning, device: torch.device
) -> SpatialEncoder:
    """The encoder after training as ``beginning`` asks, for the representation ``name``."""
    if beginning.images is None or beginning.autoencoder is None:
        raise InputError(f"{name} needs images to train its autoencoder on; record episodes with a camera.")
    episodes = beginning.images((WIDTH, HEIGHT), masked)
    for shape in {episode.rgb.shape[1:3] for episode in episodes} - {(HEIGHT, WIDTH)}:
        raise InputError(f"{name} needs images of {WIDTH}x{HEIGHT} pixels, not {shape[1]}x{shape[0]}; resize them.")
    encoder = seeded(beginning.seed, lambda: SpatialEncoder(points)).to(device)
    runs = runs_of(name, episodes, masked)
    train_autoencoder(encoder, runs, beginning.autoencoder, beginning.seed, beginning.stage)
    return encoder


@dataclass(frozen=True, slots=True)
class Runs:
    """Every three images in a row. ``first: (R, 2)``: the episode's number and that of the first image."""

    episodes: Sequence[TrainingImages]
    first: NDArray[np.int64]
    masked: bool

    def draw(self, count: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
        """Some runs one after another: ``rgb: (3 count, H, W, 3)``, ``mask: (3 count, H, W)`` or None."""
        chosen = self.first[rng.integers(len(self.first), size=count)].tolist()
        rgb = np.concatenate([self.episodes[episode].rgb[k : k + _RUN] for episode, k in chosen])
        if not self.masked:
            return rgb, None
        return rgb, np.concatenate([_mask_of(self.episodes[episode])[k : k + _RUN] for episode, k in chosen])


def runs_of(name: str, episodes: Sequence[TrainingImages], masked: bool) -> Runs:
    """All runs of some episodes, with masks those that show an object; InputError when there is none."""
    found = [(number, k) for number, each in enumerate(episodes) for k in range(len(each.rgb) - _RUN + 1)]
    if not found:
        raise InputError(f"{name} needs three images in a row, and no episode has them; record longer episodes.")
    if masked:
        found = [(number, k) for number, k in found if _mask_of(episodes[number])[k : k + _RUN].any()]
    if not found:
        raise InputError(f"{name} learns from objects, and no mask shows one; correct the masks or choose ae.")
    return Runs(episodes, np.array(found, dtype=np.int64), masked)


def _mask_of(episode: TrainingImages) -> NDArray[np.bool_]:
    if episode.mask is None:
        raise InputError("The images have no masks of objects; capture the empty workspace or choose ae.")
    return episode.mask


def train_autoencoder(
    encoder: SpatialEncoder,
    runs: Runs,
    config: AutoencoderConfig,
    seed: int,
    stage: Callable[[str, int, int], None],
) -> None:
    """Train an encoder in place; ``stage`` hears of it about every second and may raise to end it."""
    device = next(encoder.parameters()).device
    count = max(1, config.batch // _RUN)
    decoder = seeded(seed, lambda: _decoder(encoder.points, runs)).to(device)
    learned = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(learned, lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, config.steps))
    reported_ns = 0
    for step in range(config.steps):
        if monotonic_ns() - reported_ns > _REPORT_EVERY_S * NANOSECONDS:
            reported_ns = monotonic_ns()
            stage(STAGE, step, config.steps)
        images, weight = _batch(runs, count, np.random.default_rng((seed, step)), device)
        loss = autoencoder_loss(encoder, decoder, images, weight, config.slow_weight)
        if not torch.isfinite(loss):
            raise InputError(f"The autoencoder's loss is not a number at step {step}; lower its learning rate.")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    stage(STAGE, config.steps, config.steps)


def autoencoder_loss(
    encoder: nn.Module, decoder: nn.Module, images: Tensor, weight: Tensor | None, slow_weight: float
) -> Tensor:
    """Mean loss of runs of three images ``(3 R, 3, H, W)`` in [0, 1]; ``weight: (3 R, h w)`` of small pixels."""
    points = expected(spatial_softmax(encoder(images)))
    error = (decoder(points.flatten(1)) - small_grey(images)).square()
    before, now, after = points.view(-1, _RUN, *points.shape[1:]).unbind(1)
    change = (after - now) - (now - before)
    weighted = error if weight is None else error * weight
    loss: Tensor = weighted.sum(1).mean() + slow_weight * change.square().sum((1, 2)).mean()
    return loss


def small_grey(images: Tensor) -> Tensor:
    """Grey images ``(N, h w)`` in [0, 1], SHRINK times smaller, of RGB images ``(N, 3, H, W)``."""
    grey = torch.einsum("nchw,c->nhw", images, images.new_tensor(_GREY))
    return functional.avg_pool2d(grey, SHRINK).flatten(1)


def _batch(runs: Runs, count: int, rng: np.random.Generator, device: torch.device) -> tuple[Tensor, Tensor | None]:
    rgb, mask = runs.draw(count, rng)
    images = image_batch(torch.from_numpy(rgb).to(device))
    if mask is None:
        return images, None
    return images, functional.avg_pool2d(torch.from_numpy(mask).to(device).float(), SHRINK).flatten(1)


def _decoder(points: int, runs: Runs) -> nn.Linear:
    """The linear layer. It begins as the mean image, so that no step is lost on undoing drawn weights: with these all
    points shrink to the middle first, and few come back."""
    images, weight = _batch(runs, _MEAN_OF // _RUN, np.random.default_rng(0), torch.device("cpu"))
    grey = small_grey(images)
    shown = torch.ones_like(grey) if weight is None else weight
    level = (shown * grey).sum() / shown.sum()
    decoder = nn.Linear(2 * points, grey.shape[1])
    nn.init.zeros_(decoder.weight)
    with torch.no_grad():
        decoder.bias.copy_(((shown * grey).sum(0) + level) / (shown.sum(0) + 1.0))
    return decoder
