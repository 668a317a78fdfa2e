"""The inspector's process: scenes out, described images in. Started when it is first wanted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from core.clock import NANOSECONDS, monotonic_ns
from core.errors import ProcessError
from core.messages import CameraInfo
from core.processes.child import Child
from core.processes.shared_memory import Bus, BytesSubscriber, Session
from robot.inspector_messages import (
    CloseInspector,
    ComparePairs,
    Described,
    InspectorCommands,
    InspectorError,
    InspectorEvents,
    ModelLoaded,
    OpenInspector,
    PairCompared,
    PanelImage,
    PauseLive,
    SetScene,
    Shown,
    StoredPair,
    panel_topic,
    unpack,
)

_LOG = logging.getLogger(__name__)
_MODULE = "robot.inspector"
_TOO_SOON_NS = 10 * NANOSECONDS
_CLOSING_S = 6.0


class InspectorWorker(QObject):
    """``set_scene`` says what to describe; ``take`` yields what has arrived. It is started again once when it dies."""

    loaded = Signal(object)
    """A model can be asked: ``ModelLoaded``."""
    described = Signal(object)
    """A panel's image was described: ``Described``."""
    compared = Signal(object)
    """How sure a model is of a pair: ``PairCompared``."""
    troubled = Signal(object)
    """What could not be done: ``InspectorError``."""
    failed = Signal(str)
    """The process is gone; one sentence. ``restart`` starts it again."""

    _arrived = Signal(int, object)
    _ended = Signal(int, int, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._child: Child | None = None
        self._bus: Bus | None = None
        self._subscribers: dict[tuple[int, int], BytesSubscriber] = {}
        self._scene: SetScene | None = None
        self._comparison: ComparePairs | None = None
        self._cache = ""
        self._paused = False
        self._generation = self._run = 0
        self._started_ns = 0
        self._closing = False
        self._arrived.connect(self._dispatch)
        self._ended.connect(self._finish)

    @property
    def running(self) -> bool:
        return self._child is not None

    @property
    def generation(self) -> int:
        return self._generation

    def set_scene(
        self,
        models: tuple[str, ...],
        panels: tuple[Shown, ...],
        wanted: tuple[tuple[int, int], ...],
        cameras: tuple[CameraInfo, ...],
        cache: Path,
        captures: Path | None = None,
    ) -> int:
        """Describe these images with the models of these folders; ``wanted``: panel and model of those not here yet.

        Returns the number of the scene.
        """
        self._generation += 1
        self._cache = str(cache)
        folder = str(captures) if captures is not None else ""
        self._scene = SetScene(self._generation, models, panels, wanted, cameras, folder)
        try:
            self._listen(self._scene)
            if self._child is None:
                self._start()
            self._send(self._scene)
        except ProcessError as error:
            self._fail(str(error))
        return self._generation

    def pause(self, paused: bool) -> None:
        """Leave live panels as they are, or follow the cameras again."""
        self._paused = paused
        self._send_if_running(PauseLive(paused))

    def _send_if_running(self, command: InspectorCommands) -> None:
        """What is told again to a process that is started later."""
        if self._child is not None:
            try:
                self._send(command)
            except ProcessError as error:
                _LOG.info("the inspector was gone already: %s", error)

    def compare(self, model: str, pairs: tuple[StoredPair, ...], captures: Path | None = None) -> None:
        """Say by ``compared`` how sure a model is of these pairs, in the process's idle time; no pairs end it."""
        self._comparison = ComparePairs(model, pairs, str(captures) if captures is not None else "")
        self._send_if_running(self._comparison)

    def take(self) -> Iterator[tuple[int, int, PanelImage]]:
        """What has arrived: panel, number of the model, image."""
        for (panel, model), subscriber in self._subscribers.items():
            data = subscriber.take()
            if data is not None:
                yield panel, model, unpack(data)

    def restart(self) -> None:
        """Start it again after it ended, with the scene it had."""
        if self._child is None and self._scene is not None:
            scene = self._scene
            self._started_ns = 0
            try:
                self._start()
                self._send(scene)
            except ProcessError as error:
                self._fail(str(error))

    def close(self) -> None:
        self._closing = True
        child, self._child = self._child, None
        if child is not None and child.running:
            try:
                child.send(CloseInspector())
            except ProcessError:
                _LOG.info("the inspector was gone already")
            child.close(_CLOSING_S)

    def _listen(self, scene: SetScene) -> None:
        """Readers must be there before the first value: a late one sees only what is published next."""
        if self._bus is None:
            self._bus = Bus(self._session, "window inspector")
        for panel in range(len(scene.panels)):
            for model in range(len(scene.models)):
                if (panel, model) not in self._subscribers:
                    self._subscribers[panel, model] = self._bus.subscriber(panel_topic(panel, model))

    def _start(self) -> None:
        self._run += 1
        run = self._run
        self._started_ns = monotonic_ns()
        self._child = Child(
            _MODULE,
            InspectorEvents,
            lambda event: self._arrived.emit(run, event),
            lambda status, words: self._ended.emit(run, status, words),
        )
        self._send(OpenInspector(self._session.as_text(), self._cache))
        if self._paused:
            self._send(PauseLive(True))
        if self._comparison is not None:
            self._send(self._comparison)

    def _send(self, command: InspectorCommands) -> None:
        if self._child is None:
            raise ProcessError("The inspector is not running; start it again.")
        self._child.send(command)

    def _dispatch(self, run: int, event: Any) -> None:
        if run != self._run:
            return
        if isinstance(event, ModelLoaded):
            self.loaded.emit(event)
        elif isinstance(event, Described):
            self.described.emit(event)
        elif isinstance(event, PairCompared):
            self._forget(event)
            self.compared.emit(event)
        elif isinstance(event, InspectorError) and event.generation in (0, self._generation):
            self.troubled.emit(event)

    def _forget(self, answered: PairCompared) -> None:
        """A process that is started later need not compare this pair again."""
        asked = self._comparison
        if asked is not None and asked.model == answered.model:
            left = tuple(pair for pair in asked.pairs if pair != answered.pair)
            self._comparison = msgspec.structs.replace(asked, pairs=left)

    def _finish(self, run: int, status: int, words: str) -> None:
        if self._closing or run != self._run:
            return
        _LOG.error("the inspector ended with %d: %s", status, words)
        self._child = None
        suspect = self._being_compared()
        if self._scene is not None and monotonic_ns() - self._started_ns > _TOO_SOON_NS:
            self.restart()
        else:
            self._fail("The inspector ended by itself; what it showed last stays.")
        if suspect is not None:
            self.compared.emit(suspect)

    def _being_compared(self) -> PairCompared | None:
        """The pair at which the process may have ended, left out from now on so that it does not end the next one."""
        asked = self._comparison
        if asked is None or not asked.pairs:
            return None
        suspect = PairCompared(asked.model, asked.pairs[0], None, "The inspector ended while it compared these images.")
        self._forget(suspect)
        return suspect

    def _fail(self, message: str) -> None:
        self._child = None
        self.failed.emit(message)
