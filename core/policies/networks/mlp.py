"""The multi-layer perceptron of the paper's appendix: it acts on the present observation alone."""

from __future__ import annotations

from torch import Tensor, nn

from core.policies.config import Activation, PolicyNetworkConfig
from core.policies.networks import NetworkInfo

INFO = NetworkInfo("mlp", "MLP", remembers=False)


def build(config: PolicyNetworkConfig, inputs: int, outputs: int) -> Perceptron:
    """``config.layers`` hidden layers and a linear one."""
    return Perceptron(config, inputs, outputs)


class Perceptron(nn.Module):
    def __init__(self, config: PolicyNetworkConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = hidden_layers(config, inputs)
        self.out = nn.Linear(config.hidden, outputs)

    def forward(self, inputs: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        return self.out(self.layers(inputs)), state


_ACTIVATIONS = {Activation.RELU: nn.ReLU, Activation.SILU: nn.SiLU, Activation.TANH: nn.Tanh}


def hidden_layers(config: PolicyNetworkConfig, inputs: int) -> nn.Sequential:
    """Linear, layer norm where it is asked for, activation and dropout, ``config.layers`` times."""
    parts: list[nn.Module] = []
    for _ in range(config.layers):
        parts.append(nn.Linear(inputs, config.hidden))
        parts += [nn.LayerNorm(config.hidden)] if config.layer_norm else []
        parts.append(_ACTIVATIONS[config.activation]())
        parts += [nn.Dropout(config.dropout)] if config.dropout > 0 else []
        inputs = config.hidden
    return nn.Sequential(*parts)
