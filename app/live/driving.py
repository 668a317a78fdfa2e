"""Feeds presses, drags and the wheel to the driver a hundred times a second; it publishes the setpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent, QWindow
from PySide6.QtWidgets import QApplication, QWidget

from app.input import BUTTONS, application, key_trigger, modifiers_of, wants_keys
from app.views.rgbd import RgbdView
from app.workers.station import StationWorker
from core.clock import NANOSECONDS, WallClock, monotonic_ns
from core.geometry import SE3
from core.tasks import TaskInfo
from robot.drivers import build_teleoperation
from robot.rig import RigConfig
from robot.station_messages import Home, HomeReached, LeaseGranted, LeaseLost, Notice, StationStatus
from robot.teleoperation.device import DriveCommand
from robot.teleoperation.driver import Driver, DriveState
from robot.teleoperation.integrator import DriveLimits
from robot.teleoperation.mouse_keyboard import MouseKeyboard, PointerView
from robot.teleoperation.presets import DriveAction, Preset
from robot.teleoperation.together import Together
from robot.teleoperation.triggers import Trigger

TICK_MS = 10
_REST_NS = NANOSECONDS // 2
_DRAG_THRESHOLD_PX = 3.0
_LEASE_DOUBT_NS = NANOSECONDS // 2


class DrivingController(QObject):
    """The hand of the person at the screen. Active only while its page is shown and its window has the focus."""

    stateChanged = Signal(object)
    heldChanged = Signal(object)
    cameraChanged = Signal(str)
    speedChanged = Signal(int)
    blocked = Signal()
    deviceMoved = Signal()
    deviceSaid = Signal(str, str)

    def __init__(self, station: StationWorker, rig: RigConfig, preset: Preset, host: QWidget) -> None:
        super().__init__(host)
        self._station = station
        self._host = host
        self.device = MouseKeyboard(preset)
        self._others = build_teleoperation(rig, WallClock(), self.deviceSaid.emit)
        limits = DriveLimits.of(rig.limits, rig.workspace)
        hold_to_move = rig.teleoperation.hold_to_move
        hands = Together([self.device, *self._others])
        self.driver = Driver(hands, preset, limits, hold_to_move=hold_to_move, simulated=rig.simulated)
        self.driver.connect(station)
        self.driver.on_command = self._command
        self.driver.on_blocked = self.blocked.emit
        self._entered = False
        self.camera = ""
        self._roles: list[str] = []
        self._views: list[RgbdView] = []
        self._pressed: tuple[RgbdView, Qt.MouseButton, QPointF] | None = None
        self._dragging = False
        self._last = QPointF()
        self._granted_ns = 0
        self._woken_ns = 0
        self._previous_homes: list[tuple[float, ...]] = []
        self._shown_state = DriveState.IDLE
        self._shown_held: frozenset[DriveAction] = frozenset()
        self.accepts_keys: Callable[[], bool] = lambda: True
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        station.leaseGranted.connect(self._granted)
        station.leaseLost.connect(self._lost)
        station.stopped.connect(lambda _: self.driver.lease_lost())
        station.statusChanged.connect(self._status)
        station.homeReached.connect(self._home_reached)
        station.exited.connect(lambda _: self.driver.lease_lost())
        self.deviceMoved.connect(self._device_moved)
        self.deviceSaid.connect(self._device_said)
        for device in self._others:
            device.on_moved = self.deviceMoved.emit
        host.destroyed.connect(_stopping(self._others))

    # Life -----------------------------------------------------------------------------------------------------------
    def enter(self) -> None:
        """The page is shown: listen."""
        self._entered = True
        for device in self._others:
            device.start()
        application().installEventFilter(self)

    def leave(self) -> None:
        """The page is left: let go and stop listening."""
        self._entered = False
        for device in self._others:
            device.stop()
        self.let_go()
        self._timer.stop()
        application().removeEventFilter(self)

    def use(self, preset: Preset) -> None:
        self.device.use(preset)
        self.driver.use(preset)

    def set_views(self, views: list[RgbdView]) -> None:
        """The views in which a drag drives."""
        self._views = views

    def set_camera(self, role: str) -> None:
        """Whose eyes give the directions; empty for none."""
        if role != self.camera:
            self.camera = role
            self.cameraChanged.emit(role)

    def offer_cameras(self, roles: list[str]) -> None:
        """The cameras of the rig; the first one drives unless the one that does is among them."""
        self._roles = roles
        if self.camera not in roles and roles:
            self.set_camera(roles[0])

    def next_camera(self) -> None:
        """Drive as the next camera sees it."""
        if self._roles:
            index = self._roles.index(self.camera) if self.camera in self._roles else -1
            self.set_camera(self._roles[(index + 1) % len(self._roles)])

    def use_camera_of(self, task: TaskInfo) -> None:
        """Drive as the camera that sees the task best, where there is one."""
        if task.camera in self._roles:
            self.set_camera(task.camera)

    def set_speed(self, index: int) -> None:
        self.driver.speed = index
        self.speedChanged.emit(index)

    def let_go(self) -> None:
        """Release everything held and give the arm back."""
        self._pressed, self._dragging = None, False
        self.driver.let_go()
        self._show()

    def go_home(self) -> None:
        """Let the station drive home; what the hand held is released."""
        self.driver.lease_lost()
        self._station.send(Home())

    def undo_home(self) -> None:
        """Back to where the hand was before it went home."""
        if self._previous_homes:
            self.driver.lease_lost()
            self._station.send(Home(self._previous_homes.pop()))

    # Every tick -----------------------------------------------------------------------------------------------------
    def tick(self) -> None:
        if self._others and not self._attended():
            self._release_others()
        step = self._station.take_step() or self._station.step
        if step is not None:
            self.driver.measured(step)
        now_ns = monotonic_ns()
        self.driver.tick(now_ns / NANOSECONDS, self._camera_pose())
        self._show()
        if self.driver.state is DriveState.IDLE and not self._shown_held and now_ns - self._woken_ns > _REST_NS:
            self._timer.stop()

    def _wake(self) -> bool:
        """Something was pressed, moved or turned: tick until all is at rest again."""
        self._woken_ns = monotonic_ns()
        if not self._timer.isActive():
            self._timer.start()
        return True

    def _camera_pose(self) -> SE3 | None:
        frame = self._station.frames.get(self.camera)
        return frame.X_WC if frame is not None else None

    def _show(self) -> None:
        if self.driver.state is not self._shown_state:
            self._shown_state = self.driver.state
            self.stateChanged.emit(self.driver.state)
        held = self.device.held_actions
        if held != self._shown_held:
            self._shown_held = held
            self.heldChanged.emit(held)

    # Devices besides mouse and keyboard -----------------------------------------------------------------------------
    def _attended(self) -> bool:
        """Whether the person looks at this page and types nowhere."""
        return self._entered and self._host.window().isActiveWindow() and self._free_for_keys()

    def _release_others(self) -> None:
        for device in self._others:
            device.release_all()

    def _device_moved(self) -> None:
        if self._attended():
            self._wake()
        else:
            self._release_others()

    def _device_said(self, sentence: str, about: str) -> None:
        self._station.noticed.emit(Notice(sentence, about))

    # What the station says ------------------------------------------------------------------------------------------
    def _granted(self, event: LeaseGranted) -> None:
        self._granted_ns = monotonic_ns()
        self.driver.lease_granted(event.lease, event.X_WE, event.gripper_width_m)

    def _lost(self, event: LeaseLost) -> None:
        if self.driver.holds(event.lease):
            self.driver.lease_lost()

    def _status(self, status: StationStatus) -> None:
        self.driver.blocked = status.stop_reason is not None
        self.driver.at_edge(status.at_edge)
        settled = status.stamp_ns - self._granted_ns > _LEASE_DOUBT_NS
        if self.driver.state is DriveState.DRIVING and settled and not self.driver.holds(status.lease):
            self.driver.lease_lost()

    def _home_reached(self, event: HomeReached) -> None:
        self._previous_homes.append(event.previous_X_WE)

    def _command(self, command: DriveCommand) -> None:
        if command is DriveCommand.HOME:
            self.go_home()
        elif command is DriveCommand.UNDO_HOME:
            self.undo_home()
        else:
            self.speedChanged.emit(self.driver.speed)

    # Input ----------------------------------------------------------------------------------------------------------
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride):
            return isinstance(event, QKeyEvent) and self._is_ours(watched) and self._key(event)
        if isinstance(watched, RgbdView) and watched in self._views:
            if isinstance(event, QMouseEvent):
                return self._mouse(watched, event)
            if isinstance(event, QWheelEvent):
                return self._wheel(watched, event)
        return False

    def _is_ours(self, watched: QObject) -> bool:
        window = self._host.window()
        if isinstance(watched, QWidget):
            return watched.window() is window
        return isinstance(watched, QWindow) and watched is window.windowHandle()

    def _key(self, event: QKeyEvent) -> bool:
        trigger = key_trigger(event)
        code = event.nativeScanCode() or event.key()
        if event.type() == QEvent.Type.KeyRelease:
            return not event.isAutoRepeat() and self.device.release(code)
        if trigger is None or not self._free_for_keys() or self.device.action_of(trigger) is None:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return event.isAutoRepeat() or (self.device.press(code, trigger) and self._wake())

    def _free_for_keys(self) -> bool:
        if QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None:
            return False
        return self.accepts_keys() and not wants_keys(QApplication.focusWidget())

    def press_global(self, key: str) -> None:
        """A key from anywhere on the desktop."""
        if self.device.press(("global", key), Trigger.parse(key)):
            self._wake()

    def release_global(self, key: str) -> None:
        self.device.release(("global", key))

    def _mouse(self, view: RgbdView, event: QMouseEvent) -> bool:
        modifiers = modifiers_of(event.modifiers())
        if event.type() in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick):
            return self._mouse_pressed(view, event, modifiers)
        if event.type() == QEvent.Type.MouseMove:
            return self._mouse_moved(view, event, modifiers)
        if event.type() == QEvent.Type.MouseButtonRelease and event.button() in BUTTONS:
            self._pressed, self._dragging = None, False
            return self.device.pointer_released(BUTTONS[event.button()])
        return False

    def _mouse_pressed(self, view: RgbdView, event: QMouseEvent, modifiers: tuple[str, ...]) -> bool:
        if event.button() not in BUTTONS:
            return False
        button = BUTTONS[event.button()]
        self._last = event.position()
        if self.device.press(("button", button), Trigger(modifiers, f"{button} button")):
            self.set_camera(view.info.role)
            return self._wake()
        if self.device.drags_with(button, modifiers):
            self._pressed, self._dragging = (view, event.button(), event.position()), False
        return False

    def _mouse_moved(self, view: RgbdView, event: QMouseEvent, modifiers: tuple[str, ...]) -> bool:
        if self._pressed is not None and not self._dragging:
            away = event.position() - self._pressed[2]
            if abs(away.x()) + abs(away.y()) < _DRAG_THRESHOLD_PX:
                return False
            self._dragging = True
            self.set_camera(view.info.role)
            self.device.pointer_pressed(BUTTONS[self._pressed[1]], modifiers, _pointer_view(view))
        moved = (event.position() - self._last) * view.pixels_per_unit()
        self._last = event.position()
        if self._dragging or self.driver.state is DriveState.DRIVING:
            self.device.pointer_moved(moved.x(), moved.y(), modifiers, _pointer_view(view))
            self._wake()
        return False

    def _wheel(self, view: RgbdView, event: QWheelEvent) -> bool:
        steps = (event.angleDelta().y() or event.angleDelta().x()) / 120.0
        return self.device.wheel_turned(steps, modifiers_of(event.modifiers())) and self._wake()


def _stopping(devices: list[Any]) -> Callable[[], None]:
    """Ends the devices' threads, without the controller, which is gone by then."""

    def stop() -> None:
        for device in devices:
            device.stop()

    return stop


def _pointer_view(view: RgbdView) -> PointerView:
    frame = view.frame
    return PointerView(view.info.pinhole, frame.X_WC if frame is not None else None)
