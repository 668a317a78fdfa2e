"""An example of an arm: copy it to ``robot/arms/my_arm.py``, put your arm's library where ``_Link`` is, and name it in
a rig file: ``[arm]`` with ``driver = "my_arm"`` and ``options = { address = "192.168.1.10" }``.

What the station relies on: nothing is sent before ``command``; ``read`` raises DeviceError once the arm is silent;
``command`` begins where the arm is, and refuses what is not seven finite numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from core.clock import Clock
from core.errors import DeviceError, StopReason
from robot.arms.rate_limit import RateLimit
from robot.check import Check
from robot.description import JOINT_SPEED_LIMITS_RAD_S
from robot.devices import JOINT_COUNT, Arm, ArmState, DeviceContext, DeviceInfo, Joints
from robot.drivers import options_of

if TYPE_CHECKING:
    from robot.rig import DeviceConfig, RigConfig

_ENGAGE_RAD = 0.02


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rig file may say; anything else is refused with these names."""

    address: str


INFO = DeviceInfo("my_arm", "arm", "My arm", options=Options)


def build(config: DeviceConfig, context: DeviceContext) -> Arm:
    """The arm; import what is heavy here, so that listing the drivers stays quick."""
    options: Options = options_of(config, INFO)
    limits = context.rig.limits
    period_s = 1.0 / context.rig.control_rate_hz
    limit = RateLimit(JOINT_SPEED_LIMITS_RAD_S, limits.joint_acceleration_rad_s2, period_s)
    return MyArm(_Link(options.address), limit, context.clock)


def check(config: DeviceConfig, rig: RigConfig) -> Check:
    """What 'main.py doctor' says of it; it moves nothing."""
    options: Options = options_of(config, INFO)
    return Check("arm", True, f"The arm is expected at {options.address}.")


class _Link:
    """Stands for your arm's own library: here an arm that is at once where it is sent."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.q: Joints | None = None

    def open(self) -> None:
        self.q = np.zeros(JOINT_COUNT)

    def close(self) -> None:
        self.q = None


class MyArm:
    """A position-controlled arm with seven joints."""

    def __init__(self, link: _Link, limit: RateLimit, clock: Clock) -> None:
        self._link, self._limit, self._clock = link, limit, clock
        self._engaged = False

    def start(self) -> None:
        """Open it and send nothing."""
        self._link.open()

    def read(self) -> ArmState:
        """The newest state, stamped when it was measured; DeviceError when there is none."""
        if self._link.q is None:
            self._engaged = False
            raise DeviceError("The arm is silent; look whether it is switched on.", StopReason.DEVICE_SILENT)
        still = np.zeros(JOINT_COUNT)
        return ArmState(self._clock.now_ns(), self._link.q.copy(), still, still)

    def command(self, q: Joints) -> None:
        """Send ``q: (7,)``, within the rate limits and from where the arm is."""
        q = np.asarray(q, dtype=np.float64)
        if q.shape != (JOINT_COUNT,) or not np.isfinite(q).all():
            raise DeviceError(f"The arm was sent {q.tolist()}; it needs seven finite joint angles.")
        measured = self.read().q
        if not self._engaged:
            if np.abs(q - measured).max() > _ENGAGE_RAD:
                raise DeviceError("The arm would have to start from elsewhere than where it is; re-arm it.")
            self._limit.reset(measured)
            self._engaged = True
        self._link.q = self._limit.step(q)

    def stop(self) -> None:
        """Leave it holding still."""
        self._link.close()
