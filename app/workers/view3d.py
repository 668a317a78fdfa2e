"""The 3-D view's process: wanted views out, pictures in."""

from __future__ import annotations

import logging
from typing import Any

from PySide6.QtCore import QObject, Signal

from core.clock import NANOSECONDS, monotonic_ns
from core.errors import ProcessError
from core.messages import Frame
from core.processes.child import Child
from core.processes.shared_memory import Bus, FrameSubscriber, MessagePublisher, Session
from robot.station_messages import VIEW3D_CAMERA_TOPIC, VIEW3D_TOPIC, OrbitView, Ready
from robot.view3d_messages import CloseView, OpenView, ViewEvents, ViewReady, ViewUnavailable

_LOG = logging.getLogger(__name__)
_MODULE = "robot.view3d"
_ASK_AGAIN_NS = NANOSECONDS // 2


class View3DWorker(QObject):
    """Starts the process when it is first wanted. ``unavailable`` is one sentence when it cannot draw."""

    readied = Signal(str)
    failed = Signal(str)

    _arrived = Signal(object)
    _ended = Signal(int, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._child: Child | None = None
        self._bus: Bus | None = None
        self._views: MessagePublisher | None = None
        self._pictures: FrameSubscriber | None = None
        self._newest: OrbitView | None = None
        self._asked_ns = 0
        self._answered = True
        self._closing = False
        self.unavailable = ""
        self._arrived.connect(self._dispatch)
        self._ended.connect(self._finish)

    def open(self, ready: Ready) -> None:
        """Start drawing the rig that became ready; does nothing while it draws."""
        if self._child is not None:
            return
        self.unavailable = ""
        try:
            if self._bus is None:
                self._bus = Bus(self._session, "window")
                self._views = self._bus.message_publisher(VIEW3D_CAMERA_TOPIC, 4096)
                self._pictures = self._bus.frame_subscriber(VIEW3D_TOPIC)
            self._child = Child(
                _MODULE, ViewEvents, self._arrived.emit, lambda status, words: self._ended.emit(status, words)
            )
            self._child.send(
                OpenView(self._session.as_text(), ready.cameras, ready.workspace_min_W, ready.workspace_max_W)
            )
        except ProcessError as error:
            self._fail(str(error))

    @property
    def running(self) -> bool:
        return self._child is not None

    def look(self, view: OrbitView) -> None:
        """Ask for another view."""
        if view != self._newest:
            self._newest = view
            self._ask()

    def take(self) -> Frame | None:
        """The newest unread picture, or None. Asks again when a view was asked for before anybody listened."""
        if self._pictures is None:
            return None
        picture = self._pictures.take()
        if picture is not None:
            self._answered = True
        elif not self._answered and monotonic_ns() - self._asked_ns > _ASK_AGAIN_NS:
            self._ask()
        return picture

    def _ask(self) -> None:
        self._answered, self._asked_ns = False, monotonic_ns()
        if self._views is not None and self._newest is not None:
            self._views.publish(self._newest)

    def close(self) -> None:
        self._closing = True
        child, self._child = self._child, None
        if child is not None and child.running:
            try:
                child.send(CloseView())
            except ProcessError:
                _LOG.info("the 3-D view was gone already")
            child.close(2.0)

    def _dispatch(self, event: Any) -> None:
        if isinstance(event, ViewReady):
            self._ask()
            self.readied.emit(event.renderer)
        elif isinstance(event, ViewUnavailable):
            self.unavailable = event.message

    def _finish(self, status: int, words: str) -> None:
        if self._closing:
            return
        _LOG.error("the 3-D view ended with %d: %s", status, words)
        self._fail(self.unavailable or "The 3-D view ended by itself.")

    def _fail(self, message: str) -> None:
        self._child = None
        self.unavailable = message
        self.failed.emit(message)
