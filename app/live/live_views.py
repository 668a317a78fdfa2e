"""The live views of every camera and of the 3-D scene: newest frames in, nothing queued, stale ones greyed."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.services import Services
from app.settings import Setting
from app.views.grid import ViewGrid
from app.views.marks import Seen
from app.views.rgbd import Kind, RgbdView
from app.views.scene3d import Scene3DView
from core.clock import NANOSECONDS, monotonic_ns
from core.geometry import SE3, Array
from core.messages import Disturbance
from core.tasks import TaskInfo
from robot.station_messages import DragBegin, DragEnd, DragMove, Ready

_GHOST_OPACITY = 0.45
_DRAG_PERIOD_NS = NANOSECONDS // 60


class Mode(StrEnum):
    """What is shown of every camera."""

    COLOUR = "colour"
    DEPTH = "depth"
    BOTH = "both"


_MODE = Setting("teleoperate.mode", Mode, Mode.BOTH)
_CLOUD = Setting("teleoperate.cloud", bool, True)
_KINDS = {Mode.COLOUR: (Kind.COLOUR,), Mode.DEPTH: (Kind.DEPTH,), Mode.BOTH: (Kind.COLOUR, Kind.DEPTH)}


class LiveViews(QWidget):
    """Owns the views; the page ticks it."""

    viewsChanged = Signal(object)

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._views: dict[tuple[str, Kind], RgbdView] = {}
        self._reference: dict[str, QImage] = {}
        self._goal_lines: tuple[Array, ...] = ()
        self._wanted: tuple[tuple[Array, ...], ...] = ()
        self._seen: Seen | None = None
        self._show_reference = False
        self._recording = False
        self._camera = ""
        self._shown = False
        self._last_drag_ns = 0
        self.mode = services.settings.get(_MODE)
        self.grid = ViewGrid()
        self.scene = Scene3DView()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid)
        self.grid.set_views([], 1, self.scene)
        self._connect()

    def _connect(self) -> None:
        station, view3d, actions = self._services.station, self._services.view3d, self._services.actions
        station.readied.connect(self._station_ready)
        station.exited.connect(self._station_exited)
        view3d.failed.connect(self._scene_failed)
        view3d.readied.connect(lambda _: self.scene.show_message("Drawing the scene"))
        self.scene.viewChanged.connect(view3d.look)
        self.scene.filled.connect(lambda: self.grid.fill(self.scene))
        self.scene.pushBegan.connect(lambda origin, way: station.send(DragBegin(origin, way)))
        self.scene.pushMoved.connect(self._push_moved)
        self.scene.pushEnded.connect(lambda: station.send(DragEnd()))
        for mode in Mode:
            action = actions[f"view.{mode}"]
            action.triggered.connect(lambda _=False, mode=mode: self.use_mode(mode))
            action.setChecked(mode is self.mode)
        cloud = self._services.settings.get(_CLOUD)
        actions["view.cloud"].setChecked(cloud)
        actions["view.cloud"].toggled.connect(self.scene.show_cloud)
        actions["view.push"].toggled.connect(lambda on: setattr(self.scene, "push_tool", on))
        self.scene.show_cloud(cloud)

    # Life -----------------------------------------------------------------------------------------------------------
    def _station_ready(self, ready: Ready) -> None:
        for view in self._views.values():
            view.deleteLater()
        self._views = {}
        for info in ready.cameras:
            for kind in Kind:
                view = RgbdView(info, kind)
                view.setParent(self.grid)
                view.filled.connect(lambda view=view: self.grid.fill(view))
                self._views[info.role, kind] = view
        self._place()
        self.viewsChanged.emit(list(self._views.values()))
        self.show_driving_camera(self._camera)
        self._services.view3d.open(ready)

    def _station_exited(self, reason: str) -> None:
        self.scene.release()

    def _scene_failed(self, reason: str) -> None:
        self.scene.show_message(reason)
        station = self._services.station
        if station.ready is not None:
            ready = station.ready
            self._services.messenger.complain(
                reason, "Start it again", lambda: self._services.view3d.open(ready), key="view3d"
            )

    def entered(self) -> None:
        self._shown = True
        self._services.view3d.look(self.scene.view())

    def left(self) -> None:
        self._shown = False
        self.scene.release()

    def let_go(self) -> None:
        self.scene.release()

    def remember(self) -> None:
        self._services.settings.put(_MODE, self.mode)
        self._services.settings.put(_CLOUD, self._services.actions["view.cloud"].isChecked())

    # What is shown --------------------------------------------------------------------------------------------------
    def use_mode(self, mode: Mode) -> None:
        """Colour, depth, or both of every camera."""
        self.mode = mode
        for each in Mode:
            self._services.actions[f"view.{each}"].setChecked(each is mode)
        self._place()

    def _place(self) -> None:
        kinds = _KINDS[self.mode]
        tiles = [view for (_, kind), view in self._views.items() if kind in kinds]
        self.grid.set_views([*tiles], len(kinds), self.scene)

    def reset(self) -> None:
        """Undo zoom, pan and orbit; choose the depth ranges anew."""
        for view in self._views.values():
            view.reset_view()
            if view.kind is Kind.DEPTH:
                view.fit_range()
        self.scene.reset_view()
        self.grid.fill(None)

    def show_driving_camera(self, role: str) -> None:
        self._camera = role
        for (name, _), view in self._views.items():
            view.show_driving(name == role)

    def show_task(self, task: TaskInfo) -> None:
        """Draw the lines that show where the task's things should go."""
        self._goal_lines = tuple(np.array(line) for line in task.goal_lines_W)

    def show_wanted(self, marks: tuple[tuple[Array, ...], ...]) -> None:
        """Where the next demonstrations should begin, each as its polylines in W; not while one is recorded."""
        self._wanted = marks

    def show_seen(self, seen: Seen | None) -> None:
        """Where a policy sees its points."""
        self._seen = seen

    def show_recording(self, recording: bool) -> None:
        """The reference would be in the way of what is recorded."""
        self._recording = recording
        self._overlay()

    def show_reference(self, shown: bool) -> None:
        self._show_reference = shown
        self._overlay()

    def set_reference(self, images: dict[str, NDArray[np.uint8]]) -> None:
        """First frames by role, ``(H, W, 3) uint8``."""
        self._reference = {role: _image(rgb) for role, rgb in images.items()}
        self._overlay()

    def _overlay(self) -> None:
        for (role, kind), view in self._views.items():
            shown = self._show_reference and not self._recording and kind is Kind.COLOUR
            view.set_overlay(self._reference.get(role) if shown else None, _GHOST_OPACITY)

    # Every tick -----------------------------------------------------------------------------------------------------
    def tick(self, setpoint: SE3 | None) -> None:
        """Paint what is new: one look at every visible view."""
        station = self._services.station
        station.take_frames()
        now_ns = monotonic_ns()
        status = station.status
        disturbed = status is not None and status.disturbance is not Disturbance.NONE
        goal = status.goal_X_WE if status is not None else None
        goal_X_WE = SE3.from_array(goal) if goal is not None else None
        for (role, _), view in self._views.items():
            frame = station.frames.get(role)
            if frame is None or not view.isVisible():
                continue
            view.show_setpoint(setpoint)
            view.show_goal(goal_X_WE, self._goal_lines)
            view.show_wanted(() if self._recording else self._wanted)
            view.show_seen(self._seen)
            view.show_frame(frame)
            view.show_age(now_ns - station.arrived_ns[role])
            view.show_note("disturbed" if disturbed else "")
        self.scene.show_note("disturbed" if disturbed else "")
        self.scene.show_points(None if self._seen is None else self._seen.p_W)
        picture = self._services.view3d.take()
        if picture is not None:
            self.scene.show_picture(picture)

    def _push_moved(self, origin: tuple[float, ...], direction: tuple[float, ...]) -> None:
        now_ns = monotonic_ns()
        if now_ns - self._last_drag_ns >= _DRAG_PERIOD_NS:
            self._last_drag_ns = now_ns
            self._services.station.send(DragMove(origin, direction))


def _image(rgb: NDArray[np.uint8]) -> QImage:
    height, width = rgb.shape[:2]
    return QImage(np.ascontiguousarray(rgb).data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
