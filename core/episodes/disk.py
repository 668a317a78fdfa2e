"""Room on the disk: enough to start, how long it lasts, and when to stop."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

from core.errors import EpisodeFileError
from core.messages import CameraInfo
from core.platform import free_bytes

RESERVE_BYTES = 1_000_000_000
"""A recording stops cleanly when less is free."""
MINUTES_TO_START = 10.0

_RGB_BYTES_PER_PIXEL = 0.688
_DEPTH_BYTES_PER_PIXEL = 0.608
_TICK_BYTES = 1200
"""Measured by benchmarks/storage.py on images that compress as a real camera's do."""
_EXPECTATION_S = 60.0


def estimated_bytes_per_second(cameras: Sequence[CameraInfo], control_rate_hz: float = 200.0) -> float:
    """What a recording with these cameras writes by the storage benchmark, for cameras that never recorded yet."""
    per_pixel = _RGB_BYTES_PER_PIXEL + _DEPTH_BYTES_PER_PIXEL
    images = sum(camera.width * camera.height * camera.rate_hz * per_pixel for camera in cameras)
    return images + control_rate_hz * _TICK_BYTES


def corrected_bytes_per_second(expected: float, written: int, elapsed_s: float) -> float:
    """What was expected before a recording, corrected by what it writes: half of each after a minute.

    So the minutes that are left do not jump when a recording begins, and follow what it really writes.
    """
    return (expected * _EXPECTATION_S + written) / (_EXPECTATION_S + elapsed_s)


def minutes_left(free: int, bytes_per_second: float) -> float:
    """Minutes of recording until the reserve is reached."""
    return max(0.0, (free - RESERVE_BYTES) / bytes_per_second / 60) if bytes_per_second > 0 else float("inf")


def check_free_space(path: Path, bytes_per_second: float, needed_minutes: float = MINUTES_TO_START) -> float:
    """Minutes that fit on the disk of ``path``; EpisodeFileError when they are fewer than needed."""
    free = free_bytes(path)
    minutes = minutes_left(free, bytes_per_second)
    if minutes < needed_minutes:
        raise EpisodeFileError(
            f"The disk of {path} has {free / 1e9:.1f} GB free, room for {minutes:.1f} of the {needed_minutes:.1f} "
            "minutes that a recording needs to start; free some space or choose another library."
        )
    return minutes


def is_full(error: OSError) -> bool:
    """Whether a write failed for want of space."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
