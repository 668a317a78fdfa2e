"""Demonstrations made for tests: a hand that goes to a point that z tells."""

from __future__ import annotations

import msgspec
import numpy as np

from core.policies.config import PolicyConfig, PolicyNetworkConfig
from core.policies.demonstrations import Demonstration
from core.policies.spaces import Hand
from core.representations.representation import Setup

SETUP = Setup(name="gt-3d", object_points={"box": ((0.0, 0.0, 0.0),)})
SMALL = PolicyConfig(
    representation="gt-3d",
    network=PolicyNetworkConfig(hidden=32),
    steps=64,
    batch=16,
    validation_fraction=0.25,
    validate_every=32,
)
LSTM = msgspec.structs.replace(
    SMALL, network=PolicyNetworkConfig(kind="lstm", hidden=16, layers=1), rate_hz=10.0, batch=3, truncate=5
)


def demonstration(seed: int, moments: int = 40) -> Demonstration:
    """A straight line to a goal, at 30 Hz; the setpoint is the pose ten moments later."""
    rng = np.random.default_rng(seed)
    goal = rng.uniform(-0.3, 0.3, 3)
    share = np.clip(np.arange(moments + 10) / moments, 0.0, 1.0)[:, None]
    path = share * goal
    R = np.tile(np.eye(3), (moments, 1, 1))
    hand, desired = (Hand(R, path[first : first + moments], np.zeros(moments)) for first in (0, 10))
    return Demonstration(f"E{seed}", 30.0, hand, desired, {"points": np.tile(goal, (moments, 1)).astype(np.float32)})


def demonstrations(count: int = 4) -> list[Demonstration]:
    return [demonstration(seed, 30 + 7 * seed) for seed in range(count)]
