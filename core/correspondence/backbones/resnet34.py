"""ResNet-34 at output stride 8 by dilation, the paper's backbone (section V; He et al. 2016; Yu et al. 2017).

Parameter names are torchvision's, so that its public ImageNet file loads.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from core.correspondence.backbones.backbone import Backbone, BackboneInfo, PublishedWeights

INFO = BackboneInfo(
    name="resnet34",
    title="ResNet-34, stride 8",
    strides=(8,),
    channels=(512,),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
WEIGHTS = PublishedWeights(sha256="b627a593", url="https://download.pytorch.org/models/resnet34-b627a593.pth")

_LAYERS = ((3, 64, 1, 1), (4, 128, 2, 1), (6, 256, 1, 2), (3, 512, 1, 4))
"""Blocks, channels, stride and dilation of each layer: strides of the last two become dilation."""


def build() -> ResNet34:
    """The network with random weights."""
    return ResNet34()


def adapt(state: dict[str, Any]) -> dict[str, Any]:
    """Leave out the classifier."""
    return {name: value for name, value in state.items() if not name.startswith("fc.")}


class _BasicBlock(nn.Module):
    def __init__(self, channels_in: int, channels: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x), inplace=True)


class ResNet34(Backbone):
    """One feature map at stride 8."""

    info = INFO

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for number, (blocks, width, stride, dilation) in enumerate(_LAYERS, start=1):
            layer = []
            for k in range(blocks):
                layer.append(_BasicBlock(channels, width, stride if k == 0 else 1, dilation))
                channels = width
            self.add_module(f"layer{number}", nn.Sequential(*layer))

    def forward(self, images: Tensor) -> list[Tensor]:
        x = self.maxpool(functional.relu(self.bn1(self.conv1(images)), inplace=True))
        for number in range(1, len(_LAYERS) + 1):
            x = self.get_submodule(f"layer{number}")(x)
        return [x]
