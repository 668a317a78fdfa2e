"""From a hand on a device to setpoints at the station: asks for the lease, integrates, publishes, lets go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

import numpy as np

from core.errors import InputError
from core.geometry import SE3, Array
from core.messages import Floats, Setpoint, Step
from robot.teleoperation.device import DriveCommand, DriveContext, Intent, TeleoperationDevice
from robot.teleoperation.frames import driving_rotation
from robot.teleoperation.integrator import DriveLimits, SetpointIntegrator
from robot.teleoperation.presets import Preset

_LONGEST_TICK_S = 0.05
_ASK_AGAIN_S = 0.5
_SPEED_COMMANDS = {DriveCommand.SPEED_1: 0, DriveCommand.SPEED_2: 1, DriveCommand.SPEED_3: 2}


class DriveState(StrEnum):
    """Who has the arm, as the driver knows it."""

    IDLE = "idle"
    ASKING = "asking"
    DRIVING = "driving"


class StationPort(Protocol):
    """What the driver needs of a station; ``StationClient`` has it."""

    def take_lease(self) -> int: ...
    def release_lease(self) -> None: ...
    def publish_setpoint(self, X_WE: SE3, gripper_width_m: float, observation_sequence: int = 0) -> Setpoint: ...


class Driver:
    """Call ``tick`` at 60 Hz or more from the window's thread.

    Starting to drive takes the lease. It is let go when the focus is lost or the page is left (``let_go``) and, with
    ``hold_to_move`` (the dead-man), as soon as nothing is held. While ``blocked`` (the arm is stopped) it asks for
    nothing and says so through ``on_blocked``.
    """

    def __init__(
        self,
        device: TeleoperationDevice,
        preset: Preset,
        limits: DriveLimits,
        *,
        hold_to_move: bool,
        simulated: bool,
    ) -> None:
        self._device = device
        self._integrator = SetpointIntegrator(limits)
        self._simulated = simulated
        self.hold_to_move = hold_to_move
        self.state = DriveState.IDLE
        self.speed = preset.speed
        self._preset = preset
        self._port: StationPort | None = None
        self._lease = 0
        self._last_s: float | None = None
        self._asked_s = 0.0
        self._waiting: list[Intent] = []
        self._measured: SE3 | None = None
        self._measured_width_m = 0.0
        self.blocked = False
        self.on_command: Callable[[DriveCommand], None] = lambda command: None
        self.on_blocked: Callable[[], None] = lambda: None

    def connect(self, port: StationPort | None) -> None:
        """Drive another station, or none."""
        self._port = port
        self._lost()

    def use(self, preset: Preset) -> None:
        """Change how the device drives."""
        self._preset = preset
        self.speed = min(self.speed, len(preset.speeds) - 1)
        self._integrator.settle()

    @property
    def hold_to_move(self) -> bool:
        """Whether the arm moves only while something is held; InputError when switched off for a real arm."""
        return self._hold_to_move

    @hold_to_move.setter
    def hold_to_move(self, wanted: bool) -> None:
        if not wanted and not self._simulated:
            raise InputError(
                "A real arm moves only while a key or button is held; hold to move cannot be switched off."
            )
        self._hold_to_move = wanted

    @property
    def share(self) -> float:
        return self._preset.speeds[self.speed].share

    def holds(self, lease: int) -> bool:
        """Whether that is the lease it asked for last."""
        return lease == self._lease

    @property
    def setpoint(self) -> SE3 | None:
        """What is published while driving."""
        return self._integrator.pose if self.state is DriveState.DRIVING else None

    def at_edge(self, at_edge: bool) -> None:
        """Whether the arm is sent where it cannot reach."""
        self._integrator.at_edge = at_edge

    # What the station says ----------------------------------------------------------------------------------------
    def measured(self, step: Step) -> None:
        """The newest control step."""
        self._measured = step.state.pose
        self._measured_width_m = step.state.gripper_width_m

    def lease_granted(self, lease: int, X_WE: Floats, gripper_width_m: float) -> None:
        """Start from exactly where the station says that the arm is."""
        if self.state is not DriveState.ASKING or lease != self._lease:
            return
        self.state = DriveState.DRIVING
        self._measured = SE3.from_array(X_WE)
        self._measured_width_m = gripper_width_m
        self._integrator.start(self._measured, gripper_width_m)

    def lease_lost(self) -> None:
        """Stopped, or taken by a policy or a replay: driving begins anew with the next press."""
        self._lost()

    def let_go(self) -> None:
        """Release everything held and give the arm back."""
        if self.state is not DriveState.IDLE and self._port is not None:
            self._port.release_lease()
        self._lost()

    def _lost(self) -> None:
        self.state = DriveState.IDLE
        self._waiting.clear()
        self._device.release_all()

    # Every tick -----------------------------------------------------------------------------------------------------
    def tick(self, now_s: float, X_WC: SE3 | None) -> Intent | None:
        """Read the device and publish. ``X_WC`` is the driving camera's pose. Returns what the hand wanted."""
        dt_s = 0.0 if self._last_s is None else min(now_s - self._last_s, _LONGEST_TICK_S)
        self._last_s = now_s
        if self._measured is None:
            return None
        R_WD = driving_rotation(self._preset.axes, X_WC)
        intent = self._device.read(DriveContext(R_WD, self._measured, self.share, now_s))
        for command in intent.commands:
            self._command(command)
        if self.state is DriveState.DRIVING:
            self._drive(intent, R_WD, dt_s)
        elif self.blocked and wants_to_move(intent):
            self._device.release_all()
            self.on_blocked()
        elif not self.blocked and (self.state is DriveState.ASKING or wants_to_move(intent)):
            self._waiting.append(intent)
            self._ask(now_s)
        return intent

    def _drive(self, intent: Intent, R_WD: Array, dt_s: float) -> None:
        if self._port is None or self._measured is None:
            return
        if self.hold_to_move and not intent.held:
            self.let_go()
            return
        pose = self._integrator.advance(
            self._with_waiting(intent), R_WD, self.share, self._measured, self._measured_width_m, dt_s
        )
        self._port.publish_setpoint(pose, self._integrator.gripper_width_m)

    def _with_waiting(self, intent: Intent) -> Intent:
        """Add what was dragged, turned or pressed once while the lease was asked for."""
        if not self._waiting:
            return intent
        waiting, self._waiting = [*self._waiting, intent], []
        widths = [each.gripper_width_m for each in waiting if each.gripper_width_m is not None]
        return replace(
            intent,
            shift_W=np.sum([each.shift_W for each in waiting], axis=0),
            turn_W=np.sum([each.turn_W for each in waiting], axis=0),
            gripper_shift_m=sum(each.gripper_shift_m for each in waiting),
            gripper_width_m=widths[-1] if widths else None,
        )

    def _ask(self, now_s: float) -> None:
        if self._port is None or (self.state is DriveState.ASKING and now_s - self._asked_s < _ASK_AGAIN_S):
            return
        if self.state is DriveState.ASKING:
            self._waiting.clear()
        self._lease = self._port.take_lease()
        self._asked_s = now_s
        self.state = DriveState.ASKING

    def _command(self, command: DriveCommand) -> None:
        if command in _SPEED_COMMANDS:
            self.speed = min(_SPEED_COMMANDS[command], len(self._preset.speeds) - 1)
        self.on_command(command)


def wants_to_move(intent: Intent) -> bool:
    """Whether the intent needs the arm. A pointer that merely moves over a view does not take it."""
    moves = [intent.linear, intent.angular] if intent.hovering else [intent.linear, intent.angular, intent.shift_W]
    if any(bool(move.any()) for move in moves) or (bool(intent.turn_W.any()) and not intent.hovering):
        return True
    return bool(intent.gripper_rate or intent.gripper_shift_m) or intent.gripper_width_m is not None
