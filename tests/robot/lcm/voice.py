"""Drivers that say what a test wants, and remember what they were sent."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from core.clock import monotonic_ns
from robot.description import HOME_Q
from robot.lcm_link import LcmLink
from robot.lcm_types.drake import lcmt_iiwa_command, lcmt_iiwa_status, lcmt_schunk_wsg_command, lcmt_schunk_wsg_status

_PERIOD_S = 0.005
_EPOCH_US = 10**12


def iiwa_status(q: np.ndarray, q_commanded: np.ndarray, utime: int) -> bytes:
    """A status of an arm that feels nothing."""
    status = lcmt_iiwa_status()
    status.utime, status.num_joints = utime, len(q)
    still = [0.0] * len(q)
    status.joint_position_measured = status.joint_position_ipo = q.tolist()
    status.joint_position_commanded = q_commanded.tolist()
    status.joint_velocity_estimated = status.joint_torque_measured = still
    status.joint_torque_commanded = status.joint_torque_external = still
    return bytes(status.encode())


class Voice:
    """Speaks 200 times a second while ``speaks``, on a clock of its own, for arm and gripper.

    ``obeys``: it is where it was told to be.
    """

    def __init__(self, url: str) -> None:
        self.commands: list[np.ndarray] = []
        self.widths_mm: list[float] = []
        self.speaks = True
        self.obeys = True
        self.q = HOME_Q + 0.1
        self.q_commanded = self.q
        self.width_mm = 70.0
        self._link = LcmLink(url)
        self._link.subscribe("IIWA_COMMAND", self._hear_arm)
        self._link.subscribe("SCHUNK_WSG_COMMAND", self._hear_gripper)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._link.start()
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._link.close()

    def _hear_arm(self, _: str, data: bytes) -> None:
        message: Any = lcmt_iiwa_command.decode(data)
        assert (message.num_joints, message.num_torques) == (7, 0)
        self.commands.append(np.array(message.joint_position))
        if self.obeys:
            self.q = self.q_commanded = self.commands[-1]

    def _hear_gripper(self, _: str, data: bytes) -> None:
        self.widths_mm.append(lcmt_schunk_wsg_command.decode(data).target_position_mm)

    def _speak(self) -> None:
        while not self._closing.wait(_PERIOD_S):
            if self.speaks:
                utime = monotonic_ns() // 1000 + _EPOCH_US
                self._link.publish("IIWA_STATUS", iiwa_status(self.q, self.q_commanded, utime))
                status = lcmt_schunk_wsg_status()
                status.utime, status.actual_position_mm, status.actual_force = utime, self.width_mm, 3.0
                self._link.publish("SCHUNK_WSG_STATUS", bytes(status.encode()))
