"""Plans a scan's way in a process of its own: inverse kinematics in the station would hold up its control loop.

The planner sends what it finds at once, so that the arm sets out while the rest is still being planned.
"""

from __future__ import annotations

import queue

import msgspec

from core.geometry import SE3
from core.messages import Floats
from core.platform import give_way
from core.processes.channel import Channel
from core.processes.child import Child
from robot.rig import RigConfig
from robot.scan_path import Dome, Waypoint, waypoints

MODULE = "robot.scan_planner"


class PlanScan(msgspec.Struct, frozen=True, tag_field="type", tag="plan"):
    """What the planner is asked: about so many ``views`` of a camera at ``X_EC`` on the hand."""

    config: RigConfig
    X_EC: Floats
    views: int


class PlannedWaypoint(msgspec.Struct, frozen=True, tag_field="type", tag="waypoint"):
    """A ``robot.scan_path.Waypoint``."""

    X_WE: Floats
    share: float
    is_view: bool


class PlanEnded(msgspec.Struct, frozen=True, tag_field="type", tag="ended"):
    """There are no more."""


def main(channel: Channel) -> int:
    """Plan once, until the parent is gone."""
    give_way()
    channel.listen(PlanScan)
    asked = channel.wait(60.0)
    if not isinstance(asked, PlanScan):
        return 2
    for found in waypoints(asked.config, SE3.from_array(asked.X_EC), Dome.of(asked.views)):
        if channel.closed.is_set():
            return 0
        channel.send(PlannedWaypoint(found.X_WE.as_tuple(), found.share, found.is_view))
    channel.send(PlanEnded())
    return 0


class ScanPlan:
    """The waypoints of a planner that was started for it: an iterator that never waits.

    None while the next one is not known yet. ``broke``: the planner ended before its plan did.
    """

    def __init__(self, config: RigConfig, X_EC: SE3, views: int) -> None:
        self._found: queue.SimpleQueue[Waypoint | None] = queue.SimpleQueue()
        self._whole = False
        self.broke = False
        self._child = Child(MODULE, PlannedWaypoint | PlanEnded, self._hear, self._exited)
        self._child.send(PlanScan(config, X_EC.as_tuple(), views))

    def __iter__(self) -> ScanPlan:
        return self

    def __next__(self) -> Waypoint | None:
        try:
            found = self._found.get_nowait()
        except queue.Empty:
            return None
        if found is None:
            raise StopIteration
        return found

    def close(self) -> None:
        """Plan no more."""
        self._whole = True
        self._child.kill()
        self._child.close()

    def _hear(self, event: PlannedWaypoint | PlanEnded) -> None:
        if isinstance(event, PlanEnded):
            self._whole = True
        else:
            self._found.put(Waypoint(SE3.from_array(event.X_WE), event.share, event.is_view))

    def _exited(self, status: int, words: str) -> None:
        self.broke = not self._whole
        self._found.put(None)
