"""The simulated KUKA iiwa: the arm of a ``SimulatedRig`` behind the same door as a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import DeviceError
from robot.devices import JOINT_COUNT, Arm, ArmState, DeviceContext, DeviceInfo, Joints

if TYPE_CHECKING:
    from robot.rig import DeviceConfig
    from robot.simulation.rig import SimulatedRig

INFO = DeviceInfo("simulated_iiwa", "arm", "KUKA LBR iiwa 14 (simulated)", simulated=True)


def build(config: DeviceConfig, context: DeviceContext) -> Arm:
    """The arm of the simulated world."""
    return context.require_simulation().arm


class SimulatedArm:
    """Reads and commands the joints of the simulated world. It holds its pose until commanded."""

    def __init__(self, rig: SimulatedRig) -> None:
        self._rig = rig

    def start(self) -> None:
        """Nothing to open."""

    def read(self) -> ArmState:
        """The state of the last physics step."""
        world = self._rig.world
        return ArmState(self._rig.stamp_ns, world.q, world.dq, world.tau_external)

    def command(self, q: Joints) -> None:
        """Move towards ``q: (7,)`` over the next control period; DeviceError when it is not seven finite numbers."""
        q = np.asarray(q, dtype=np.float64)
        if q.shape != (JOINT_COUNT,) or not np.isfinite(q).all():
            raise DeviceError(f"The simulated arm was sent {q.tolist()}; it needs seven finite joint angles.")
        self._rig.world.arm_servo.command(q)

    def stop(self) -> None:
        """Hold where the arm is."""
        self._rig.world.arm_servo.reset(self._rig.world.q)
