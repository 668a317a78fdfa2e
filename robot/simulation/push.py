"""Shared by the push tasks: where the arm starts, and a fingertip that is moved in the table's plane."""

from __future__ import annotations

import numpy as np

from core.geometry import SE3, Array
from core.messages import RobotState
from robot.description import FINGERTIP_RADIUS_M

START_Q: Array = np.array([-0.52430671, 1.18870663, 0.0, -0.85896272, 0.0, 1.09392331, -0.52430671])
START_P_WE = (0.645, -0.373, 0.012)
"""Where the authors' push-box start joints put the flange, with our fingertips at pushing height."""
R_WE_DOWN: Array = np.diag([-1.0, 1.0, -1.0])
"""Hand pointing down, fingers opening along y of the world."""
CONTACT_M = FINGERTIP_RADIUS_M


class Fingertip:
    """The commanded point of a closed, vertical finger; moves at chosen speeds and keeps its height and rotation."""

    def __init__(self, height_m: float) -> None:
        self._height_m = height_m
        self._rotation: SE3 | None = None
        self._stamp_ns = 0
        self.p: Array = np.zeros(2)
        self.period_s = 0.0

    def begin_tick(self, state: RobotState) -> None:
        """Take the time since the last tick; the first one starts at the measured pose."""
        if self._rotation is None:
            self._rotation = SE3(state.pose.quat_wxyz, np.zeros(3))
            self.p, self._z = state.pose.p[:2].copy(), float(state.pose.p[2])
            self._stamp_ns = state.stamp_ns
        self.period_s = (state.stamp_ns - self._stamp_ns) * 1e-9
        self._stamp_ns = state.stamp_ns
        self._z += float(np.clip(self._height_m - self._z, -0.1 * self.period_s, 0.1 * self.period_s))

    def move(self, velocity: Array) -> None:
        """Move by ``velocity: (2,)`` m/s for this tick."""
        self.p = self.p + velocity * self.period_s

    def towards(self, target: Array, speed_m_s: float) -> float:
        """Move towards a point at that speed; the distance left before this tick."""
        error = target - self.p
        distance = float(np.linalg.norm(error))
        step = speed_m_s * self.period_s
        self.p = np.array(target) if distance <= step else self.p + error * (step / distance)
        return distance

    @property
    def setpoint(self) -> SE3:
        if self._rotation is None:
            raise RuntimeError("begin_tick comes first")
        return SE3(self._rotation.quat_wxyz, np.array([self.p[0], self.p[1], self._z]))
