"""What a teleoperation device says on every tick, whatever it is: a mouse, a SpaceMouse, a gamepad."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np

from core.geometry import SE3, Array


class DriveCommand(StrEnum):
    """What a device can ask for once."""

    HOME = "home"
    UNDO_HOME = "undo_home"
    SPEED_1 = "speed_1"
    SPEED_2 = "speed_2"
    SPEED_3 = "speed_3"


def _zeros() -> Array:
    return np.zeros(3)


@dataclass(frozen=True, slots=True)
class Intent:
    """What the hand wants on one tick.

    ``linear`` and ``angular`` (3,) are held rates in [-1, 1] along and about forward, left and up of the driving
    frame. ``shift_W`` (m) and ``turn_W`` (rotation vector, rad) are what a pointer or wheel moved since the last tick,
    in the world. ``gripper_rate`` is a held rate in [-1, 1] (positive opens), ``gripper_shift_m`` a step,
    ``gripper_width_m`` a wanted width. ``dragging`` says that a pointer button is held, ``hovering`` that the pointer
    moved without one, ``held`` that a hand holds something down: the dead-man.
    """

    linear: Array = field(default_factory=_zeros)
    angular: Array = field(default_factory=_zeros)
    shift_W: Array = field(default_factory=_zeros)
    turn_W: Array = field(default_factory=_zeros)
    gripper_rate: float = 0.0
    gripper_shift_m: float = 0.0
    gripper_width_m: float | None = None
    dragging: bool = False
    hovering: bool = False
    held: bool = False
    commands: tuple[DriveCommand, ...] = ()


@dataclass(frozen=True, slots=True)
class DriveContext:
    """What a device needs to know to turn its movements into metres: ``R_WD`` is the driving frame (forward, left,
    up), ``X_WE`` where the hand was measured, ``speed`` the share of the speed limit the person chose."""

    R_WD: Array
    X_WE: SE3
    speed: float
    now_s: float


class TeleoperationDevice(Protocol):
    """A device that is asked for its intent on every tick, from one thread."""

    def start(self) -> None:
        """Open the device; DeviceError says why it cannot be used."""

    def read(self, context: DriveContext) -> Intent:
        """What the hand wanted since the last call."""

    def release_all(self) -> None:
        """Forget every held key and button: the focus is lost or the device is gone."""

    def stop(self) -> None: ...
