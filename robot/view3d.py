"""The 3-D view's process: draws offscreen what the window then paints like a camera's picture.

Reads frames, steps and the wanted view from shared memory; publishes pictures. A GL widget inside the window would
slow the whole window (docs/decisions); here it costs the window one image. The cloud is thinned to 20,000 points and
made anew five times a second; a picture is drawn only when something changed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

os.environ.setdefault("EGL_PLATFORM", "surfaceless")

import numpy as np

from core.clock import WallClock
from core.geometry import SE3
from core.messages import Floats, Frame, Step
from core.platform import give_way
from core.processes.channel import Channel
from core.processes.shared_memory import Bus, FrameSubscriber, MessageSubscriber, Session
from robot.station_messages import (
    INSPECTOR,
    LIVE,
    PLAYER,
    STATUS_TOPIC,
    VIEW3D_CAMERA_TOPIC,
    VIEW3D_TOPIC,
    OrbitView,
    StationStatus,
    frame_topic,
    step_topic,
)
from robot.view3d_cloud import CloudMaker
from robot.view3d_messages import CloseView, OpenView, ViewCommands, ViewReady, ViewUnavailable
from robot.view3d_pair import PairScene
from robot.view3d_robot import RobotSurface

if TYPE_CHECKING:
    from robot.view3d_canvas import ViewCanvas

MAX_POINTS = 20_000
MAX_SIZE = (1600, 1200)
_CLOUD_PERIOD_NS = 200_000_000
_STATE_PERIOD_NS = 100_000_000
_POLL_S = 0.02


def main(channel: Channel) -> int:
    """Draw until the parent closes the view or dies; control, cameras and the window come first."""
    give_way()
    channel.listen(ViewCommands)
    opening = channel.wait(timeout_s=60.0)
    if not isinstance(opening, OpenView):
        return 2
    try:
        from robot.view3d_canvas import ViewCanvas

        surface = RobotSurface()
        canvas = ViewCanvas(surface.colors, opening.workspace_min_W, opening.workspace_max_W)
    except (ImportError, RuntimeError, OSError) as error:
        channel.send(ViewUnavailable(f"The 3-D view cannot draw: {error}; check OpenGL with 'main.py doctor'."))
        return 1
    view = View3D(opening, surface, canvas)
    channel.send(ViewReady(canvas.renderer))
    while not channel.closed.is_set():
        if isinstance(channel.wait(_POLL_S), CloseView):
            break
        view.poll()
    return 0


class View3D:
    """Newest inputs, drawn when they change."""

    def __init__(self, opening: OpenView, surface: RobotSurface, canvas: ViewCanvas) -> None:
        self._surface, self._canvas = surface, canvas
        self._clock = WallClock()
        bus = Bus(Session.from_text(opening.session), "view3d")
        self._bus = bus
        self._infos = {info.role: info for info in opening.cameras}
        self._makers = {
            role: CloudMaker(info, MAX_POINTS // max(1, len(self._infos))) for role, info in self._infos.items()
        }
        self._frames: dict[str, dict[str, FrameSubscriber]] = {
            source: {role: bus.frame_subscriber(frame_topic(role, source)) for role in self._infos}
            for source in (LIVE, PLAYER)
        }
        self._steps: dict[str, MessageSubscriber[Step]] = {
            source: bus.message_subscriber(step_topic(source), Step) for source in (LIVE, PLAYER)
        }
        self._statuses = bus.message_subscriber(STATUS_TOPIC, StationStatus)
        self._goal: Floats | None = None
        self._views = bus.message_subscriber(VIEW3D_CAMERA_TOPIC, OrbitView)
        self._pictures = bus.frame_publisher(VIEW3D_TOPIC, *MAX_SIZE)
        self._pair = PairScene(bus, opening.workspace_min_W, opening.workspace_max_W)
        self._view: OrbitView | None = None
        self._step: Step | None = None
        self._newest: dict[str, Frame] = {}
        self._cloud_ns = self._state_ns = self._sequence = 0

    def poll(self) -> None:
        """Take what is new and draw when it matters."""
        view = self._views.take()
        if view is not None:
            if self._view is not None and view.source != self._view.source:
                self._begin_anew()
            self._view = view
        self._pair.poll()
        if self._view is None:
            return
        now_ns = self._clock.now_ns()
        changed = view is not None
        if self._view.source == INSPECTOR:
            changed |= self._pair.show(self._canvas)
        elif now_ns - self._state_ns >= _STATE_PERIOD_NS:
            self._state_ns = now_ns
            changed |= self._update_robot(self._view)
            changed |= self._update_goal(self._view)
            changed |= self._update_cloud(self._view, now_ns)
        if changed:
            self._draw(self._view, now_ns)

    def _begin_anew(self) -> None:
        """Another source is shown: nothing of the one before stays."""
        self._newest.clear()
        self._step = self._goal = None
        self._pair.forget_canvas()
        self._canvas.clear()

    def _update_cloud(self, view: OrbitView, now_ns: int) -> bool:
        if now_ns - self._cloud_ns < _CLOUD_PERIOD_NS:
            return False
        self._cloud_ns = now_ns
        wanted = view.cameras or tuple(self._infos)
        fresh = False
        for role, subscriber in self._frames[view.source].items():
            frame = subscriber.take() if role in wanted else None
            if frame is not None:
                self._newest[role] = frame
                fresh = True
        gone = [role for role in self._newest if role not in wanted]
        for role in gone:
            del self._newest[role]
        if not fresh and not gone:
            return False
        clouds = [self._makers[role].points(frame) for role, frame in self._newest.items()]
        if clouds:
            self._canvas.set_cloud(*(np.concatenate(arrays) for arrays in zip(*clouds, strict=True)))
        return True

    def _update_robot(self, view: OrbitView) -> bool:
        step = self._steps[view.source].take()
        if step is None:
            return False
        moved = self._step is None or _differs(self._step, step)
        self._step = step
        if moved:
            self._canvas.set_robot(*self._surface.pose(step.state.q, step.state.gripper_width_m))
            wanted = step.wanted
            if wanted is None:
                self._canvas.set_ghost("setpoint", None)
            else:
                self._canvas.set_ghost("setpoint", self._surface.hand(wanted.pose, wanted.gripper_width_m))
        return moved

    def _update_goal(self, view: OrbitView) -> bool:
        status = self._statuses.take()
        goal = None if view.source != LIVE else self._goal if status is None else status.goal_X_WE
        if goal == self._goal:
            return False
        self._goal = goal
        if goal is None:
            self._canvas.set_ghost("goal", None)
        else:
            self._canvas.set_ghost("goal", self._surface.hand(SE3.from_array(goal), 0.0))
        return True

    def _draw(self, view: OrbitView, now_ns: int) -> None:
        cameras = [(self._infos[role], frame.X_WC.as_matrix()) for role, frame in self._newest.items()]
        width, height = min(view.width, MAX_SIZE[0]), min(view.height, MAX_SIZE[1])
        if (width, height) != (view.width, view.height) or width < 16 or height < 16:
            return
        picture = self._canvas.draw(view, cameras, workspace=view.source != INSPECTOR)
        self._sequence += 1
        self._pictures.publish(Frame("view3d", self._sequence, now_ns, now_ns, picture, None, SE3.identity()))


def _differs(before: Step, after: Step) -> bool:
    """Whether a person would see the difference."""
    moved = np.abs(np.subtract(before.state.q, after.state.q)).max() > 2e-4
    gripped = abs(before.state.gripper_width_m - after.state.gripper_width_m) > 2e-4
    wanted = (before.wanted is None) != (after.wanted is None)
    if before.wanted is not None and after.wanted is not None:
        wanted = np.abs(np.subtract(before.wanted.X_WE, after.wanted.X_WE)).max() > 2e-4
    return bool(moved or gripped or wanted)
