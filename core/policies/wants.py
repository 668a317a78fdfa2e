"""What a training needs of its episodes, from what it is asked to do. Light to import."""

from __future__ import annotations

from core.library.preview import Wanted
from core.policies.config import PolicyConfig
from core.representations import REPRESENTATIONS

CORRESPONDENCE = Wanted(failures=True, scans=True, alike=False)
"""Descriptors learn from whatever was seen."""


def wants(config: PolicyConfig, *, failures: bool = False) -> Wanted:
    """What a policy training needs; ``config.camera`` must be named. InputError when nothing is called so."""
    info = REPRESENTATIONS.get(config.representation).info
    return Wanted(
        camera=config.camera if info.camera else "",
        images=info.images,
        depth=info.depth,
        object_state=info.object_state,
        failures=failures,
        one_task=True,
        least=2,
    )
