"""How an attempt ended. One that could not be finished for reasons that are not the policy's says nothing of it."""

from __future__ import annotations

from enum import StrEnum

from core.errors import StopReason
from core.messages import Integrity


class Outcome(StrEnum):
    """``aborted`` by a person, ``error`` of anything but the policy."""

    SUCCESS = "success"
    FAILURE = "failure"
    ABORTED = "aborted"
    ERROR = "error"


FAULTS = (
    StopReason.SETPOINT_INVALID,
    StopReason.SETPOINT_JUMP,
    StopReason.JOINT_LIMIT,
    StopReason.WORKSPACE,
    StopReason.COLLISION,
)
"""Stops that the policy itself has caused: it has failed."""


def verdict(judged: bool | None, stop_reason: str | None) -> bool | None:
    """Whether an attempt succeeded, of what the simulator saw and why the arm stopped; None where nobody can say."""
    if stop_reason is None:
        return judged
    return False if stop_reason in FAULTS else None


def outcome(success: bool | None, stop_reason: str | None, integrity: str) -> Outcome | None:
    """How an attempt ended; None when it ended in order and nobody has judged it yet. ``success`` as it counts now."""
    if success is not None:
        return Outcome.SUCCESS if success else Outcome.FAILURE
    if stop_reason == StopReason.OPERATOR:
        return Outcome.ABORTED
    return Outcome.ERROR if stop_reason is not None or integrity != Integrity.OK else None
