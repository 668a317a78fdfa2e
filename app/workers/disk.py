"""How long a recording would fit on the library's disk, looked up every few seconds."""

from __future__ import annotations

import contextlib
from pathlib import Path

from core.clock import NANOSECONDS, monotonic_ns
from core.episodes.disk import estimated_bytes_per_second, minutes_left
from core.platform import free_bytes
from robot.station_messages import Ready, StationStatus

_PERIOD_NS = 5 * NANOSECONDS


class DiskWatch:
    """Uses what the recording in progress writes, or an estimate from the cameras."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._looked_ns: int | None = None
        self._free: int | None = None
        self._bytes_per_second = 0.0

    def minutes_left(self, ready: Ready | None, status: StationStatus | None) -> float | None:
        """Minutes, or None while nothing is known."""
        self._look()
        if ready is not None and not self._bytes_per_second:
            self._bytes_per_second = estimated_bytes_per_second(ready.cameras)
        recording = status.recording if status is not None else None
        if recording is not None and recording.elapsed_s > 5.0:
            self._bytes_per_second = recording.bytes / recording.elapsed_s
        if self._free is None or not self._bytes_per_second:
            return None
        return minutes_left(self._free, self._bytes_per_second)

    @property
    def free_bytes(self) -> int | None:
        """What is free, as last looked up."""
        return self._free

    def _look(self) -> None:
        now_ns = monotonic_ns()
        if self._looked_ns is not None and now_ns - self._looked_ns < _PERIOD_NS:
            return
        self._looked_ns = now_ns
        with contextlib.suppress(OSError):
            self._free = free_bytes(_existing(self._root))


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
