"""A 3Dconnexion SpaceMouse: push, pull, twist and tilt the cap to move and turn the hand; its buttons grip.

It may be plugged in and out at any time. After it was let go (lost focus, a stop) the cap must come to rest before it
drives again, and a cap that falls silent while it is pushed counts as let go.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.clock import NANOSECONDS, Clock
from core.errors import DeviceError, InputError
from core.geometry import Array
from robot.check import Check, install_rules, may_open_usb
from robot.devices import DeviceContext, DeviceInfo
from robot.drivers import options_of
from robot.teleoperation.device import DriveCommand, DriveContext, Intent
from robot.teleoperation.presets import DriveAction

if TYPE_CHECKING:
    from robot.rig import DeviceConfig, RigConfig

_LOG = logging.getLogger(__name__)
_POLL_S = 0.004
_LOOK_AGAIN_S = 1.0
_SILENT_NS = NANOSECONDS // 4
_GRIPS = {DriveAction.GRIPPER_OPEN: 1.0, DriveAction.GRIPPER_CLOSE: -1.0}
_COMMANDS = {DriveAction(command.value): command for command in DriveCommand}
BUTTON_ACTIONS = (*_GRIPS, *_COMMANDS)


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``dead_band``: the share of the cap's way that does nothing. ``speed``, ``turn_speed``: shares of the speed that
    the person chose. ``buttons``: what each does, in the device's order, of ``BUTTON_ACTIONS``.
    """

    dead_band: float = 0.1
    speed: float = 1.0
    turn_speed: float = 1.0
    buttons: str = "gripper_close, gripper_open"


INFO = DeviceInfo("spacemouse", "teleoperation", "3Dconnexion SpaceMouse", options=Options)


def build(config: DeviceConfig, context: DeviceContext) -> SpaceMouse:
    """The SpaceMouse, there or not; InputError names an option that cannot be."""
    options: Options = options_of(config, INFO)
    if not 0.0 <= options.dead_band < 1.0:
        raise InputError(f"options.dead_band of the SpaceMouse is {options.dead_band}; it must be from 0 to below 1.")
    return SpaceMouse(options, open_first, context.clock, context.report)


def open_first() -> Any:
    """The first SpaceMouse that is plugged in, opened; DeviceError says why there is none."""
    try:
        import pyspacemouse

        return pyspacemouse.open(axis_convention=pyspacemouse.AxisConvention.ROS)
    except ImportError as error:
        raise DeviceError(f"A SpaceMouse cannot be used ({error}); run 'make setup'.") from error
    except (RuntimeError, AttributeError) as error:
        raise DeviceError(f"There is no SpaceMouse to open: {error}") from error


