"""Baselines whose z is feature points: where each channel of an encoder is expected (paper, section V-A)."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.geometry import Array
from core.representations.modules.autoencoder import pretrained_encoder
from core.representations.modules.expectation import expected, pixels, spatial_softmax
from core.representations.modules.images import camera_of, image_batch, images_of
from core.representations.modules.spatial_encoder import HEIGHT, WIDTH, SpatialEncoder, seeded
from core.representations.representation import Beginning, Look, Setup, View

_TOGETHER = 32
"""So many images go through a frozen encoder at once."""


class FeaturePoints(nn.Module):
    """``z: (N, 2 P)``, trained with the policy; a subclass says what its encoder begins as.

    ``encoder``: images ``(N, 3, 240, 320)`` in [0, 1] to logits ``(N, P, h, w)``.
    """

    def __init__(self, setup: Setup, encoder: nn.Module) -> None:
        super().__init__()
        self.setup, self.camera = setup, camera_of(setup)
        self.encoder = encoder
        self.dim = 2 * setup.points

    @property
    def key(self) -> str:
        """All that are trained with the policy look at the same images."""
        return f"rgb {WIDTH}x{HEIGHT}"

    def begin(self, beginning: Beginning) -> None:
        """What the encoder begins as; InputError says what is missing for that."""
        self.encoder.load_state_dict(self.first_encoder(beginning).state_dict())

    @abstractmethod
    def first_encoder(self, beginning: Beginning) -> nn.Module:
        """An encoder of the same shape, ready to begin with."""

    def look(self, views: list[View]) -> Look:
        return {"rgb": images_of(views, WIDTH, HEIGHT)}

    def forward(self, looks: Mapping[str, Tensor]) -> Tensor:
        return self._points(looks["rgb"])

    def _points(self, rgb: Tensor) -> Tensor:
        return expected(spatial_softmax(self.encoder(image_batch(rgb)))).flatten(1)

    def figures(self, looks: Mapping[str, Tensor]) -> dict[str, float]:
        return {}

    def spreads(self, looks: Mapping[str, Tensor]) -> Array:
        return np.zeros(0)

    def marks(self, z: NDArray[np.float32]) -> Array:
        return pixels(z.reshape(-1, 2), self.camera.width, self.camera.height)


class EndToEndPoints(FeaturePoints):
    """The shallow network, from drawn weights."""

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup, SpatialEncoder(setup.points))

    def first_encoder(self, beginning: Beginning) -> nn.Module:
        return seeded(beginning.seed, lambda: SpatialEncoder(self.setup.points))


class AutoencodedPoints(FeaturePoints):
    """The shallow network, from an autoencoder that was trained on all images."""

    def __init__(self, setup: Setup, *, masked: bool = False) -> None:
        super().__init__(setup, SpatialEncoder(setup.points))
        self._masked = masked

    def first_encoder(self, beginning: Beginning) -> nn.Module:
        device = next(self.encoder.parameters()).device
        return pretrained_encoder(self.setup.name, self.setup.points, self._masked, beginning, device)


class FrozenPoints(AutoencodedPoints):
    """The autoencoder's encoder as it is: z is computed once, in ``look``."""

    def __init__(self, setup: Setup, *, masked: bool) -> None:
        super().__init__(setup, masked=masked)
        self.encoder.requires_grad_(False)

    @property
    def key(self) -> str:
        """Changes with any weight."""
        digest = hashlib.sha256()
        for value in self.encoder.state_dict().values():
            digest.update(value.cpu().contiguous().numpy().tobytes())
        return f"{self.setup.name} {digest.hexdigest()}"

    @torch.inference_mode()
    def look(self, views: list[View]) -> Look:
        device = next(self.encoder.parameters()).device
        parts = [images_of(views[k : k + _TOGETHER], WIDTH, HEIGHT) for k in range(0, len(views), _TOGETHER)]
        return {"z": np.concatenate([self._points(torch.from_numpy(rgb).to(device)).cpu().numpy() for rgb in parts])}

    def forward(self, looks: Mapping[str, Tensor]) -> Tensor:
        return looks["z"]
