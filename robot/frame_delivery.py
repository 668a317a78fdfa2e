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


class FrameDelivery:
    """``receivers`` take each frame in order, by what becomes of it there, such as "shown" or "recorded".

    One that raises keeps the frame from no other; the frame is counted as failed, and ``report`` gets a sentence about
    it, at most every ten seconds.
    """

    def __init__(
        self,
        watch: CameraWatch,
        clock: Clock,
        receivers: Mapping[str, Callable[[Frame], object]],
        report: Callable[[str], None],
    ) -> None:
        self._watch, self._clock, self._report = watch, clock, report
        self._receivers = dict(receivers)
        self._failed = 0
        self._said_ns: int | None = None

    def __call__(self, frame: Frame) -> None:
        self._watch.see(frame)
        errors = [error for done, receive in self._receivers.items() if (error := _attempt(done, receive, frame))]
        if errors:
            self._failed += 1
            self._say(frame.role, errors[0])

    def status(self, now_ns: int) -> CameraStatus:
        """What the camera delivered so far, and how many of its frames failed."""
        return msgspec.structs.replace(self._watch.status(now_ns), failed=self._failed)

    def _say(self, role: str, error: str) -> None:
        now_ns = self._clock.now_ns()
        if self._said_ns is None or now_ns - self._said_ns >= _SAY_AGAIN_NS:
            self._said_ns = now_ns
            many = f"{self._failed} so far; " if self._failed > 1 else ""
            self._report(f"An image of the {role} camera could not be {error} {many}The camera goes on.")


def _attempt(done: str, receive: Callable[[Frame], object], frame: Frame) -> str:
    """Why the frame could not be handed over; empty when it could."""
    try:
        receive(frame)
    except ReticleError as error:
        return f"{done}: {error}"
    except Exception as error:  # noqa: BLE001 - whatever it is, the camera goes on
        _LOG.exception("a frame of the %s camera could not be %s", frame.role, done)
        return f"{done} ({type(error).__name__}: {error})."
    return ""
