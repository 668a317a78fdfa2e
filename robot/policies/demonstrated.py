"""What a policy training takes from the library, from what is asked for: the camera it sees, and the episodes."""

from __future__ import annotations

import msgspec

from core.library.library import Library
from core.library.preview import Preview
from core.library.query import EpisodeFilter
from core.policies.config import PolicyConfig
from core.policies.wants import wants
from core.representations import REPRESENTATIONS
from core.tasks import USUAL_CAMERA
from robot.simulation.tasks import TASKS


def demonstrated(
    library: Library, config: PolicyConfig, source: EpisodeFilter | str, *, failures: bool = False
) -> tuple[PolicyConfig, Preview]:
    """The configuration with its camera named, and what would be learned from and what not."""
    if not config.camera:
        found = library.datasets.preview(source, wants(config, failures=failures))
        config = msgspec.structs.replace(config, camera=own_camera(config, found))
    return config, library.datasets.preview(source, wants(config, failures=failures))


def own_camera(config: PolicyConfig, found: Preview) -> str:
    """The camera of the task of these episodes, else the one that most have; "" where there is none and none is needed.

    The task is the one of most episodes; one that only a real rig knows has the usual camera.
    """
    entry = TASKS.entries().get(next(iter(found.tasks), ""))
    own = USUAL_CAMERA if entry is None or entry.info is None else str(entry.info.camera)
    if own in found.cameras:
        return own
    return next(iter(found.cameras), own if REPRESENTATIONS.get(config.representation).info.camera else "")
