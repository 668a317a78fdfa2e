"""A network at work: images in, descriptor images out. Apart from what they are, so that the window needs no torch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from core.correspondence.descriptors import DescriptorImage
from core.correspondence.network import DescriptorNetwork
from core.correspondence.views import resized_rgb


class Describer:
    """A network that describes images of any size, in one process and on one device."""

    def __init__(self, network: DescriptorNetwork, device: str = "cpu") -> None:
        self._network = network.eval()
        self._device = torch.device(device)

    @property
    def dim(self) -> int:
        return self._network.config.descriptor_dim

    @torch.inference_mode()
    def describe(self, rgb: NDArray[np.uint8]) -> DescriptorImage:
        """The descriptor image of ``(H, W, 3) uint8``."""
        config = self._network.config
        small = resized_rgb(rgb, config.width, config.height)
        image = torch.from_numpy(np.ascontiguousarray(small)).to(self._device)
        batch = image.permute(2, 0, 1).unsqueeze(0).float().div_(255.0).contiguous(memory_format=torch.channels_last)
        coarse = self._network(batch)[0].permute(1, 2, 0).float().cpu().numpy()
        return DescriptorImage.of(coarse, rgb.shape[1], rgb.shape[0])
