"""Counts what the cameras deliver: rates over the last two seconds, holes in the sequence, the newest stamp."""

from __future__ import annotations

import threading
from collections import deque

from core.messages import Frame
from robot.station_messages import CameraStatus

_WINDOW_NS = 2_000_000_000


class CameraWatch:
    """One camera's counters; ``see`` runs on the camera's thread, ``status`` on any."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._lock = threading.Lock()
        self._captures_ns: deque[int] = deque()
        self._frames = 0
        self._dropped = 0
        self._sequence: int | None = None

    def see(self, frame: Frame) -> None:
        """Count a frame; a hole in the sequence is a drop."""
        with self._lock:
            if self._sequence is not None and frame.sequence > self._sequence + 1:
                self._dropped += frame.sequence - self._sequence - 1
            self._sequence = frame.sequence
            self._frames += 1
            self._captures_ns.append(frame.capture_ns)
            while self._captures_ns[-1] - self._captures_ns[0] > _WINDOW_NS:
                self._captures_ns.popleft()

    def status(self, now_ns: int) -> CameraStatus:
        """Rates are over the frames of the last two seconds before ``now_ns``."""
        with self._lock:
            recent = [stamp for stamp in self._captures_ns if now_ns - stamp <= _WINDOW_NS]
            span_ns = recent[-1] - recent[0] if len(recent) > 1 else 0
            rate_hz = (len(recent) - 1) * 1e9 / span_ns if span_ns else 0.0
            last_ns = self._captures_ns[-1] if self._captures_ns else 0
            return CameraStatus(self._role, rate_hz, self._frames, self._dropped, last_ns)
