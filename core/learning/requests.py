"""What whoever started a training may ask of it while it runs."""

from __future__ import annotations

from enum import StrEnum

from core.errors import ReticleError


class Request(StrEnum):
    """How a training shall end early."""

    PAUSE = "pause"
    CANCEL = "cancel"


class EndedEarlyError(ReticleError):
    """A training was asked to end before there was anything to keep."""
