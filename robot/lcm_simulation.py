"""What a simulated driver is told and tells: what a parent needs to start one (``robot.simulation.lcm_driver``)."""

from __future__ import annotations

import queue
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

from core.errors import DeviceError
from core.processes.child import Child

_START_TIMEOUT_S = 60.0
MODULE = "robot.simulation.lcm_driver"


class Fault(StrEnum):
    """What a simulated driver does wrong. ``silence``: no status; ``jitter``: statuses up to 150 ms late; ``ignore``:
    what it is sent is not done, as after a fault of the real one."""

    NONE = "none"
    SILENCE = "silence"
    JITTER = "jitter"
    IGNORE = "ignore"


class Command(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all commands."""


class Open(Command, frozen=True, tag="open"):
    """The first command: which LCM network to speak on, and what lies on the simulated table."""

    url: str
    task: str = "free"
    seed: int = 0


class SetFault(Command, frozen=True, tag="set_fault"):
    """Do this wrong from now on."""

    fault: Fault


Commands = Open | SetFault


class Event(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all events."""


class Running(Event, frozen=True, tag="running"):
    """The world is built; statuses are sent from now on."""


class Aborted(Event, frozen=True, tag="aborted"):
    """The driver ends, as the real one would; ``reason`` says why."""

    reason: str


Events = Running | Aborted


class DriverProcess:
    """A simulated driver in a process of its own, running when this returns; DeviceError says why it could not."""

    def __init__(self, spec: Open, on_exit: Callable[[int, str], None] | None = None) -> None:
        self.events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._child = Child(MODULE, Events, self.events.put, on_exit)
        try:
            self._child.send(spec)
            event = self.events.get(timeout=_START_TIMEOUT_S)
        except queue.Empty:
            event = Aborted("it did not start in time")
        if isinstance(event, Aborted):
            self.close()
            raise DeviceError(f"The simulated driver could not start: {event.reason}")

    @property
    def running(self) -> bool:
        return self._child.running

    def set_fault(self, fault: Fault) -> None:
        self._child.send(SetFault(fault))

    def close(self) -> None:
        """End it; the arm is simulated, so nothing falls."""
        self._child.close()
