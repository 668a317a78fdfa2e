"""Accounts of one recorded stream: frames, drops, gaps, rate, skew. The same for a live recording and for recovery."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS
from core.messages import StreamSummary

GAP_PERIODS = 1.5
_RATE_WINDOW_NS = NANOSECONDS


class LossCounter:
    """The rule of what is lost: a hole in the sequence is a drop, over 1.5 periods between two stamps a gap."""

    def __init__(self, rate_hz: float) -> None:
        self.dropped = 0
        self.gaps = 0
        self.longest_gap_ns = 0
        self._longest_interval_ns = GAP_PERIODS * NANOSECONDS / rate_hz if rate_hz > 0 else math.inf
        self._sequence: int | None = None
        self._stamp_ns: int | None = None

    def arrived(self, sequence: int) -> int:
        """Note a sequence number; returns how many before it never arrived, which count as dropped."""
        missing = 0 if self._sequence is None else max(0, sequence - self._sequence - 1)
        self._sequence = sequence if self._sequence is None else max(self._sequence, sequence)
        self.dropped += missing
        return missing

    def lost(self) -> None:
        """Count a frame that arrived and could not be kept."""
        self.dropped += 1

    def kept(self, stamp_ns: int) -> None:
        """Count the interval since the frame before."""
        if self._stamp_ns is not None:
            interval_ns = stamp_ns - self._stamp_ns
            self.longest_gap_ns = max(self.longest_gap_ns, interval_ns)
            self.gaps += interval_ns > self._longest_interval_ns
        self._stamp_ns = stamp_ns


class StreamCounter(LossCounter):
    """Counts what arrives on one stream of an episode, and keeps its stamps."""

    def __init__(self, topic: str, codec: str, rate_hz: float) -> None:
        super().__init__(rate_hz)
        self.topic = topic
        self.codec = codec
        self.bytes = 0
        self._stamps = array("q")

    @property
    def frames(self) -> int:
        return len(self._stamps)

    @property
    def stamps_ns(self) -> NDArray[np.int64]:
        """Capture stamps ``(frames,)`` so far."""
        return self.newest_ns(len(self._stamps))

    def newest_ns(self, count: int) -> NDArray[np.int64]:
        """The newest capture stamps, at most ``count``; safe while another thread adds to them."""
        return np.array(self._stamps[-count:] if count else (), dtype=np.int64)

    def kept(self, stamp_ns: int) -> None:
        """Count a frame that goes into the file."""
        super().kept(stamp_ns)
        self._stamps.append(stamp_ns)

    def rate_hz(self) -> float:
        """Measured over the last second of stamps; 0 before the second frame."""
        stamps = self._stamps[-256:]
        if len(stamps) < 2:
            return 0.0
        first = next(index for index, stamp in enumerate(stamps) if stamp >= stamps[-1] - _RATE_WINDOW_NS)
        first = min(first, len(stamps) - 2)
        elapsed_ns = stamps[-1] - stamps[first]
        return (len(stamps) - 1 - first) * NANOSECONDS / elapsed_ns if elapsed_ns > 0 else 0.0

    def mean_rate_hz(self) -> float:
        """Over the whole recording."""
        if len(self._stamps) < 2 or self._stamps[-1] <= self._stamps[0]:
            return 0.0
        return (len(self._stamps) - 1) * NANOSECONDS / (self._stamps[-1] - self._stamps[0])

    def summary(self, skew_ms: float = 0.0) -> StreamSummary:
        return StreamSummary(
            topic=self.topic,
            codec=self.codec,
            frames=self.frames,
            dropped=self.dropped,
            gaps=self.gaps,
            longest_gap_ms=self.longest_gap_ns / 1e6,
            rate_hz=round(self.mean_rate_hz(), 3),
            skew_ms=round(skew_ms, 3),
            bytes=self.bytes,
        )


def skew_ms(stamps_ns: NDArray[np.int64], reference_ns: NDArray[np.int64]) -> float:
    """How far a camera's captures lie from the nearest capture of a reference camera: 95th percentile, ms."""
    if stamps_ns.size == 0 or reference_ns.size == 0:
        return 0.0
    after = np.searchsorted(reference_ns, stamps_ns).clip(0, reference_ns.size - 1)
    before = (after - 1).clip(0)
    nearest = np.minimum(np.abs(reference_ns[after] - stamps_ns), np.abs(reference_ns[before] - stamps_ns))
    return float(np.percentile(nearest, 95)) / 1e6


def summaries(cameras: Sequence[StreamCounter], others: Sequence[StreamCounter]) -> tuple[StreamSummary, ...]:
    """All streams, the skew of each camera's against the first camera's."""
    reference = cameras[0].stamps_ns if cameras else np.zeros(0, np.int64)
    found = [counter.summary(skew_ms(counter.stamps_ns, reference)) for counter in cameras]
    return (*found, *(counter.summary() for counter in others))
