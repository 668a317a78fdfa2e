"""Where the player is in time. No widgets here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.workers.decoder import Ticks
from core.clock import NANOSECONDS
from core.messages import Disturbance, EpisodeEvent

_EVENT_ICONS = {"stopped": "stop-line", "drag": "disturbed", "rearmed": "check"}


class Playback:
    """A position on an episode's time axis; plays within the trim and steps along the first camera's frames."""

    def __init__(self) -> None:
        self.duration_s = 0.0
        self.time_s = 0.0
        self.speed = 1.0
        self.playing = False
        self.begin_s = 0.0
        self.end_s = 0.0
        self._stamps: NDArray[np.float64] = np.zeros(0)
        self._last_ns = 0

    def open(self, duration_s: float, stamps_s: NDArray[np.float64]) -> None:
        """Another episode; ``stamps_s`` are the frames that stepping follows."""
        self.duration_s, self._stamps = duration_s, stamps_s
        self.begin_s, self.end_s = 0.0, duration_s
        self.time_s, self.playing = 0.0, False

    def trim(self, start_s: float | None, end_s: float | None) -> None:
        self.begin_s = start_s or 0.0
        self.end_s = self.duration_s if end_s is None else end_s

    def seek(self, time_s: float) -> None:
        self.time_s = min(self.duration_s, max(0.0, time_s))

    def step(self, frames: int) -> None:
        """That many frames further; pauses."""
        self.playing = False
        if len(self._stamps):
            index = min(len(self._stamps) - 1, max(0, self.frame_index + frames))
            self.time_s = float(self._stamps[index])

    @property
    def frame_index(self) -> int:
        return max(0, int(np.searchsorted(self._stamps, self.time_s + 1e-6, side="right")) - 1)

    def toggle(self, now_ns: int) -> None:
        """Play or pause; at the end it begins anew."""
        if not self.playing and self.time_s >= self.end_s - 1e-3:
            self.time_s = self.begin_s
        self.playing = not self.playing
        self._last_ns = now_ns

    def stop(self) -> None:
        self.playing = False

    def advance(self, now_ns: int) -> None:
        """Let time pass."""
        if not self.playing:
            return
        self.time_s += (now_ns - self._last_ns) / NANOSECONDS * self.speed
        self._last_ns = now_ns
        if self.time_s >= self.end_s:
            self.time_s, self.playing = self.end_s, False


def event_marks(events: tuple[tuple[float, EpisodeEvent], ...]) -> list[tuple[float, str, str]]:
    """Time, icon and words of what the time axis should show."""
    return [
        (time_s, _EVENT_ICONS.get(event.name, "info"), event.message or event.name.replace("_", " "))
        for time_s, event in events
    ]


def disturbed_spans(ticks: Ticks) -> list[tuple[float, float]]:
    """Begin and end of every stretch in which the scene was disturbed."""
    disturbed = np.asarray(ticks.arrays["disturbance"]) != Disturbance.NONE.value
    disturbed &= np.asarray(ticks.arrays["disturbance"]) != ""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], disturbed, [False]]).astype(np.int8)))
    last = len(ticks.times_s) - 1
    return [
        (float(ticks.times_s[begin]), float(ticks.times_s[min(end, last)]))
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
    ]
