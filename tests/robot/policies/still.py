"""A policy made for tests, without training: whatever it sees, it wants the hand a little further on."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import torch

from core.messages import CameraInfo
from core.policies.checkpoint import PolicyDescription, save_policy
from core.policies.config import MLP
from core.policies.model import PolicyModel
from core.policies.spaces import ACTION_SCALE
from core.representations.representation import Setup

SETUP = Setup(name="gt-3d", object_points={"sugar_box": ((0.0, 0.0, 0.0),)})
POLICY = "01JP0000000000000000000001"


def policy(folder: Path, *, ahead_m: float = 0.03, rate_hz: float = 20.0, camera: CameraInfo | None = None) -> Path:
    """The folder of a policy that wants the hand ``ahead_m`` along its own x axis in a second; NaN wants nothing.

    ``camera``: in which its point is shown.
    """
    setup = msgspec.structs.replace(SETUP, camera=camera)
    config = msgspec.structs.replace(MLP, representation="gt-3d", look_ahead_s=1.0)
    model = PolicyModel(config, setup)
    with torch.no_grad():
        for parameter in model.network.parameters():
            parameter.zero_()
        action = np.zeros(7)
        action[0] = ahead_m
        model.head.mean.copy_(torch.from_numpy(action * ACTION_SCALE))
    path = folder / POLICY
    path.mkdir(parents=True)
    description = PolicyDescription(
        id=POLICY,
        name="a little further",
        created_utc_ns=1,
        network=config.network,
        setup=setup,
        training=config,
        rate_hz=rate_hz,
        task="reach_t",
    )
    save_policy(path, model, None, description)
    return path
