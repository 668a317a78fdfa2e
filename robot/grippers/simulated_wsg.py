"""The simulated WSG-50-like gripper of a ``SimulatedRig``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.errors import DeviceError
from robot.devices import DeviceContext, DeviceInfo, Gripper, GripperState

if TYPE_CHECKING:
    from robot.rig import DeviceConfig
    from robot.simulation.rig import SimulatedRig

INFO = DeviceInfo("simulated_wsg", "gripper", "Parallel gripper, 110 mm (simulated)", simulated=True)


def build(config: DeviceConfig, context: DeviceContext) -> Gripper:
    """The gripper of the simulated world."""
    return context.require_simulation().gripper


class SimulatedGripper:
    """Reads and commands the fingers of the simulated world."""

    def __init__(self, rig: SimulatedRig) -> None:
        self._rig = rig

    def start(self) -> None:
        """Nothing to open."""

    def read(self) -> GripperState:
        """The state of the last physics step."""
        world = self._rig.world
        return GripperState(self._rig.stamp_ns, world.gripper_width_m, world.gripper_force_n)

    def command(self, width_m: float, force_n: float) -> None:
        """Close or open to a width, with at most that force; DeviceError when either is not finite."""
        if not (math.isfinite(width_m) and math.isfinite(force_n)):
            raise DeviceError(
                f"The simulated gripper was sent width {width_m} and force {force_n}; both must be finite."
            )
        self._rig.world.gripper_servo.command(width_m, force_n)

    def stop(self) -> None:
        """Hold the width it has."""
        world = self._rig.world
        world.gripper_servo.command(world.gripper_width_m, world.gripper_servo.force_n)
