"""A capture of the empty workspace in simulation, through the same noisy cameras that record."""

from __future__ import annotations

from collections.abc import Sequence

from ulid import ULID

from core.clock import utc_ns
from core.correspondence.empty_workspace import CaptureInfo, EmptyWorkspace, make_capture
from core.correspondence.robot_shape import RobotShape
from core.messages import CameraInfo
from robot.description import HOME_Q
from robot.simulation.depth import DepthNoise
from robot.simulation.renderer import Renderer
from robot.simulation.snapshot import Snapshot
from robot.simulation.world import World

FRAMES = 15


def capture_empty_workspace(
    cameras: Sequence[CameraInfo], rig: str, robot: RobotShape, seed: int = 0
) -> EmptyWorkspace:
    """Draw the table without objects, the arm at home, ``FRAMES`` times with noise, and fuse."""
    world = World(())
    world.reset(HOME_Q, 0.0, {})
    data = world.data
    renderer = Renderer(world.model)
    try:
        renderer.show(Snapshot(0, 0, 0, data.qpos.copy(), data.mocap_pos.copy(), data.mocap_quat.copy()))
        stacks = {}
        for camera in cameras:
            exact, noise = renderer.picture(camera.role).depth_m, DepthNoise(seed, camera.role)
            stacks[camera.role] = [noise(exact, frame) for frame in range(FRAMES)]
    finally:
        renderer.close()
    info = CaptureInfo(str(ULID()), utc_ns(), rig, tuple(cameras))
    return make_capture(info, stacks, HOME_Q.tolist(), 0.0, robot)
