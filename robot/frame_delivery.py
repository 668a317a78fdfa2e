"""Hands the frames of one camera to all who want them, on the camera's thread, which outlives whatever they do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import msgspec

from core.clock import NANOSECONDS, Clock
from core.errors import ReticleError
from core.messages import Frame
from robot.camera_watch import CameraWatch
from robot.station_messages import CameraStatus

_LOG = logging.getLogger(__name__)
_SAY_AGAIN_NS = 10 * NANOSECONDS

Report = Callable[[str, str], None]
"""Takes a sentence, and what it is about: a newer one about the same takes the place of the older."""


class FrameDelivery:
    """``receivers`` take each frame in order, by what becomes of it there, such as "shown" or "recorded".

    One that raises keeps the frame from no other, and the frame is counted as failed. ``report`` gets a sentence about
    it and what it is about, at most every ten seconds for each receiver.
    """

    def __init__(
        self,
        watch: CameraWatch,
        clock: Clock,
        receivers: Mapping[str, Callable[[Frame], object]],
        report: Report,
    ) -> None:
        self._watch = watch
        self._handovers = [_Handover(done, receive, clock, report) for done, receive in receivers.items()]
        self._failed = 0

    def __call__(self, frame: Frame) -> None:
        self._watch.see(frame)
        taken = [handover(frame) for handover in self._handovers]
        self._failed += not all(taken)

    def status(self, now_ns: int) -> CameraStatus:
        """What the camera delivered so far, and how many of its frames failed."""
        return msgspec.structs.replace(self._watch.status(now_ns), failed=self._failed)


class _Handover:
    """Gives frames to one receiver, and says when it could not."""

    def __init__(self, done: str, receive: Callable[[Frame], object], clock: Clock, report: Report) -> None:
        self._done, self._receive, self._clock, self._report = done, receive, clock, report
        self._failed = 0
        self._said_ns: int | None = None

    def __call__(self, frame: Frame) -> bool:
        """Whether the receiver took the frame."""
        try:
            self._receive(frame)
        except Exception as error:  # noqa: BLE001 - whatever it is, the camera goes on
            self._failed += 1
            now_ns = self._clock.now_ns()
            if self._said_ns is None or now_ns - self._said_ns >= _SAY_AGAIN_NS:
                self._said_ns = now_ns
                self._say(frame.role, error)
            return False
        return True

    def _say(self, role: str, error: Exception) -> None:
        if isinstance(error, ReticleError):
            why = f": {error}"
        else:
            _LOG.error("a frame of the %s camera could not be %s", role, self._done, exc_info=error)
            why = f" ({type(error).__name__}: {error})."
        many = f"{self._failed} so far; " if self._failed > 1 else ""
        sentence = f"An image of the {role} camera could not be {self._done}{why} {many}The camera goes on."
        self._report(sentence, f"{role} camera {self._done}")
