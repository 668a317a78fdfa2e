"""How the simulated arm and gripper follow their commands.

Joint position servos with the velocity of the commands fed forward: ``tau = kp (q_d - q) + kv (dq_d - dq)``, as one
MuJoCo actuator a joint whose control is ``q_d + kv / kp dq_d``. Gravity is compensated by the model itself.
"""

from __future__ import annotations

import mujoco
import numpy as np

from robot.description import (
    FINGER_JOINT_NAMES,
    GRIPPER_MAX_FORCE_N,
    GRIPPER_MAX_WIDTH_M,
    HOME_Q,
    JOINT_NAMES,
    JOINT_TORQUE_LIMITS_NM,
)
from robot.devices import JOINT_COUNT, Joints

_STIFFNESS = np.array([24000.0, 24000.0, 12000.0, 12000.0, 6000.0, 3000.0, 2000.0])
_DAMPING = np.array([600.0, 600.0, 260.0, 260.0, 80.0, 36.0, 24.0])
_FINGER_STIFFNESS = 4000.0
_FINGER_DAMPING = 110.0
COMMAND_PERIOD_S = 0.005
"""A new command is approached on a straight line over one control period."""


def add_servos(spec: mujoco.MjSpec) -> None:
    """One position actuator for every joint of the arm and each finger, with force limits."""
    for k, joint in enumerate(JOINT_NAMES):
        limit = float(JOINT_TORQUE_LIMITS_NM[k])
        _add_servo(spec, joint, float(_STIFFNESS[k]), float(_DAMPING[k]), limit)
    for joint in FINGER_JOINT_NAMES:
        _add_servo(spec, joint, _FINGER_STIFFNESS, _FINGER_DAMPING, GRIPPER_MAX_FORCE_N)


def _add_servo(spec: mujoco.MjSpec, joint: str, kp: float, kv: float, limit: float) -> None:
    actuator = spec.add_actuator(name=f"{joint}_servo", target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    actuator.gaintype, actuator.biastype = mujoco.mjtGain.mjGAIN_FIXED, mujoco.mjtBias.mjBIAS_AFFINE
    actuator.gainprm[0] = kp
    actuator.biasprm[:3] = (0.0, -kp, -kv)
    actuator.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
    actuator.forcerange = (-limit, limit)


class ArmServo:
    """Turns commands that come now and then into a smooth reference for every physics step."""

    def __init__(self, timestep_s: float) -> None:
        self._steps = max(1, round(COMMAND_PERIOD_S / timestep_s))
        self._timestep_s = timestep_s
        self.reset(HOME_Q)

    def reset(self, q: Joints) -> None:
        """Hold ``q: (7,)``."""
        self._reference = np.array(q, dtype=np.float64)
        self._goal = self._reference.copy()
        self._velocity = np.zeros(JOINT_COUNT)
        self._steps_left = 0

    def command(self, q: Joints) -> None:
        """Move the reference to ``q: (7,)`` over one command period."""
        self._goal = np.array(q, dtype=np.float64)
        self._steps_left = self._steps
        self._velocity = (self._goal - self._reference) / (self._steps * self._timestep_s)

    def control(self) -> Joints:
        """Actuator controls ``(7,)`` of the next physics step."""
        if self._steps_left > 0:
            self._steps_left -= 1
            self._reference = self._reference + self._velocity * self._timestep_s
            if self._steps_left == 0:
                self._reference = self._goal.copy()
            return np.asarray(self._reference + _DAMPING / _STIFFNESS * self._velocity)
        return self._reference


class GripperServo:
    """Width and force of the gripper, as controls and force limits of the two fingers."""

    def __init__(self) -> None:
        self.width_m = GRIPPER_MAX_WIDTH_M
        self.force_n = GRIPPER_MAX_FORCE_N

    def command(self, width_m: float, force_n: float) -> None:
        """Width between the fingers and the most force of each."""
        self.width_m = float(np.clip(width_m, 0.0, GRIPPER_MAX_WIDTH_M))
        self.force_n = float(np.clip(force_n, 1.0, GRIPPER_MAX_FORCE_N))
