"""Reads a station's commands, so that a stop never waits behind a command that takes its time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from core.processes.channel import Channel
from robot.station_messages import Command

_POLL_S = 0.1


class CommandReader:
    """Commands come out in order; those of ``urgent_kinds`` are told to ``urgent`` at once as well.

    They are served again in their turn, so that a grant or a re-arm sent before them cannot undo them.
    """

    def __init__(
        self, channel: Channel, urgent_kinds: tuple[type[Command], ...], urgent: Callable[[Command], None]
    ) -> None:
        self._channel, self._urgent_kinds, self._urgent = channel, urgent_kinds, urgent
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="commands", daemon=True)
        self.parent_gone = False

    def start(self) -> None:
        self._thread.start()

    def take(self, timeout_s: float) -> Command | None:
        """The next command, waiting for one. None after the timeout, or once the parent is gone and all is served."""
        try:
            command = self._commands.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self.parent_gone = command is None
        return command

    def _run(self) -> None:
        while True:
            closed = self._channel.closed.is_set()
            command = self._channel.wait(_POLL_S)
            if command is not None:
                if isinstance(command, self._urgent_kinds):
                    self._urgent(command)
                self._commands.put(command)
            elif closed:
                self._commands.put(None)
                return
