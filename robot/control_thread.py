"""Paces the control loop in real time, in the one thread that touches the arm, the gripper and the simulated scene."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from core.clock import NANOSECONDS, Clock
from core.episodes.recorder import Recorder
from core.errors import ProcessError, StopReason
from core.messages import ControlMode, Disturbance, EpisodeEvent, Floats, Source, Step
from core.processes.heartbeat import Heartbeat
from core.processes.shared_memory import MessagePublisher, MessageSubscriber
from robot.alignment import PoseHistory
from robot.assembly import Scene
from robot.control_loop import ControlLoop

_LOG = logging.getLogger(__name__)
_RESYNCHRONISE_TICKS = 20
_GOAL_EVERY_TICKS = 20
T = TypeVar("T")


class ControlThread:
    """Runs ``ControlLoop.tick`` at its rate; other threads hand it work with ``call``."""

    def __init__(
        self,
        loop: ControlLoop,
        clock: Clock,
        scene: Scene | None,
        steps: MessagePublisher,
        heartbeats: MessageSubscriber[Heartbeat] | None,
        hand: PoseHistory | None = None,
    ) -> None:
        self._loop, self._clock, self._scene = loop, clock, scene
        self._steps, self._heartbeats, self._hand = steps, heartbeats, hand
        self._work: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._conditions: list[tuple[Callable[[], bool], Callable[[], None]]] = []
        self._recorder: Recorder | None = None
        self._late_ns: deque[int] = deque(maxlen=1000)
        self._tick_ns: deque[int] = deque(maxlen=400)
        self._ticks = 0
        self._noted: str | None = None
        self._told: MessagePublisher | None = None
        self._disturbed_by_hand = False
        self._stop = threading.Event()
        self._rest = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self.mode = ControlMode.IDLE
        self.disturbance = Disturbance.NONE
        self.success: bool | None = None
        self.goal: Floats | None = None

    def start(self) -> None:
        """Run. From now on a window that never beats counts as one that stopped beating."""
        if self._heartbeats is not None:
            now_ns = self._clock.now_ns()
            self._loop.beat(Heartbeat(now_ns, now_ns))
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its current tick."""
        self._stop.set()
        self._thread.join()

    def call(self, deed: Callable[[], T], timeout_s: float = 5.0) -> T:
        """Run ``deed`` in the control thread between two ticks and return what it returns."""
        future = self.post(deed)
        try:
            return future.result(timeout_s)
        except TimeoutError as error:
            raise ProcessError("The control loop does not answer; restart the station.") from error

    def post(self, deed: Callable[[], T]) -> Future[T]:
        """Run ``deed`` in the control thread between two ticks, without waiting for it."""
        future: Future[T] = Future()
        self._work.append((deed, future))
        return future

    def when(self, condition: Callable[[], bool], deed: Callable[[], None]) -> None:
        """Run ``deed`` in the control thread once ``condition`` turns true there."""
        self.call(lambda: self._conditions.append((condition, deed)))

    def record_to(self, recorder: Recorder | None) -> None:
        """From the next tick on, record steps and truth there (None: nowhere); returns when it is so. Whoever was said
        to disturb does so no longer."""

        def switch() -> None:
            self._recorder, self._disturbed_by_hand = recorder, False

        self.call(switch)

    def tell_objects(self, publisher: MessagePublisher | None) -> None:
        """While a policy drives, say there where objects are (None: nowhere). To be called in the control thread."""
        self._told = publisher

    def mark_disturbance(self, acts: bool) -> None:
        """A person says to disturb the scene, which a simulator need not see. To be called in the control thread."""
        self._disturbed_by_hand = acts

    def wait_for_rest(self, timeout_s: float) -> bool:
        """Wait until the arm is commanded to stand still."""
        self._rest.clear()
        return self._rest.wait(timeout_s)

    def timing(self) -> tuple[float, float]:
        """Measured rate (Hz) and 99th percentile of lateness (ms) over the last seconds."""
        ticks, late = list(self._tick_ns), list(self._late_ns)
        if len(ticks) < 2:
            return 0.0, 0.0
        rate_hz = (len(ticks) - 1) * NANOSECONDS / max(ticks[-1] - ticks[0], 1)
        return rate_hz, sorted(late)[int(0.99 * (len(late) - 1))] / 1e6

    def _run(self) -> None:
        deadline_ns = self._clock.now_ns()
        while not self._stop.is_set():
            worked = self._do_work()
            self._clock.wait_until(deadline_ns)
            now_ns = self._clock.now_ns()
            late_ns = 0 if worked else max(now_ns - deadline_ns, 0)
            self._late_ns.append(late_ns)
            self._tick_ns.append(now_ns)
            try:
                self._tick(now_ns, late_ns)
            except Exception:  # noqa: BLE001 - whatever it is, the arm must stop
                if self._loop.stop_reason is None:  # once, not two hundred times a second
                    _LOG.exception("the control loop failed")
                self.mode = ControlMode.STOPPED
                self._loop.stop(StopReason.DEVICE_FAULT)
            deadline_ns += self._loop.period_ns
            if now_ns - deadline_ns > _RESYNCHRONISE_TICKS * self._loop.period_ns:
                deadline_ns = now_ns + self._loop.period_ns

    def _tick(self, now_ns: int, late_ns: int) -> None:
        self._ticks += 1
        if self._scene is not None:
            self._scene.advance(now_ns)
            self.success = self._scene.success()
            if self._ticks % _GOAL_EVERY_TICKS == 0:
                self.goal = self._scene.goal_X_WE()
        self.disturbance = self._who_disturbs()
        heartbeat = self._heartbeats.take() if self._heartbeats is not None else None
        if heartbeat is not None:
            self._loop.beat(heartbeat)
        step = self._loop.tick(late_ns, self.disturbance)
        self.mode = step.mode
        self._note_braking(step.state.stamp_ns)
        self._publish(step)
        if self._loop.at_rest:
            self._rest.set()
        for condition, deed in list(self._conditions):
            if condition():
                self._conditions.remove((condition, deed))
                deed()

    def _who_disturbs(self) -> Disturbance:
        if self._disturbed_by_hand:
            return Disturbance.MANUAL
        return Disturbance.NONE if self._scene is None else self._scene.disturbance()

    def _note_braking(self, stamp_ns: int) -> None:
        """Say in the file why the arm brakes, once each time; a latched stop is noted by the station."""
        reason = self._loop.braking_reason
        if reason is not None and reason != self._noted and self._recorder is not None:
            self._recorder.event(EpisodeEvent(stamp_ns, "braking", reason))
        self._noted = reason

    def _publish(self, step: Step) -> None:
        self._steps.publish(step)
        if self._hand is not None:
            self._hand.see(step.state)
        if self._told is not None and self._scene is not None and self._loop.source is Source.POLICY:
            self._told.publish(self._scene.truth())
        if self._recorder is not None:
            self._recorder.step(step)
            if self._scene is not None:
                self._recorder.truth(self._scene.truth())

    def _do_work(self) -> bool:
        worked = bool(self._work)
        while self._work:
            deed, future = self._work.popleft()
            try:
                future.set_result(deed())
            except Exception as error:  # noqa: BLE001 - handed to the caller
                future.set_exception(error)
        return worked
