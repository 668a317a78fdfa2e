"""The robot's surface as correspondence wants it: triangles at given joints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robot.view3d_robot import RobotSurface


class IiwaShape:
    """Arm and gripper, see ``core.correspondence.robot_shape.RobotShape``."""

    def __init__(self) -> None:
        self._surface = RobotSurface()

    def triangles(self, q: Sequence[float], gripper_width_m: float) -> NDArray[np.float32]:
        vertices, _ = self._surface.pose(tuple(float(angle) for angle in q), gripper_width_m)
        return vertices.reshape(-1, 3, 3)
