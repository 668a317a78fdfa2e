"""A Schunk WSG-50 over drake-schunk-driver's LCM messages.

The driver closes the fingers until it is told a width, so the measured one is sent at once; it takes at most twenty
commands a second, and it may leave small changes undone, so the newest width is sent again and again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from core.clock import NANOSECONDS, Clock
from core.errors import DeviceError
from robot.check import Check
from robot.devices import DeviceContext, DeviceInfo, Gripper, GripperState
from robot.drivers import options_of
from robot.lcm_link import DEFAULT_URL, LcmLink, StatusFeed, check_driver

if TYPE_CHECKING:
    from robot.rig import DeviceConfig, RigConfig


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``rate_hz``: how often the width is sent, at most 20."""

    url: str = DEFAULT_URL
    status_channel: str = "SCHUNK_WSG_STATUS"
    command_channel: str = "SCHUNK_WSG_COMMAND"
    start_timeout_s: float = 20.0
    silence_s: float = 1.0
    largest_gap_s: float = 0.5
    rate_hz: float = 20.0


INFO = DeviceInfo("wsg_lcm", "gripper", "Schunk WSG-50 (drake-schunk-driver over LCM)", options=Options)


def build(config: DeviceConfig, context: DeviceContext) -> Gripper:
    """The gripper; nothing is opened before ``start``."""
    options: Options = options_of(config, INFO)
    return WsgGripper(options, context.rig.limits.gripper_force_n, context.clock)


def check(config: DeviceConfig, rig: RigConfig) -> Check:
    """Whether the driver speaks."""
    options: Options = options_of(config, INFO)
    return check_driver(options.url, options.status_channel, "drake-schunk-driver")


@dataclass(frozen=True, slots=True)
class WsgStatus:
    """A status: metres and newtons."""

    utime: int
    width_m: float
    force_n: float


def decode_status(data: bytes) -> WsgStatus:
    """ValueError or struct.error when it is none."""
    from robot.lcm_types.drake import lcmt_schunk_wsg_status

    message = lcmt_schunk_wsg_status.decode(data)
    return WsgStatus(message.utime, message.actual_position_mm / 1000.0, message.actual_force)


def encode_command(utime: int, width_m: float, force_n: float) -> bytes:
    """A command to open or close to a width."""
    from robot.lcm_types.drake import lcmt_schunk_wsg_command

    message = lcmt_schunk_wsg_command()
    message.utime, message.target_position_mm, message.force = utime, 1000.0 * width_m, force_n
    return bytes(message.encode())


class WsgGripper:
    """See the module."""

    def __init__(self, options: Options, force_n: float, clock: Clock) -> None:
        self._options, self._force_n, self._clock = options, force_n, clock
        self._feed: StatusFeed[WsgStatus] = StatusFeed(
            "The gripper's driver",
            options.status_channel,
            decode_status,
            clock,
            options.silence_s,
            options.largest_gap_s,
        )
        self._period_ns = round(NANOSECONDS / options.rate_hz)
        self._next_ns = 0
        self._link: LcmLink | None = None

    def start(self) -> None:
        """Hold the width that the driver measures; DeviceError when it does not speak."""
        self._link = LcmLink(self._options.url)
        self._link.subscribe(self._options.status_channel, self._feed.receive)
        self._link.start()
        width_m = self._feed.wait(self._options.start_timeout_s).message.width_m
        self.command(width_m, self._force_n)

    def read(self) -> GripperState:
        """The newest state; DeviceError while the driver is silent."""
        heard = self._feed.newest()
        return GripperState(heard.stamp_ns, heard.message.width_m, heard.message.force_n)

    def command(self, width_m: float, force_n: float) -> None:
        """Send a width and the most force, as often as the driver takes them; DeviceError when one is not finite."""
        if not (math.isfinite(width_m) and math.isfinite(force_n)):
            raise DeviceError(f"The gripper was sent width {width_m} and force {force_n}; both must be finite.")
        if self._link is None:
            raise DeviceError("The gripper was commanded before it was started.")
        now_ns = self._clock.now_ns()
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + self._period_ns
            self._link.publish(self._options.command_channel, encode_command(now_ns // 1000, width_m, force_n))

    def stop(self) -> None:
        """Send nothing more: the driver holds the last width."""
        if self._link is not None:
            self._link.close()
