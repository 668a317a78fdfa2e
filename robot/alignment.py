"""When and from where a real camera took its picture: without its latency, and with the hand where it was then."""

from __future__ import annotations

import bisect
import dataclasses
import threading
from collections import deque
from collections.abc import Callable

from core.clock import NANOSECONDS
from core.geometry import SE3
from core.messages import CameraInfo, Frame, RobotState

_KEPT = 600


class PoseHistory:
    """Where the hand was during the last seconds; written by the control thread, read by those of the cameras."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: deque[tuple[int, tuple[float, ...]]] = deque(maxlen=_KEPT)

    def see(self, state: RobotState) -> None:
        """The newest state; one that was seen already is left out."""
        with self._lock:
            if not self._states or state.stamp_ns > self._states[-1][0]:
                self._states.append((state.stamp_ns, state.X_WE))

    def at(self, stamp_ns: int) -> SE3:
        """``X_WE`` between the two states around a stamp, or of the nearest; the identity before the first."""
        with self._lock:
            states = list(self._states)
        if not states:
            return SE3.identity()
        after = bisect.bisect_left(states, stamp_ns, key=lambda state: state[0])
        if after == 0 or after == len(states):
            return SE3.from_array(states[min(after, len(states) - 1)][1])
        (before_ns, before), (after_ns, then) = states[after - 1], states[after]
        share = (stamp_ns - before_ns) / (after_ns - before_ns)
        return SE3.from_array(before).interpolate(SE3.from_array(then), share)


def aligned(
    info: CameraInfo, latency_s: float, hand: PoseHistory, deliver: Callable[[Frame], None]
) -> Callable[[Frame], None]:
    """Delivers a camera's frames with the stamp and the pose that they were really taken at."""
    latency_ns = round(latency_s * NANOSECONDS)

    def corrected(frame: Frame) -> None:
        capture_ns = frame.capture_ns - latency_ns
        X_WC = frame.X_WC if info.X_EC is None else hand.at(capture_ns) @ SE3.from_array(info.X_EC)
        deliver(dataclasses.replace(frame, capture_ns=capture_ns, X_WC=X_WC))

    return corrected
