"""What a live policy observes: the newest image, the hand as it was then, and nothing that is too old.

Control steps are read in a thread of their own, for while the policy acts nobody else would.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from core.clock import NANOSECONDS
from core.errors import StopReason
from core.messages import CameraInfo, Floats, Frame, RobotState, Step, Truth
from core.processes.shared_memory import Bus
from core.representations.live_object_state import object_reader
from core.representations.representation import RepresentationInfo
from robot.policies.wishes import HOLD_AFTER
from robot.station_messages import STEP_TOPIC, frame_topic

_OLDER_NS = NANOSECONDS // 10
_PERIODS = 1.5
_FIRST_NS = 8 * NANOSECONDS // 10
"""For so long after it has got the arm, which stands still meanwhile, a policy waits for something fresh to see."""
_READ_EVERY_S = 0.002
_STEPS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """``state``: of the control tick nearest to ``captured_ns``, on the session's clock."""

    captured_ns: int
    state: RobotState
    frame: Frame | None
    X_WO: Mapping[str, Floats] | None


class Observer:
    """Reads what a policy of that kind needs; ``camera`` is the station's, for one that sees images.

    Nothing is acted on that is older than one and a half periods and 0.1 s, nor an image and a hand over half a period
    apart: of the camera, or of a policy without one, that acts ``rate_hz`` times a second. The arm must stop when that
    lasts for as many of the policy's periods (of ``least_s`` at least) as a wish may be late.
    """

    def __init__(
        self, bus: Bus, info: RepresentationInfo, camera: CameraInfo | None, rate_hz: float, least_s: float
    ) -> None:
        self._period_ns = round(NANOSECONDS / (rate_hz if camera is None else camera.rate_hz))
        self._oldest_ns = round(_PERIODS * self._period_ns) + _OLDER_NS
        self._steps = bus.message_subscriber(STEP_TOPIC, Step)
        self._frames = None if camera is None else bus.frame_subscriber(frame_topic(camera.role))
        self._objects = object_reader(bus) if info.object_state else None
        self._states: deque[RobotState] = deque(maxlen=_STEPS)
        self._frame: Frame | None = None
        self._told: Truth | None = None
        self._usual_patience_ns = HOLD_AFTER * round(NANOSECONDS * max(1.0 / rate_hz, least_s))
        self._since_ns = self._patience_ns = 0
        self._wrong_since_ns: int | None = None
        self._newest: Step | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="steps", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def begin(self, now_ns: int) -> None:
        """From now on something is expected to come. What was so before may have been in another scene."""
        self._since_ns, self._wrong_since_ns, self._patience_ns = now_ns, now_ns, _FIRST_NS

    @property
    def step(self) -> Step | None:
        """The newest control step since it began."""
        step = self._newest
        return step if step is not None and step.state.stamp_ns >= self._since_ns else None

    def observe(self, now_ns: int) -> Observation | StopReason | None:
        """What to act on; why that must not be; or None while it has not come yet or does not fit together."""
        self._frame = (self._frames.take() if self._frames is not None else None) or self._frame
        self._told = (self._objects.take() if self._objects is not None else None) or self._told
        states = tuple(self._states)  # at once: the thread that reads goes on
        states = tuple(state for state in states if state.stamp_ns >= self._since_ns)
        captured_ns = self._captured_ns(states)
        if captured_ns is None or not states or captured_ns < max(self._since_ns, now_ns - self._oldest_ns):
            return self._wrong(StopReason.OBSERVATION_STALE, now_ns)
        state = min(states, key=lambda each: abs(each.stamp_ns - captured_ns))
        if abs(state.stamp_ns - captured_ns) > self._period_ns // 2:
            return self._wrong(StopReason.OBSERVATION_SKEWED, now_ns)
        self._wrong_since_ns, self._patience_ns = None, self._usual_patience_ns
        return Observation(captured_ns, state, self._frame, None if self._told is None else self._told.X_WO)

    def _wrong(self, reason: StopReason, now_ns: int) -> StopReason | None:
        """The reason to stop, once there has been nothing to act on for longer than may be."""
        if self._wrong_since_ns is None:
            self._wrong_since_ns = now_ns
        return reason if now_ns - self._wrong_since_ns > self._patience_ns else None

    def _captured_ns(self, states: tuple[RobotState, ...]) -> int | None:
        """When what is seen or told was so; of a policy that is neither shown nor told anything, the hand."""
        if self._frames is not None:
            return None if self._frame is None else self._frame.capture_ns
        if self._objects is not None:
            return None if self._told is None else self._told.stamp_ns
        return states[-1].stamp_ns if states else None

    def _read(self) -> None:
        while not self._stop.wait(_READ_EVERY_S):
            step = self._steps.take()
            if step is not None:
                self._states.append(step.state)
                self._newest = step
