"""The station's events as signals, its newest values as attributes. Restarts it when asked after it ended."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from core.clock import monotonic_ns
from core.errors import ProcessError
from core.geometry import SE3
from core.messages import Frame, Setpoint, Step
from core.processes.shared_memory import FrameSubscriber, Session
from robot import station_messages as messages
from robot.station_client import StationClient

_LOG = logging.getLogger(__name__)


class StationWorker(QObject):
    """Owns a ``StationClient``. Call ``tick`` at 30 Hz from the window's thread."""

    readied = Signal(object)
    taskLoaded = Signal(object)
    sceneReset = Signal(object)
    leaseGranted = Signal(object)
    leaseLost = Signal(object)
    stopped = Signal(object)
    rearmed = Signal(object)
    homeReached = Signal(object)
    recordingStarted = Signal(object)
    recordingFinished = Signal(object)
    recordingFailed = Signal(object)
    dragStarted = Signal(object)
    replayStarted = Signal(object)
    replayFinished = Signal(object)
    troubled = Signal(object)
    noticed = Signal(object)
    exited = Signal(str)
    statusChanged = Signal(object)

    _arrived = Signal(int, object)
    _ended = Signal(int, int, str)

    def __init__(self, session: Session, spec: messages.StationSpec) -> None:
        super().__init__()
        self.session = session
        self._spec = spec
        self._client: StationClient | None = None
        self._generation = 0
        self._closing = False
        self._last_trouble = ""
        self._subscribers: dict[str, FrameSubscriber] = {}
        self.ready: messages.Ready | None = None
        self.status: messages.StationStatus | None = None
        self.step: Step | None = None
        self.frames: dict[str, Frame] = {}
        self.arrived_ns: dict[str, int] = {}
        self.trouble = ""
        self._arrived.connect(self._dispatch)
        self._ended.connect(self._finish)
        self._signals: dict[type, Any] = {
            messages.Ready: self.readied,
            messages.TaskLoaded: self.taskLoaded,
            messages.SceneReset: self.sceneReset,
            messages.LeaseGranted: self.leaseGranted,
            messages.LeaseLost: self.leaseLost,
            messages.Stopped: self.stopped,
            messages.Rearmed: self.rearmed,
            messages.HomeReached: self.homeReached,
            messages.RecordingStarted: self.recordingStarted,
            messages.RecordingFinished: self.recordingFinished,
            messages.RecordingFailed: self.recordingFailed,
            messages.DragStarted: self.dragStarted,
            messages.ReplayStarted: self.replayStarted,
            messages.ReplayFinished: self.replayFinished,
            messages.Trouble: self.troubled,
            messages.Notice: self.noticed,
        }

    # Life -----------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Start the station, or start it again after it ended."""
        if self._client is not None and self._client.child.running:
            return
        self._forget()
        self.trouble = self._last_trouble = ""
        self._generation += 1
        generation = self._generation
        try:
            self._client = StationClient(
                self._spec,
                self.session,
                lambda event: self._arrived.emit(generation, event),
                lambda status, words: self._ended.emit(generation, status, words),
            )
        except ProcessError as error:
            self.trouble = str(error)
            self.exited.emit(self.trouble)

    def close(self) -> None:
        """End the station in order: it brakes, closes its episode and exits."""
        self._closing = True
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def running(self) -> bool:
        return self.ready is not None and not self.trouble

    def use_task(self, task: str) -> None:
        """The task to open with after a restart."""
        self._spec = msgspec.structs.replace(self._spec, task=task)

    def _forget(self) -> None:
        if self._client is not None:
            self._client.heartbeat.stop()
            self._client = None
        self._subscribers.clear()
        self.ready = self.status = self.step = None

    # Events ---------------------------------------------------------------------------------------------------------
    def _dispatch(self, generation: int, event: Any) -> None:
        if generation != self._generation:
            return
        if isinstance(event, messages.Ready):
            self.ready = event
        if isinstance(event, messages.TaskLoaded) and self.ready is not None:
            self.ready = msgspec.structs.replace(self.ready, task=event.task)
        if isinstance(event, messages.Trouble):
            self._last_trouble = event.message
        signal = self._signals.get(type(event))
        if signal is not None:
            signal.emit(event)

    def _finish(self, generation: int, status: int, last_words: str) -> None:
        if generation != self._generation or self._closing:
            return
        opened = self.ready is not None
        _LOG.error("the station ended with %d: %s", status, last_words)
        reason = self._last_trouble if not opened and self._last_trouble else _why(status, last_words)
        self.trouble = reason
        self._forget()
        self.exited.emit(reason)

    # Commands -------------------------------------------------------------------------------------------------------
    def send(self, command: messages.Command) -> bool:
        """Send a command; False when there is no station (``exited`` says why)."""
        if self._client is None:
            why = "The rig is not running; restart the station."
            self.troubled.emit(messages.Trouble(why, messages.name_of(type(command))))
            return False
        try:
            self._client.send(command)
        except ProcessError as error:
            _LOG.warning("%s", error)
            return False
        return True

    def take_lease(self) -> int:
        """Ask for the arm; see ``StationClient``. Zero when there is no station."""
        try:
            return self._client.take_lease() if self._client is not None else 0
        except ProcessError:
            return 0

    def give_to_policy(self, rate_hz: float, *, speed: float = 1.0, tried: int = 0, told: bool = False) -> int:
        """Ask for the arm for a policy; see ``StationClient``. Zero when there is no station."""
        try:
            client = self._client
            return client.give_to_policy(rate_hz, speed=speed, tried=tried, told=told) if client is not None else 0
        except ProcessError:
            return 0

    def release_lease(self) -> None:
        """Nobody drives; nothing where there is no station."""
        if self._client is not None:
            self.send(messages.RevokeLease())

    def publish_setpoint(self, X_WE: SE3, gripper_width_m: float, observation_sequence: int = 0) -> Setpoint:
        if self._client is None:
            raise ProcessError("The rig is not running; restart the station.")
        return self._client.publish_setpoint(X_WE, gripper_width_m, observation_sequence)

    # Newest values --------------------------------------------------------------------------------------------------
    def tick(self) -> None:
        """Beat the heart; take the newest status and step."""
        if self._client is None:
            return
        self._client.heartbeat.tick()
        status = self._client.newest_status()
        if status is not None:
            self.status = status
            self.statusChanged.emit(status)
        self.take_step()

    def take_step(self) -> Step | None:
        """The newest unread step, kept in ``step``."""
        if self._client is None:
            return None
        step = self._client.newest_step()
        if step is not None:
            self.step = step
        return step

    def take_frames(self) -> None:
        """Take the newest frame of every camera into ``frames``; a view skips those whose sequence it has painted."""
        if self._client is None or self.ready is None:
            return
        for info in self.ready.cameras:
            if info.role not in self._subscribers:
                self._subscribers[info.role] = self._client.frames(info.role)
            frame = self._subscribers[info.role].take()
            if frame is not None:
                self.frames[info.role] = frame
                self.arrived_ns[info.role] = monotonic_ns()


def _why(status: int, last_words: str) -> str:
    """The exit of a station as one sentence."""
    if status < 0:
        return f"The station was killed by signal {-status}; the arm holds and what was recorded is kept."
    lines = [line for line in last_words.splitlines() if line.strip()]
    detail = f": {lines[-1].strip()[:160]}" if lines else ""
    return f"The station ended by itself{detail}".rstrip(".") + "."
