"""What the job of a policy training is told, in a file of its folder. Light to import."""

from __future__ import annotations

import msgspec

from core.correspondence.config import EpisodeSpan
from core.policies.config import PolicyConfig


class PolicySpecification(msgspec.Struct, frozen=True):
    """All that a training needs. ``policy``: the identifier of the one that comes of it; ``descriptor_model``: folder
    of the model it starts from, empty for none; ``left_out``: which episodes are not used, and why."""

    run: str
    policy: str
    name: str
    config: PolicyConfig
    task: str
    episodes: tuple[EpisodeSpan, ...]
    rig: str
    simulated: bool
    captures: str
    cache: str
    models: str
    descriptor_model: str = ""
    left_out: tuple[str, ...] = ()
    dataset: str = ""
    dataset_sha256: str = ""
