"""drake-iiwa-driver and drake-schunk-driver around the simulated robot: the same LCM messages, the same temper.

It dies of a command within a quarter of a second of its first status and of too large an external torque, holds the
last command for ever, clamps to the joint limits less a degree, limits no rate, and closes the fingers until it is told
a width. Faults are switched on by its parent.
"""

from __future__ import annotations

import random
import signal
import threading
from collections import deque

import numpy as np

from core.clock import NANOSECONDS, WallClock, utc_ns
from core.errors import DeviceError
from core.processes.channel import Channel
from robot import lcm_simulation as messages
from robot.description import JOINT_LIMITS_RAD
from robot.devices import JOINT_COUNT, Joints
from robot.lcm_link import LcmLink
from robot.lcm_simulation import Fault
from robot.lcm_types.drake import (
    lcmt_iiwa_command,
    lcmt_iiwa_status,
    lcmt_schunk_wsg_command,
    lcmt_schunk_wsg_status,
)
from robot.simulation.rig import SimulatedRig

RATE_HZ = 200.0
_PERIOD_NS = round(NANOSECONDS / RATE_HZ)
_GRIPPER_EVERY = 10
_EARLY_NS = 250_000_000
_MARGIN_RAD = float(np.deg2rad(1.0))
_TORQUE_LIMITS_NM = 60.0 * np.array([1.0, 1.0, 1.0, 0.5, 0.2, 0.2, 0.1])
_LATEST_NS = 150_000_000
_LEAST_CHANGE_M = 0.001


def main(channel: Channel) -> int:
    """Run until the parent closes the channel, or until the driver dies of what it cannot bear."""
    channel.listen(messages.Commands)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    opening = channel.wait(timeout_s=60.0)
    if not isinstance(opening, messages.Open):
        return 2
    try:
        driver = SimulatedDriver(opening)
    except DeviceError as error:
        channel.send(messages.Aborted(str(error)))
        return 1
    channel.send(messages.Running())
    clock = WallClock()
    next_ns = clock.now_ns()
    while not (channel.closed.is_set() or ended.is_set()):
        command = channel.take()
        if isinstance(command, messages.SetFault):
            driver.fault = command.fault
        try:
            driver.tick()
        except DeviceError as error:
            channel.send(messages.Aborted(str(error)))
            return 1
        next_ns = max(next_ns + _PERIOD_NS, clock.now_ns() - NANOSECONDS // 10)
        clock.wait_until(next_ns)
    driver.close()
    return 0


class SimulatedDriver:
    """Both drivers; ``tick`` 200 times a second."""

    def __init__(self, spec: messages.Open) -> None:
        self._clock = WallClock()
        self._epoch_ns = utc_ns() - self._clock.now_ns()
        self._rig = SimulatedRig(spec.task, self._clock, cameras=())
        self._rig.reset(spec.seed)
        self._link = LcmLink(spec.url)
        self._arm_command: lcmt_iiwa_command | None = None
        self._gripper_command: lcmt_schunk_wsg_command | None = None
        self._link.subscribe("IIWA_COMMAND", self._hear_arm)
        self._link.subscribe("SCHUNK_WSG_COMMAND", self._hear_gripper)
        self._first_status_ns: int | None = None
        self._q_commanded: Joints = np.array(self._rig.arm.read().q)
        self._width_m: float | None = None
        self._ticks = 0
        self._late: deque[tuple[int, str, bytes]] = deque()
        self._random = random.Random(spec.seed)
        self.fault = Fault.NONE
        self._link.start()

    def close(self) -> None:
        self._link.close()

    def tick(self) -> None:
        """Do as told, step the world, say how it is. DeviceError when the real driver would end."""
        now_ns = self._clock.now_ns()
        self._obey(now_ns)
        self._rig.advance(now_ns)
        state = self._rig.arm.read()
        if (np.abs(state.tau_external) > _TORQUE_LIMITS_NM).any():
            raise DeviceError("The external torque is over what the driver bears.")
        self._say(now_ns, "IIWA_STATUS", self._arm_status())
        if self._ticks % _GRIPPER_EVERY == 0:
            self._say(now_ns, "SCHUNK_WSG_STATUS", self._gripper_status())
        self._ticks += 1
        self._first_status_ns = self._first_status_ns or now_ns

    # What comes in -------------------------------------------------------------------------------------------------
    def _hear_arm(self, _: str, data: bytes) -> None:
        self._arm_command = lcmt_iiwa_command.decode(data)

    def _hear_gripper(self, _: str, data: bytes) -> None:
        self._gripper_command = lcmt_schunk_wsg_command.decode(data)

    def _obey(self, now_ns: int) -> None:
        arm, self._arm_command = self._arm_command, None
        gripper, self._gripper_command = self._gripper_command, None
        if arm is not None:
            if self._first_status_ns is None or now_ns - self._first_status_ns < _EARLY_NS:
                raise DeviceError("A command came within 250 ms of the first status.")
            self._obey_arm(np.array(arm.joint_position))
        width_m = 0.0 if gripper is None else gripper.target_position_mm / 1000.0
        unchanged = self._width_m is not None and (gripper is None or abs(width_m - self._width_m) < _LEAST_CHANGE_M)
        if not unchanged:
            self._width_m = width_m
            self._rig.gripper.command(width_m, 40.0 if gripper is None else gripper.force)

    def _obey_arm(self, q: Joints) -> None:
        if self.fault is Fault.IGNORE or q.shape != (JOINT_COUNT,):
            return
        low, high = JOINT_LIMITS_RAD[:, 0] + _MARGIN_RAD, JOINT_LIMITS_RAD[:, 1] - _MARGIN_RAD
        self._q_commanded = np.clip(q, low, high)
        self._rig.arm.command(self._q_commanded)

    # What goes out -------------------------------------------------------------------------------------------------
    def _say(self, now_ns: int, channel: str, data: bytes) -> None:
        """At once, or as late as the fault wants, in order."""
        if self.fault is Fault.SILENCE:
            self._late.clear()
            return
        jitter_ns = self._random.randrange(_LATEST_NS) if self.fault is Fault.JITTER else 0
        self._late.append((now_ns + jitter_ns, channel, data))
        while self._late and self._late[0][0] <= now_ns:
            _, due_channel, due = self._late.popleft()
            self._link.publish(due_channel, due)

    @property
    def _utime(self) -> int:
        """The driver's own clock: the system's, in microseconds."""
        return (self._rig.stamp_ns + self._epoch_ns) // 1000

    def _arm_status(self) -> bytes:
        state = self._rig.arm.read()
        status = lcmt_iiwa_status()
        status.utime, status.num_joints = self._utime, JOINT_COUNT
        status.joint_position_measured = state.q.tolist()
        status.joint_velocity_estimated = state.dq.tolist()
        status.joint_position_commanded = status.joint_position_ipo = self._q_commanded.tolist()
        status.joint_torque_measured = status.joint_torque_commanded = [0.0] * JOINT_COUNT
        status.joint_torque_external = state.tau_external.tolist()
        return bytes(status.encode())

    def _gripper_status(self) -> bytes:
        state = self._rig.gripper.read()
        status = lcmt_schunk_wsg_status()
        status.utime = self._utime
        status.actual_position_mm, status.actual_force = 1000.0 * state.width_m, state.force_n
        return bytes(status.encode())
