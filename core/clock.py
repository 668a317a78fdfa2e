"""Every call to the system's clocks is here.

A monotonic clock orders everything. ``WallClock`` paces the real station; ``LockstepClock`` is advanced by
whoever steps the world, so that stamps are simulated time and outcomes do not depend on the machine's speed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

NANOSECONDS = 1_000_000_000


def monotonic_ns() -> int:
    """System-wide monotonic time in nanoseconds, the same in every process of this machine."""
    return time.monotonic_ns()


def utc_ns() -> int:
    """Wall time in nanoseconds since the Unix epoch; for labels, never for ordering."""
    return time.time_ns()


def utc_iso(ns: int | None = None) -> str:
    """ISO 8601 with milliseconds and a trailing Z, of ``ns`` since the epoch or of now."""
    moment = datetime.fromtimestamp((utc_ns() if ns is None else ns) / NANOSECONDS, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Clock(Protocol):
    """What paces a control loop."""

    @property
    def kind(self) -> str:
        """``wall`` or ``lockstep``; stored in the episode file."""

    def now_ns(self) -> int:
        """Elapsed nanoseconds on this clock."""

    def wait_until(self, deadline_ns: int) -> None:
        """Return at the deadline, or at once when it has passed."""


@dataclass(slots=True)
class WallClock:
    """Real time: the system's monotonic clock."""

    kind: str = field(default="wall", init=False)

    def now_ns(self) -> int:
        return monotonic_ns()

    def wait_until(self, deadline_ns: int) -> None:
        remaining_ns = deadline_ns - monotonic_ns()
        if remaining_ns > 0:
            time.sleep(remaining_ns / NANOSECONDS)


@dataclass(slots=True)
class LockstepClock:
    """Simulated time: it moves only when somebody waits on it."""

    kind: str = field(default="lockstep", init=False)
    _now_ns: int = field(default=0, init=False)

    def now_ns(self) -> int:
        return self._now_ns

    def wait_until(self, deadline_ns: int) -> None:
        self._now_ns = max(self._now_ns, deadline_ns)
