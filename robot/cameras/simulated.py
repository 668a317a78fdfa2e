"""A simulated RGBD camera of a ``SimulatedRig``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.messages import CameraInfo, Frame
from robot.devices import Camera, DeviceContext, DeviceInfo

if TYPE_CHECKING:
    from robot.rig import CameraConfig
    from robot.simulation.camera_feed import CameraFeed

INFO = DeviceInfo("simulated", "camera", "RGBD camera (simulated)", simulated=True)


def build(config: CameraConfig, context: DeviceContext) -> Camera:
    """The camera of that role in the simulated world; InputError when there is none."""
    return context.require_simulation().camera(config.role)


class SimulatedCamera:
    """One role of the rig's camera feed."""

    def __init__(self, feed: CameraFeed, info: CameraInfo) -> None:
        self._feed = feed
        self._info = info

    @property
    def info(self) -> CameraInfo:
        return self._info

    def start(self, deliver: Callable[[Frame], None]) -> None:
        """Deliver every frame drawn from now on, from the drawing thread (or at once, in lockstep)."""
        self._feed.attach(self._info.role, deliver)

    def stop(self) -> None:
        """Deliver no more frames."""
        self._feed.detach(self._info.role)
