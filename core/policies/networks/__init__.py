"""Networks that act, one file each; every one has ``INFO`` and ``build(config, inputs, outputs)``.

They map ``(N, T, inputs)`` and a state to ``(N, T, outputs)`` and the next state. A state is a tuple of tensors
``(layers, N, hidden)``; the network that remembers nothing has an empty one.
"""

from dataclasses import dataclass

from core.registry import Registry

NETWORKS = Registry("core.policies.networks", "network")


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """How a network registers. ``remembers``: it is trained on whole stretches of episodes and has a state."""

    name: str
    title: str
    remembers: bool
