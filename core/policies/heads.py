"""From a network's outputs to an action and a loss: the action itself, or a mixture of Gaussians.

Actions are in the head's own units: scaled by ``ACTION_SCALE``, the head multiplies and adds what standardises them.
The loss is the paper's (section IV-A), ``||a* - a||_2^2 + 0.1 ||a* - a||_1`` in scaled units, or the negative
logarithm of the mixture's density (Bishop 1994), as the appendix has it for the recurrent network.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.policies.spaces import ACTION_DIM, ACTION_SCALE

L1_WEIGHT = 0.1
_LEAST_LOG_DEVIATION = -5.0


class DirectHead(nn.Module):
    """Predicts the action. ``mean``, ``deviation``: (7,) of scaled actions; 0 and 1 when they are not standardised.

    ``unit: (7,)``: what an error is measured in, in scaled units; 1 for the paper's loss.
    """

    outputs = ACTION_DIM
    mean: Tensor
    deviation: Tensor
    unit: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(ACTION_DIM))
        self.register_buffer("deviation", torch.ones(ACTION_DIM))
        self.register_buffer("unit", torch.ones(ACTION_DIM))
        self.register_buffer("scale", torch.tensor(ACTION_SCALE, dtype=torch.float32), persistent=False)

    def scaled(self, outputs: Tensor) -> Tensor:
        """Scaled actions ``(..., 7)`` of outputs."""
        return outputs * self.deviation + self.mean

    def loss(self, outputs: Tensor, actions: Tensor) -> Tensor:
        """The loss ``(...)`` of every moment; ``actions: (..., 7)`` in metres and radians."""
        return behaviour_cloning_loss(self.scaled(outputs) / self.unit, actions * self.scale / self.unit)

    def act(self, outputs: Tensor) -> Tensor:
        """Actions ``(..., 7)`` in metres and radians."""
        return self.scaled(outputs) / self.scale


class MixtureHead(DirectHead):
    """A mixture of ``gaussians`` with diagonal deviations; acting takes the likeliest component's mean."""

    def __init__(self, gaussians: int) -> None:
        super().__init__()
        self._gaussians = gaussians
        self.outputs = gaussians * (2 * ACTION_DIM + 1)

    def loss(self, outputs: Tensor, actions: Tensor) -> Tensor:
        weights, means, log_deviations = self._split(outputs)
        wanted = ((actions * self.scale - self.mean) / self.deviation).unsqueeze(-2)
        error = (wanted - means) * torch.exp(-log_deviations)
        log_density = -0.5 * error.square() - log_deviations - 0.5 * math.log(2.0 * math.pi)
        return -torch.logsumexp(functional.log_softmax(weights, dim=-1) + log_density.sum(-1), dim=-1)

    def act(self, outputs: Tensor) -> Tensor:
        weights, means, _ = self._split(outputs)
        likeliest = weights.argmax(dim=-1)[..., None, None].expand(*weights.shape[:-1], 1, ACTION_DIM)
        return super().act(means.gather(-2, likeliest).squeeze(-2))

    def _split(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        weights, rest = outputs[..., : self._gaussians], outputs[..., self._gaussians :]
        means, log_deviations = rest.reshape(*rest.shape[:-1], 2, self._gaussians, ACTION_DIM).unbind(-3)
        return weights, means, log_deviations.clamp(min=_LEAST_LOG_DEVIATION)


def behaviour_cloning_loss(predicted: Tensor, wanted: Tensor) -> Tensor:
    """``||a* - a||_2^2 + 0.1 ||a* - a||_1`` over the last axis, both in scaled units (paper, section IV-A)."""
    error = wanted - predicted
    return error.square().sum(-1) + L1_WEIGHT * error.abs().sum(-1)


def build_head(gaussians: int) -> DirectHead:
    """The head that the configuration asks for."""
    return MixtureHead(gaussians) if gaussians else DirectHead()
