"""How long a recording would fit on the library's disk, looked up every few seconds."""

from __future__ import annotations

import contextlib

from app.workers.library import LibraryWorker
from core.clock import NANOSECONDS, monotonic_ns
from core.episodes.disk import minutes_left
from core.platform import free_bytes
from robot.station_messages import Ready, StationStatus

_PERIOD_NS = 5 * NANOSECONDS


class DiskWatch:
    """Uses what the recording in progress says, or what the library expects of the next one."""

    def __init__(self, library: LibraryWorker) -> None:
        self._library = library
        self._looked_ns: int | None = None
        self._asked_ns: int | None = None
        self._free: int | None = None
        self._bytes_per_second: float | None = None

    def minutes_left(self, ready: Ready | None, status: StationStatus | None) -> float | None:
        """Minutes, or None while nothing is known."""
        self._look(ready)
        if status is not None and status.recording is not None:
            return status.recording.minutes_left
        if self._free is None or self._bytes_per_second is None:
            return None
        return minutes_left(self._free, self._bytes_per_second)

    @property
    def free_bytes(self) -> int | None:
        """What is free, as last looked up."""
        return self._free

    def _look(self, ready: Ready | None) -> None:
        now_ns = monotonic_ns()
        if _due(self._looked_ns, now_ns):
            self._looked_ns = now_ns
            with contextlib.suppress(OSError):
                self._free = free_bytes(self._library.root)
        if ready is not None and self._library.library is not None and _due(self._asked_ns, now_ns):
            self._asked_ns = now_ns
            self._library.read(lambda library: library.episodes.bytes_per_second(ready.cameras), self._expect)

    def _expect(self, bytes_per_second: float) -> None:
        self._bytes_per_second = bytes_per_second


def _due(last_ns: int | None, now_ns: int) -> bool:
    return last_ns is None or now_ns - last_ns >= _PERIOD_NS
