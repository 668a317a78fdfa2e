"""A policy as one torch module: a representation, the standardisation of its inputs, a network that acts, a head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from core.geometry import Array
from core.policies.config import LossUnits, PolicyConfig
from core.policies.heads import build_head
from core.policies.networks import NETWORKS
from core.policies.spaces import ACTION_SCALE, OBSERVATION_DIM
from core.representations import REPRESENTATIONS
from core.representations.representation import Setup

State = tuple[Tensor, ...]
_LEAST_ROBOT, _LEAST_SEEN, _LEAST_LEARNT, _LEAST_ACTION = 1e-3, 1e-2, 5e-2, 1e-3
"""Floors of standard deviations: of metres and radians, of z, of a z that is learnt, of scaled actions."""


class PolicyModel(nn.Module):
    """``forward``: robot ``(N, T, 13)``, looks ``(N, T, ...)`` by name and a state, to outputs and the next state.

    ``mean``, ``deviation``: of ``[o_robot, z]``, for standardising; ``R_start: (3, 3)``: the task's starting rotation.
    """

    mean: Tensor
    deviation: Tensor
    R_start: Tensor

    def __init__(self, config: PolicyConfig, setup: Setup) -> None:
        super().__init__()
        self.representation = REPRESENTATIONS.get(setup.name).build(setup)
        self.head = build_head(config.network.gaussians)
        inputs = OBSERVATION_DIM + self.representation.dim
        self.network = NETWORKS.get(config.network.kind).build(config.network, inputs, self.head.outputs)
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("deviation", torch.ones(inputs))
        self.register_buffer("R_start", torch.eye(3, dtype=torch.float64))

    @property
    def z_is_learnt(self) -> bool:
        """Whether training changes z."""
        return any(parameter.requires_grad for parameter in self.representation.parameters())

    def forward(self, robot: Tensor, looks: Mapping[str, Tensor], state: State) -> tuple[Tensor, State]:
        outputs, state = self.network(self.inputs(robot, self.see(looks)), state)
        return outputs, state

    def inputs(self, robot: Tensor, z: Tensor) -> Tensor:
        """What the network gets: ``[o_robot, z]``, standardised."""
        return (torch.cat([robot, z], dim=-1) - self.mean) / self.deviation

    def see(self, looks: Mapping[str, Tensor]) -> Tensor:
        """``z: (N, T, dim)`` of looks ``(N, T, ...)``."""
        first = next(iter(looks.values()))
        count, steps = first.shape[:2]
        z: Tensor = self.representation({name: values.flatten(0, 1) for name, values in looks.items()})
        return z.view(count, steps, -1)

    @torch.no_grad()
    def standardise(self, robot: Array, z: Sequence[Tensor], actions: Array, config: PolicyConfig) -> None:
        """Take the statistics of o_robot ``(M, 13)``, of batches of z, and of actions ``(M, 7)`` in metres and radians,
        for outputs and loss as they are asked for. What never varies is divided by a floor."""
        seen = torch.cat(list(z)).double()
        least = _LEAST_LEARNT if self.z_is_learnt else _LEAST_SEEN
        told = torch.from_numpy(robot)
        self.mean.copy_(torch.cat([told.mean(0), seen.mean(0)]))
        self.deviation.copy_(torch.cat([_deviation(told, _LEAST_ROBOT), _deviation(seen, least)]))
        scaled = torch.from_numpy(actions * ACTION_SCALE)
        if config.standardise_actions:
            self.head.mean.copy_(scaled.mean(0))
            self.head.deviation.copy_(_deviation(scaled, _LEAST_ACTION))
        if config.loss_units is LossUnits.STANDARDISED:
            self.head.unit.copy_(_deviation(scaled, _LEAST_ACTION))

    def start_rotation(self) -> Array:
        """``R_start`` as an array."""
        return np.asarray(self.R_start.cpu().numpy(), dtype=np.float64)


def _deviation(values: Tensor, least: float) -> Tensor:
    return values.std(0, unbiased=False).clamp(min=least)