def check(config: DeviceConfig, rig: RigConfig) -> Check:
    """Whether a SpaceMouse can be opened; one that is not plugged in may come later."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # the library prints what it opens
            device = open_first()
    except DeviceError as error:
        if "HID API" in str(error):
            remedy = "Install it: sudo apt-get install libhidapi-hidraw0."
            return Check("spacemouse", False, "The library that reads a SpaceMouse (hidapi) is missing.", remedy)
        if not may_open_usb(("256f",)):
            return Check("spacemouse", False, f"{error} You may not be allowed to open it.", install_rules())
        return Check("spacemouse", True, "None is plugged in; it can be plugged in at any time.")
    device.close()
    return Check("spacemouse", True, f"{device.name} drives the arm.")


@dataclass(frozen=True, slots=True)
class _State:
    """``axes (6,)``: along and about forward, left and up, each in [-1, 1]."""

    axes: Array
    buttons: tuple[bool, ...]
    stamp_ns: int


_AT_REST = _State(np.zeros(6), (), 0)


class SpaceMouse:
    """See the module. ``open_device`` gives an open pyspacemouse device or raises DeviceError; asked once a second.

    ``on_moved`` is called, from the device's own thread, when the cap or a button leaves its rest.
    """

    def __init__(
        self, options: Options, open_device: Callable[[], Any], clock: Clock, report: Callable[[str, str], None]
    ) -> None:
        self._options, self._open, self._clock, self._report = options, open_device, clock, report
        self._actions = _button_actions(options.buttons)
        self._state = _AT_REST
        self._pressed: frozenset[DriveAction] = frozenset()
        self._rested = False
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.on_moved: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Wait for the device and listen to it, until it is stopped; then it may be started again."""
        self._closing.clear()
        self._rested = False
        self._thread = threading.Thread(target=self._run, name="spacemouse", daemon=True)
        self._thread.start()

    def read(self, context: DriveContext) -> Intent:
        """What the cap and the buttons ask for now."""
        axes, pressed = self._axes(), self._held(self._state)
        fresh, self._pressed = pressed - self._pressed, pressed
        if not self._rested:
            self._rested = self._is_at_rest()
            return Intent()
        return Intent(
            linear=self._options.speed * axes[:3],
            angular=self._options.turn_speed * axes[3:],
            gripper_rate=sum(_GRIPS.get(action, 0.0) for action in pressed),
            held=bool(axes.any() or pressed),
            commands=tuple(_COMMANDS[action] for action in fresh if action in _COMMANDS),
        )

    def release_all(self) -> None:
        """Do nothing until the cap has come to rest."""
        self._rested = False

    def stop(self) -> None:
        """Listen no more, and let others have the device."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._state = _AT_REST

    def _axes(self) -> Array:
        """The axes beyond the dead band; none when the device has fallen silent."""
        state, band = self._state, self._options.dead_band
        if self._clock.now_ns() - state.stamp_ns > _SILENT_NS:
            return np.zeros(6)
        beyond = np.clip((np.abs(state.axes) - band) / (1.0 - band), 0.0, 1.0)
        return np.asarray(np.sign(state.axes) * beyond)

    def _held(self, state: _State) -> frozenset[DriveAction]:
        return frozenset(action for action, down in zip(self._actions, state.buttons, strict=False) if down)

    # The thread ----------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        missed = False
        while not self._closing.is_set():
            try:
                device = self._open()
            except DeviceError as error:
                _LOG.debug("%s", error)
                missed = True
                self._closing.wait(_LOOK_AGAIN_S)
                continue
            if missed:
                self._report(f"The {device.name} is there and drives the arm.", "spacemouse")
            try:
                self._listen(device)
            except Exception as error:  # noqa: BLE001 - the library raises whatever its backend raises
                self._report("The SpaceMouse is gone; plug it in again to drive with it.", "spacemouse")
                _LOG.info("the SpaceMouse is gone: %s", error)
                self._state, missed = _AT_REST, True
                self._closing.wait(_LOOK_AGAIN_S)
            device.close()

    def _listen(self, device: Any) -> None:
        """Read every report until the device is gone."""
        heard_s = None
        while not self._closing.is_set():
            state = device.read()
            if state.t == heard_s:
                self._closing.wait(_POLL_S)
                continue
            heard_s = state.t
            axes = np.array([state.x, state.y, state.z, state.roll, state.pitch, state.yaw])
            self._take(_State(axes, tuple(bool(down) for down in state.buttons), self._clock.now_ns()))

    def _take(self, state: _State) -> None:
        was_at_rest, self._state = self._is_at_rest(), state
        if self._is_at_rest():
            self._rested = True
        elif was_at_rest:
            self.on_moved()

    def _is_at_rest(self) -> bool:
        return not (self._axes().any() or self._held(self._state))


def _button_actions(text: str) -> tuple[DriveAction, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in BUTTON_ACTIONS:
            raise InputError(
                f"options.buttons of the SpaceMouse has '{name}'; choose from: {', '.join(BUTTON_ACTIONS)}."
            )
    return tuple(DriveAction(name) for name in names)
