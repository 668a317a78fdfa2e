"""A KUKA iiwa over drake-iiwa-driver's LCM messages.

The driver takes positions, holds the last one for ever, limits no rate and dies of a command within a quarter of a
second of its first status; after a fault it may go on talking and ignore what it is sent. So this side is silent at
first, begins where the arm is measured, limits rates itself and watches that the driver does what it is told. The
driver's torque limits are above those of the rig file, which stop the arm first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from core.clock import NANOSECONDS, Clock
from core.errors import DeviceError, StopReason
from robot.arms.rate_limit import RateLimit
from robot.check import Check
from robot.devices import JOINT_COUNT, Arm, ArmState, DeviceContext, DeviceInfo, Joints
from robot.drivers import options_of
from robot.lcm_link import DEFAULT_URL, Heard, LcmLink, StatusFeed, check_driver

if TYPE_CHECKING:
    from robot.rig import DeviceConfig, RigConfig

_ENGAGE_RAD = 0.02
_FOLLOWS_RAD = 0.01


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``quiet_s``: no command before the driver has spoken for so long. ``follow_s``: in which it must do as told."""

    url: str = DEFAULT_URL
    status_channel: str = "IIWA_STATUS"
    command_channel: str = "IIWA_COMMAND"
    start_timeout_s: float = 10.0
    silence_s: float = 0.1
    largest_gap_s: float = 0.02
    quiet_s: float = 0.5
    follow_s: float = 0.3


INFO = DeviceInfo("iiwa_lcm", "arm", "KUKA LBR iiwa 14 (drake-iiwa-driver over LCM)", options=Options)


def build(config: DeviceConfig, context: DeviceContext) -> Arm:
    """The arm; nothing is opened before ``start``."""
    from robot.description import JOINT_SPEED_LIMITS_RAD_S

    rig = context.rig
    acceleration = rig.limits.joint_acceleration_rad_s2
    limit = RateLimit(JOINT_SPEED_LIMITS_RAD_S, acceleration, 1.0 / rig.control_rate_hz)
    options: Options = options_of(config, INFO)
    return IiwaArm(options, limit, context.clock)


def check(config: DeviceConfig, rig: RigConfig) -> Check:
    """Whether the driver speaks."""
    options: Options = options_of(config, INFO)
    return check_driver(options.url, options.status_channel, "drake-iiwa-driver")


@dataclass(frozen=True, slots=True)
class IiwaStatus:
    """A status; all ``(7,)``: rad, rad/s, rad, Nm."""

    utime: int
    q: Joints
    dq: Joints
    q_commanded: Joints
    tau_external: Joints


def decode_status(data: bytes) -> IiwaStatus:
    """ValueError or struct.error when it is not the status of an arm with seven joints."""
    from robot.lcm_types.drake import lcmt_iiwa_status

    message = lcmt_iiwa_status.decode(data)
    if message.num_joints != JOINT_COUNT:
        raise ValueError(f"{message.num_joints} joints")
    return IiwaStatus(
        message.utime,
        np.array(message.joint_position_measured),
        np.array(message.joint_velocity_estimated),
        np.array(message.joint_position_commanded),
        np.array(message.joint_torque_external),
    )


def encode_command(utime: int, q: Joints) -> bytes:
    """A position command; its torques are none."""
    from robot.lcm_types.drake import lcmt_iiwa_command

    message = lcmt_iiwa_command()
    message.utime, message.num_joints, message.joint_position = utime, JOINT_COUNT, q.tolist()
    return bytes(message.encode())


