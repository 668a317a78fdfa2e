"""A policy on disk: all that is needed to run it again, in one folder.

``model.safetensors`` holds the weights that act, ``best.safetensors`` those that were best on held-out episodes, and
``model.json`` what they are: configuration, representation, task, statistics of the training, and the descriptor model
that it started from by identifier and SHA-256 (its weights are among the policy's own).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from core.errors import InputError
from core.learning.models import WEIGHTS, save_described
from core.learning.tensors import load_checked, save_tensors, weights_of
from core.library.models import DESCRIPTION
from core.policies.config import PolicyConfig, PolicyNetworkConfig
from core.policies.model import PolicyModel
from core.representations.representation import Setup

BEST = "best.safetensors"


class PolicyDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What ``model.json`` says of a policy. ``rate_hz``: how often it acts; ``task``: what it was shown."""

    id: str
    name: str
    created_utc_ns: int
    network: PolicyNetworkConfig
    setup: Setup
    training: PolicyConfig
    rate_hz: float
    task: str = ""
    kind: str = "policy"
    run: str = ""
    dataset: str = ""
    dataset_sha256: str = ""
    steps: int = 0
    metrics: dict[str, Any] = {}
    sha256: str = ""
    schema_version: int = 1


def save_policy(
    folder: Path, model: PolicyModel, best: PolicyModel | None, description: PolicyDescription
) -> PolicyDescription:
    """Write a policy into its folder; returns the description with the SHA-256 of the weights that act."""
    if best is not None:
        save_tensors(folder / BEST, weights_of(best))
    return save_described(folder, model, description)


def read_policy_description(folder: Path) -> PolicyDescription:
    """What a policy says of itself; InputError when it is none."""
    try:
        return msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=PolicyDescription)
    except OSError as error:
        raise InputError(f"There is no policy in {folder} ({error.strerror}); train one or choose another.") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{folder.name}/{DESCRIPTION} is not a policy's ({error}); choose another.") from None


def load_policy(folder: Path, device: str = "cpu", *, best: bool = False) -> tuple[PolicyModel, PolicyDescription]:
    """A policy ready to act. Every shape is checked before a weight is used; InputError says what is wrong."""
    description = read_policy_description(folder)
    model = PolicyModel(description.training, description.setup)
    model.load_state_dict(load_checked(folder / (BEST if best else WEIGHTS), model.state_dict()))
    return model.to(device).eval(), description
