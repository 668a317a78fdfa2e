"""What a correspondence training is told, in a file of its run."""

from __future__ import annotations

import msgspec

from core.correspondence.config import TrainingConfig
from core.correspondence.views import EpisodeSpan


class Specification(msgspec.Struct, frozen=True):
    """All that a training needs. ``capture``: folder of the empty workspace; ``model``: the one that comes of it."""

    run: str
    model: str
    name: str
    config: TrainingConfig
    episodes: tuple[EpisodeSpan, ...]
    roles: tuple[str, ...]
    capture: str
    cache: str
    models: str
    dataset: str = ""
    dataset_sha256: str = ""