class IiwaArm:
    """See the module. Engaged: it has begun to command, from where the arm was measured then."""

    def __init__(self, options: Options, limit: RateLimit, clock: Clock) -> None:
        self._options, self._limit, self._clock = options, limit, clock
        self._feed: StatusFeed[IiwaStatus] = StatusFeed(
            "The iiwa driver", options.status_channel, decode_status, clock, options.silence_s, options.largest_gap_s
        )
        self._quiet_ns = round(options.quiet_s * NANOSECONDS)
        self._link: LcmLink | None = None
        self._following = _Following(round(options.follow_s * NANOSECONDS))
        self._engaged_since_ns: int | None = None

    def start(self) -> None:
        """Listen until the driver has spoken for ``quiet_s``; DeviceError when it does not speak."""
        self._link = LcmLink(self._options.url)
        self._link.subscribe(self._options.status_channel, self._feed.receive)
        self._link.start()
        heard = self._feed.wait(self._options.start_timeout_s)
        self._clock.wait_until(heard.since_ns + self._quiet_ns)

    def read(self) -> ArmState:
        """The newest state. DeviceError while the driver is silent, irregular, just started or ignores commands."""
        heard = self._feed.newest()
        if self._clock.now_ns() < heard.since_ns + self._quiet_ns:
            raise DeviceError(
                "The iiwa driver has only just started to speak; wait a second, then re-arm.", StopReason.DEVICE_SILENT
            )
        self._watch(heard)
        status = heard.message
        return ArmState(heard.stamp_ns, status.q, status.dq, status.tau_external)

    def command(self, q: Joints) -> None:
        """Send ``q: (7,)`` within the rate limits. DeviceError when it is not seven finite numbers, when the driver is
        silent, or when it would begin elsewhere than where the arm is."""
        q = np.asarray(q, dtype=np.float64)
        if q.shape != (JOINT_COUNT,) or not np.isfinite(q).all():
            raise DeviceError(f"The iiwa was sent {q.tolist()}; it needs seven finite joint angles.")
        heard = self._feed.newest()
        if heard.since_ns != self._engaged_since_ns:
            self._engage(heard, q)
        sent, now_ns = self._limit.step(q), self._clock.now_ns()
        self._publish(now_ns, sent)
        self._following.sent(now_ns, sent)

    def stop(self) -> None:
        """Send nothing more: the driver holds the last position."""
        if self._link is not None:
            self._link.close()

    def _publish(self, now_ns: int, q: Joints) -> None:
        if self._link is None:
            raise DeviceError("The iiwa was commanded before it was started.")
        self._link.publish(self._options.command_channel, encode_command(now_ns // 1000, q))

    def _engage(self, heard: Heard[IiwaStatus], q: Joints) -> None:
        """Begin to command where the arm is measured."""
        away_rad = float(np.abs(q - heard.message.q).max())
        if away_rad > _ENGAGE_RAD:
            raise DeviceError(
                f"The iiwa would have to start {away_rad:.2f} rad from where it is; re-arm, and it starts from there."
            )
        self._limit.reset(heard.message.q)
        self._following.begin(self._clock.now_ns())
        self._engaged_since_ns = heard.since_ns

    def _watch(self, heard: Heard[IiwaStatus]) -> None:
        """Send no more to a driver that does not do as told, so that it does not leap when it does again."""
        engaged = heard.since_ns == self._engaged_since_ns
        if engaged and not self._following.follows(self._clock.now_ns(), heard.message.q_commanded):
            self._engaged_since_ns = None
            raise DeviceError(
                "The iiwa driver ignores what it is sent; clear the fault on the robot's own panel, then re-arm.",
                StopReason.COMMANDS_IGNORED,
            )


class _Following:
    """Whether what the driver says it commands is what it was sent a moment ago."""

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._sent: deque[tuple[int, Joints]] = deque()
        self._followed_ns = 0

    def begin(self, now_ns: int) -> None:
        self._sent.clear()
        self._followed_ns = now_ns

    def sent(self, now_ns: int, q: Joints) -> None:
        self._sent.append((now_ns, q))
        while now_ns - self._sent[0][0] > self._patience_ns:
            self._sent.popleft()

    def follows(self, now_ns: int, q_commanded: Joints) -> bool:
        """False once it has not for longer than the patience."""
        if not self._sent or any(np.abs(q - q_commanded).max() <= _FOLLOWS_RAD for _, q in reversed(self._sent)):
            self._followed_ns = now_ns
        return now_ns - self._followed_ns <= self._patience_ns
