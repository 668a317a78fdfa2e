"""What the jobs of correspondence are told, in a file of their folder. Light to import."""

from __future__ import annotations

import msgspec

from core.correspondence.config import EpisodeSpan, TrainingConfig
from core.messages import CameraInfo

CAPTURE_JOB = "robot.correspondence.capture_job"


class Specification(msgspec.Struct, frozen=True):
    """All that a training needs. ``captures``: the library's folder of them; ``model``: the one that comes of it."""

    run: str
    model: str
    name: str
    config: TrainingConfig
    episodes: tuple[EpisodeSpan, ...]
    cameras: tuple[CameraInfo, ...]
    rig: str
    simulated: bool
    captures: str
    cache: str
    models: str
    dataset: str = ""
    dataset_sha256: str = ""


class CaptureSpecification(msgspec.Struct, frozen=True):
    """``session``: shared memory of the station that publishes frames; ``captures``: the library's folder of them."""

    session: str
    simulated: bool
    rig: str
    cameras: tuple[CameraInfo, ...]
    captures: str
