"""Publishes what the player shows, so that the 3-D view's process can draw the point cloud at the cursor."""

from __future__ import annotations

import numpy as np

from app.workers.decoder import Ticks
from core.clock import NANOSECONDS
from core.messages import ControlMode, Frame, RobotState, Setpoint, Source, Step
from core.processes.shared_memory import Bus, FramePublisher, MessagePublisher, Session
from robot.station_messages import PLAYER, frame_topic, step_topic

_PERIOD_NS = NANOSECONDS // 5


class PlayerFeed:
    """Opens its topics when something is published first; at most five times a second."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bus: Bus | None = None
        self._frames: dict[str, FramePublisher] = {}
        self._steps: MessagePublisher | None = None
        self._published_ns = 0
        self._waiting: tuple[dict[str, Frame], Ticks, float] | None = None

    def show(self, frames: dict[str, Frame], ticks: Ticks, time_s: float) -> None:
        """The frames at the cursor and the tick they belong to; what waits is replaced."""
        self._waiting = (frames, ticks, time_s)

    def tick(self, now_ns: int) -> None:
        """Publish what waits when it is time."""
        if self._waiting is None or now_ns - self._published_ns < _PERIOD_NS:
            return
        (frames, ticks, time_s), self._waiting = self._waiting, None
        self._published_ns = now_ns
        if self._bus is None:
            self._bus = Bus(self._session, "player")
            self._steps = self._bus.message_publisher(step_topic(PLAYER))
        for role, frame in frames.items():
            if role not in self._frames:
                height, width = frame.rgb.shape[:2]
                self._frames[role] = self._bus.frame_publisher(frame_topic(role, PLAYER), width, height)
            self._frames[role].publish(frame)
        if self._steps is not None and len(ticks.times_s):
            self._steps.publish(step_at(ticks, time_s))


def step_at(ticks: Ticks, time_s: float) -> Step:
    """The control tick at a time, as the control loop once published it."""
    arrays = ticks.arrays
    index = max(0, int(np.searchsorted(ticks.times_s, time_s, side="right")) - 1)

    def row(name: str) -> tuple[float, ...]:
        return tuple(float(value) for value in arrays[name][index])

    state = RobotState(
        int(arrays["stamp_ns"][index]),
        int(arrays["sequence"][index]),
        row("q"),
        row("dq"),
        row("tau_external"),
        row("X_WE"),
        float(arrays["gripper_width_m"][index]),
        float(arrays["gripper_force_n"][index]),
    )
    wanted = None
    if np.isfinite(arrays["wanted_X_WE"][index]).all():
        source, width = Source(str(arrays["wanted_source"][index])), float(arrays["wanted_gripper_width_m"][index])
        wanted = Setpoint(source, 0, 0, state.stamp_ns, 0, row("wanted_X_WE"), width)
    mode = str(arrays["mode"][index]) or ControlMode.IDLE.value
    sent_width = float(arrays["sent_gripper_width_m"][index])
    return Step(state, wanted, row("sent_X_WE"), row("sent_q"), sent_width, ControlMode(mode))
