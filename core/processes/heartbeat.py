"""The window's heartbeat: a thread publishes at 50 Hz and carries the age of the window's last tick.

So the station can tell a dead window (no beat) from a frozen one (beats, but an old tick).
"""

from __future__ import annotations

import sys
import threading

import msgspec

from core.clock import monotonic_ns
from core.processes.shared_memory import Bus

TOPIC = "heartbeat"
PERIOD_S = 0.02
_SWITCH_S = 0.001


class Heartbeat(msgspec.Struct, frozen=True, array_like=True):
    """``stamp_ns`` of the beat and of the window's last tick, both monotonic."""

    stamp_ns: int
    tick_ns: int


class HeartbeatThread:
    """Publishes heartbeats from ``start`` to ``stop``. Call ``tick`` from the window's event loop at 20 Hz or more."""

    def __init__(self, bus: Bus) -> None:
        sys.setswitchinterval(_SWITCH_S)  # a beat must not queue behind a window that computes
        self._publisher = bus.message_publisher(TOPIC, 256)
        self._tick_ns = monotonic_ns()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tick(self) -> None:
        self._tick_ns = monotonic_ns()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_S):
            self._publisher.publish(Heartbeat(monotonic_ns(), self._tick_ns))
