"""What the two dense-descriptor representations share: a descriptor network, a set, and four ways.

Paper, section III-B: z is where a set of descriptors is expected in the image. Where the network never changes
(a fixed set, descriptor set optimisation) its images are computed once, in ``look``; end to end they are not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.correspondence.checkpoint import load_model
from core.correspondence.network import DescriptorNetwork
from core.errors import InputError
from core.geometry import Array
from core.policies.config import Mode
from core.representations.modules.expectation import (
    descriptor_logits,
    deviations,
    expected,
    pixels,
    spatial_softmax,
    window,
)
from core.representations.modules.images import image_batch, images_of
from core.representations.representation import Beginning, Look, Setup, View

_TOGETHER = 8
"""So many images go through the network at once when they are looked at."""


class DenseDescriptors(nn.Module):
    """``z``: where each point is expected; ``locate`` of a subclass says in which coordinates.

    ``network`` is trained in the modes that go end to end, ``descriptors: (P, D)`` in all but FIXED.
    """

    def __init__(self, setup: Setup, coordinates: int) -> None:
        super().__init__()
        if setup.camera is None or setup.descriptor_network is None:
            raise InputError(f"{setup.name} needs a camera and a descriptor model; train descriptors first.")
        self.setup, self.camera = setup, setup.camera
        self.network = DescriptorNetwork(setup.descriptor_network)
        points = setup.descriptor_network.descriptor_dim if setup.mode is Mode.PRETRAINED else setup.points
        self.descriptors = nn.Parameter(torch.zeros(points, setup.descriptor_network.descriptor_dim))
        self.dim = coordinates * points
        self.end_to_end = setup.mode in (Mode.DENSE, Mode.PRETRAINED)
        self.network.requires_grad_(self.end_to_end)
        self.descriptors.requires_grad_(setup.mode in (Mode.SET, Mode.DENSE))
        self.train()  # before anything is looked at

    @property
    def key(self) -> str:
        """The network's weights count where looking goes through it, and the descriptors where they are fixed."""
        setup = self.setup
        parts = [setup.name, "pixels" if self.end_to_end else setup.descriptor_sha256, repr(setup.descriptor_network)]
        if setup.mode is Mode.FIXED:
            held = self.descriptors.detach().cpu().numpy().tobytes()
            parts += [hashlib.sha256(held).hexdigest(), f"{setup.temperature} {setup.window_cells}", repr(self.camera)]
        return " ".join(parts)

    def begin(self, beginning: Beginning) -> None:
        """The weights of the descriptor model, and the descriptors of the set."""
        if beginning.descriptor_model is None:
            raise InputError(f"{self.setup.name} needs a descriptor model; train one or choose one.")
        network, _ = load_model(beginning.descriptor_model)
        self.network.load_state_dict(network.state_dict())
        if self.setup.mode is Mode.PRETRAINED:
            return
        found = beginning.descriptors
        if found is None or found.shape != tuple(self.descriptors.shape):
            raise InputError(
                f"{self.setup.name} needs a set of {len(self.descriptors)} descriptors of {self.descriptors.shape[1]} "
                "dimensions; choose a set of its descriptor model."
            )
        with torch.no_grad():
            self.descriptors.copy_(torch.from_numpy(found))

    def train(self, mode: bool = True) -> DenseDescriptors:
        """Batches are too small for batch statistics: the backbone keeps those that it came with."""
        super().train(mode)
        self.network.backbone.eval()
        return self

    def look(self, views: list[View]) -> Look:
        if self.end_to_end:
            return {"rgb": self._images(views), **self._deep(views)}
        parts = [self._seen(views[first : first + _TOGETHER]) for first in range(0, len(views), _TOGETHER)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    @torch.inference_mode()
    def _seen(self, views: list[View]) -> Look:
        maps = self.network.described(image_batch(torch.from_numpy(self._images(views)).to(self.descriptors.device)))
        deep = self._deep(views)
        if self.setup.mode is not Mode.FIXED:
            return {"map": maps.cpu().numpy().astype(np.float16), **deep}
        looked = {name: torch.from_numpy(values).to(maps.device) for name, values in deep.items()}
        return {"z": self._locate(maps, looked).cpu().numpy(), **self._counted(maps, looked)}

    def forward(self, looks: Mapping[str, Tensor]) -> Tensor:
        if "z" in looks:
            return looks["z"]
        maps = looks["map"].float() if "map" in looks else self._describe(looks["rgb"])
        return self._locate(maps, looks)

    def heat(self, maps: Tensor) -> Tensor:
        """Where every point may be: maps ``(N, D, h, w)`` to shares ``(N, P, h, w)`` that sum to one."""
        if self.setup.mode is Mode.PRETRAINED:
            return spatial_softmax(maps / self.setup.temperature)
        logits = descriptor_logits(maps, self.descriptors, self.setup.temperature)
        if self.setup.window_cells:
            logits = logits - window(logits, self.setup.window_cells)
        return spatial_softmax(logits)

    def locate(self, heat: Tensor, looks: Mapping[str, Tensor]) -> Tensor:
        """Coordinates ``(N, P, 2)`` or ``(N, P, 3)`` from shares of heat."""
        return expected(heat)

    def _locate(self, maps: Tensor, looks: Mapping[str, Tensor]) -> Tensor:
        return self.locate(self.heat(maps), looks).flatten(1)

    def _describe(self, rgb: Tensor) -> Tensor:
        found: Tensor = self.network(image_batch(rgb))
        return found.float()

    def _images(self, views: list[View]) -> NDArray[np.uint8]:
        config = self.network.config
        return images_of(views, config.width, config.height)

    def _deep(self, views: list[View]) -> Look:
        """What of the depth is kept; nothing where depth is not used."""
        return {}

    def _counted(self, maps: Tensor, looks: Mapping[str, Tensor]) -> Look:
        """What is kept beside a z that is computed once, to be measured."""
        return {}

    def figures(self, looks: Mapping[str, Tensor]) -> dict[str, float]:
        return {}

    @torch.inference_mode()
    def spreads(self, looks: Mapping[str, Tensor]) -> Array:
        """The standard deviation of each point's heat. Only where the map is at hand: seeing twice would cost as much
        again."""
        if "map" not in looks:
            return np.zeros(0)
        half = looks["map"].new_tensor([0.5 * self.camera.width, 0.5 * self.camera.height], dtype=torch.float32)
        variance = deviations(self.heat(looks["map"].float()))[0].square() * half.square()
        return np.asarray(variance.sum(-1).sqrt().cpu().numpy(), dtype=np.float64)

    def marks(self, z: NDArray[np.float32]) -> Array:
        return pixels(z.reshape(-1, 2), self.camera.width, self.camera.height)
