"""What the station asks of an arm, a gripper and a camera. Real and simulated devices are equals behind these.

A device file lives in ``robot/arms``, ``robot/grippers`` or ``robot/cameras`` and exposes ``INFO: DeviceInfo`` and
``build(config, context)``: its part of the rig file and a ``DeviceContext`` (robot/drivers.py). All calls on arms and
grippers come from the control thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import Clock
from core.errors import InputError
from core.messages import CameraInfo, Frame

if TYPE_CHECKING:
    from robot.rig import RigConfig

Joints = NDArray[np.float64]
JOINT_COUNT = 7


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a driver that has none."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """How a device registers. ``kind`` is arm, gripper, camera or teleoperation.

    ``options`` is what its ``options`` in a rig file may hold; reading the file refuses anything else, and
    ``robot.drivers.options_of`` gives them to ``build`` as that type.
    """

    name: str
    kind: str
    title: str
    simulated: bool = False
    options: type[msgspec.Struct] = NoOptions


@dataclass(frozen=True, slots=True)
class ArmState:
    """Measured ``q`` (rad), ``dq`` (rad/s) and external torque (Nm), each ``(7,)``; stamp on the session clock."""

    stamp_ns: int
    q: Joints
    dq: Joints
    tau_external: Joints


@dataclass(frozen=True, slots=True)
class GripperState:
    """Measured width between the fingers (m) and grasp force (N)."""

    stamp_ns: int
    width_m: float
    force_n: float


class Arm(Protocol):
    """A position-controlled arm. ``start`` is silent: it commands nothing until ``command`` is called."""

    def start(self) -> None: ...
    def read(self) -> ArmState:
        """The newest state; DeviceError when there is none."""

    def command(self, q: Joints) -> None:
        """Send joint positions ``(7,)`` in radians, once per control tick."""

    def stop(self) -> None:
        """Leave the arm holding still and release the device."""


class Gripper(Protocol):
    """A parallel gripper with a width setpoint."""

    def start(self) -> None: ...
    def read(self) -> GripperState: ...
    def command(self, width_m: float, force_n: float) -> None: ...
    def stop(self) -> None: ...


class Camera(Protocol):
    """A camera that delivers every frame it captures, already copied, from a thread of its own."""

    @property
    def info(self) -> CameraInfo: ...
    def start(self, deliver: Callable[[Frame], None]) -> None: ...
    def stop(self) -> None: ...


class Simulation(Protocol):
    """A simulator and the devices in it; its world must be stepped, because it does not move by itself."""

    def advance(self, now_ns: int) -> None:
        """Step the world up to ``now_ns`` on the session clock."""

    @property
    def arm(self) -> Arm: ...
    @property
    def gripper(self) -> Gripper: ...
    def camera(self, role: str) -> Camera:
        """The camera of that role; InputError when there is none."""


@dataclass(frozen=True, slots=True)
class DeviceContext:
    """What every driver gets besides its own part of the rig file. A real rig has no ``simulation``.

    ``report`` takes, from any thread, a sentence for the person and what it is about: a device lost or back.
    """

    rig: RigConfig
    clock: Clock
    simulation: Simulation | None = None
    report: Callable[[str, str], None] = lambda sentence, about: None

    def require_simulation(self) -> Simulation:
        """The simulator of a simulated device; InputError on a real rig."""
        if self.simulation is None:
            raise InputError(f"The rig '{self.rig.name}' is real and has no simulated devices; choose other drivers.")
        return self.simulation
