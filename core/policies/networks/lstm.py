"""The recurrent network of the paper's appendix: hidden layers, one LSTM layer, a linear one."""

from __future__ import annotations

from torch import Tensor, nn

from core.policies.config import PolicyNetworkConfig
from core.policies.networks import NetworkInfo
from core.policies.networks.mlp import hidden_layers

INFO = NetworkInfo("lstm", "LSTM", remembers=True)


def build(config: PolicyNetworkConfig, inputs: int, outputs: int) -> Recurrent:
    """``config.layers`` hidden layers before the LSTM."""
    return Recurrent(config, inputs, outputs)


class Recurrent(nn.Module):
    """An empty state begins an episode."""

    def __init__(self, config: PolicyNetworkConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = hidden_layers(config, inputs)
        self.memory = nn.LSTM(config.hidden, config.hidden, batch_first=True)
        self.out = nn.Linear(config.hidden, outputs)

    def forward(self, inputs: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        hidden, state = self.memory(self.layers(inputs), state or None)
        return self.out(hidden), state
