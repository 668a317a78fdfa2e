"""The descriptor network: an image to a descriptor for every pixel, ``f_dense`` of the paper (section III-A)."""

from __future__ import annotations

import logging
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.correspondence.backbones import BACKBONES
from core.correspondence.backbones.backbone import Backbone, load_published
from core.correspondence.config import NetworkConfig

_LOG = logging.getLogger(__name__)


def _computes_bfloat16() -> bool:
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class DescriptorNetwork(nn.Module):
    """RGB images to dense descriptors.

    ``forward``: images ``(N, 3, H, W)`` float in [0, 1], to descriptors ``(N, D, H / s, W / s)``, s the finest stride
    of the backbone. H and W are multiples of 32. Descriptors have unit length when ``config.normalised``. The
    descriptor of pixel (u, v) lies at ``((u + 0.5) / s - 0.5, (v + 0.5) / s - 0.5)`` of the map.
    """

    _mean: Tensor
    _std: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone: Backbone = BACKBONES.get(config.backbone).build()
        info = self.backbone.info
        self.stride = info.strides[0]
        self.register_buffer("_mean", torch.tensor(info.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("_std", torch.tensor(info.std).view(1, 3, 1, 1), persistent=False)
        width = config.head_channels
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in info.channels)
        self.smooth = nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU())
        self.out = nn.Conv2d(width, config.descriptor_dim, 1)

    def forward(self, images: Tensor) -> Tensor:
        features = self.backbone((images - self._mean) / self._std)
        merged = self.lateral[-1](features[-1])
        for lateral, finer in zip(reversed(self.lateral[:-1]), reversed(features[:-1]), strict=True):
            upsampled = functional.interpolate(merged, size=finer.shape[-2:], mode="bilinear", align_corners=False)
            merged = lateral(finer) + upsampled
        smooth = self.smooth(merged)
        with torch.autocast(smooth.device.type, enabled=False):  # descriptors of neighbours differ by little
            descriptors: Tensor = self.out(smooth.to(self.out.weight.dtype))
        return functional.normalize(descriptors, dim=1) if self.config.normalised else descriptors

    @torch.inference_mode()
    def described(self, images: Tensor) -> Tensor:
        """``forward`` for a policy, float32: in bfloat16 on a processor that computes with it, in half the time."""
        with torch.autocast("cpu", torch.bfloat16, enabled=images.device.type == "cpu" and _computes_bfloat16()):
            found: Tensor = self(images)
        return found.float()


def load_imagenet(network: DescriptorNetwork, weights: str, cache_dir: Path) -> str:
    """Give the backbone its ImageNet weights and say, in a sentence, where they came from.

    ``weights``: "imagenet" for the published ones, "none" for none, else the path of a published file. When the
    published ones cannot be had the backbone stays random, and the sentence says so.
    """
    entry = BACKBONES.get(network.config.backbone)
    module = entry.module
    if weights == "none" or module is None:
        return "The backbone starts from random weights, as asked."
    path = Path(weights) if weights != "imagenet" else module.WEIGHTS.path(cache_dir)
    if path is None:
        return (
            f"The ImageNet weights of {entry.info.title} are not at hand and could not be downloaded; "
            "the backbone starts from random weights and will need far longer."
        )
    state = module.adapt(load_published(path, module.WEIGHTS.sha256))
    network.backbone.load_state_dict(state)
    return f"The backbone starts from the ImageNet weights in {path.name}."
