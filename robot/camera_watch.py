"""Counts what the cameras deliver: rates and skew over the last two seconds, drops and gaps since the start."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS
from core.episodes.streams import LossCounter, skew_ms
from core.messages import CameraInfo, Frame
from robot.station_messages import CameraStatus

_WINDOW_NS = 2 * NANOSECONDS


class CameraWatch:
    """One camera's counters; ``see`` runs on the camera's thread, ``status`` on any.

    ``reference`` is the watch of the camera against which the skew is measured: the rig's first.
    """

    def __init__(self, info: CameraInfo, reference: CameraWatch | None = None) -> None:
        self._role = info.role
        self._losses = LossCounter(info.rate_hz)
        self._reference = reference or self
        self._lock = threading.Lock()
        self._captures_ns: deque[int] = deque()
        self._frames = 0

    def see(self, frame: Frame) -> None:
        """Count a frame, and what was lost before it."""
        with self._lock:
            self._losses.arrived(frame.sequence)
            self._losses.kept(frame.capture_ns)
            self._frames += 1
            self._captures_ns.append(frame.capture_ns)
            while self._captures_ns[-1] - self._captures_ns[0] > _WINDOW_NS:
                self._captures_ns.popleft()

    def captures_ns(self, now_ns: int) -> NDArray[np.int64]:
        """Capture stamps of the last two seconds before ``now_ns``."""
        with self._lock:
            return np.array([stamp for stamp in self._captures_ns if now_ns - stamp <= _WINDOW_NS], dtype=np.int64)

    def status(self, now_ns: int) -> CameraStatus:
        """Rate and skew are over the frames of the last two seconds before ``now_ns``."""
        recent = self.captures_ns(now_ns)
        span_ns = int(recent[-1] - recent[0]) if len(recent) > 1 else 0
        with self._lock:
            return CameraStatus(
                self._role,
                rate_hz=(len(recent) - 1) * NANOSECONDS / span_ns if span_ns else 0.0,
                frames=self._frames,
                dropped=self._losses.dropped,
                last_capture_ns=self._captures_ns[-1] if self._captures_ns else 0,
                gaps=self._losses.gaps,
                longest_gap_ms=self._losses.longest_gap_ns / 1e6,
                skew_ms=self._skew_ms(recent, now_ns),
            )

    def _skew_ms(self, recent: NDArray[np.int64], now_ns: int) -> float:
        """Captures that the reference camera has not caught up with yet say nothing."""
        if self._reference is self:
            return 0.0
        reference = self._reference.captures_ns(now_ns)
        return skew_ms(recent[recent <= reference[-1]], reference) if reference.size else 0.0
