"""One LCM network: a thread that receives, and what the drivers on it said last."""

from __future__ import annotations

import logging
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from core.clock import NANOSECONDS, Clock
from core.errors import DeviceError, StopReason
from robot.check import Check
from robot.device_clock import DeviceClock

_LOG = logging.getLogger(__name__)
DEFAULT_URL = "udpm://239.255.76.67:7667?ttl=0"
"""LCM's own network, on this machine alone; ``ttl=1`` reaches a driver on another machine of the same cable."""
_POLL_MS = 100
_CHECK_S = 1.5
_LARGE_GAPS_A_SECOND = 10


class LcmLink:
    """Opens the network; DeviceError when this machine has no way for multicast."""

    def __init__(self, url: str) -> None:
        import lcm

        try:
            self._lcm: Any = lcm.LCM(url)
        except (RuntimeError, ValueError, OSError) as error:
            raise DeviceError(
                f"LCM cannot use '{url}' ({error}); check the address, and on a machine without a network run"
                " 'sudo ip link set lo multicast on' and 'sudo ip route add 224.0.0.0/4 dev lo'."
            ) from error
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lcm", daemon=True)

    def subscribe(self, channel: str, receive: Callable[[str, bytes], None]) -> None:
        """Before ``start``: hand every message of a channel to ``receive``, on the link's thread."""
        self._lcm.subscribe(channel, receive)

    def start(self) -> None:
        self._thread.start()

    def publish(self, channel: str, data: bytes) -> None:
        """DeviceError when the network refuses it."""
        try:
            self._lcm.publish(channel, data)
        except (RuntimeError, OSError) as error:
            raise DeviceError(f"LCM cannot send on {channel}: {error}.") from error

    def close(self) -> None:
        """End the thread; nothing is received or sent any more."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._lcm.handle_timeout(_POLL_MS)
            except Exception:  # noqa: BLE001 - one message that cannot be handled must not silence the rest
                _LOG.exception("an LCM message could not be handled")


def check_driver(url: str, channel: str, driver: str) -> Check:
    """Whether a driver speaks on its channel; nothing is sent."""
    heard = threading.Event()
    try:
        link = LcmLink(url)
    except DeviceError as error:
        return Check(driver, False, str(error), "Then run this again.")
    link.subscribe(channel, lambda *_: heard.set())
    link.start()
    spoke = heard.wait(_CHECK_S)
    link.close()
    if spoke:
        return Check(driver, True, f"{driver} speaks on {channel}.")
    return Check(
        driver, False, f"Nothing is heard on {channel} at {url}.", f"Start {driver}, with the same LCM address."
    )


class Stamped(Protocol):
    """``utime``: microseconds on the driver's clock."""

    @property
    def utime(self) -> int: ...


T = TypeVar("T", bound=Stamped)


@dataclass(frozen=True, slots=True)
class Heard(Generic[T]):
    """A driver's message, when it was measured on the session clock, and since when the driver has spoken."""

    message: T
    stamp_ns: int
    received_ns: int
    since_ns: int


class StatusFeed(Generic[T]):
    """The newest status of one driver. It counts as silent after ``silence_s``, and as irregular when its messages are
    over ``largest_gap_s`` apart ten times a second; after a silence it begins anew, as after a restart.

    ``decode`` raises ValueError or struct.error for what it cannot read.
    """

    def __init__(
        self,
        driver: str,
        channel: str,
        decode: Callable[[bytes], T],
        clock: Clock,
        silence_s: float,
        largest_gap_s: float,
    ) -> None:
        self._driver, self._channel, self._decode, self._clock = driver, channel, decode, clock
        self._silence_ns = round(silence_s * NANOSECONDS)
        self._gap_ns = round(largest_gap_s * NANOSECONDS)
        self._gaps: deque[int] = deque(maxlen=_LARGE_GAPS_A_SECOND)
        self._stamps = DeviceClock()
        self._heard: Heard[T] | None = None
        self._unreadable = ""
        self._arrived = threading.Event()

    def receive(self, _: str, data: bytes) -> None:
        """Take a message; called by the link."""
        now_ns = self._clock.now_ns()
        try:
            message = self._decode(data)
        except (ValueError, struct.error) as error:
            self._unreadable = f" What comes on {self._channel} cannot be read ({error}): the driver's version differs."
            return
        before = self._heard
        spoke = before is not None and now_ns - before.received_ns <= self._silence_ns
        if before is not None and spoke and now_ns - before.received_ns > self._gap_ns:
            self._gaps.append(now_ns)
        elif not spoke:
            self._gaps.clear()
        since_ns = before.since_ns if before is not None and spoke else now_ns
        stamp_ns = self._stamps.session_ns(message.utime * 1000, now_ns)
        self._heard = Heard(message, stamp_ns, now_ns, since_ns)
        self._arrived.set()

    def wait(self, timeout_s: float) -> Heard[T]:
        """The first status; DeviceError when there is none for so long."""
        if not self._arrived.wait(timeout_s):
            raise DeviceError(
                f"{self._driver} says nothing on {self._channel}; start it, and check that its LCM address is the same."
                f"{self._unreadable}",
                StopReason.DEVICE_SILENT,
            )
        return self.newest()

    def newest(self) -> Heard[T]:
        """The newest status; DeviceError when the driver is silent or irregular."""
        heard, now_ns = self._heard, self._clock.now_ns()
        if heard is None:
            return self.wait(0.0)
        silent_ns = now_ns - heard.received_ns
        if silent_ns > self._silence_ns:
            raise DeviceError(
                f"{self._driver} has been silent for over {self._silence_ns / 1e6:.0f} ms; see whether it runs, or"
                f" restart it.{self._unreadable}",
                StopReason.DEVICE_SILENT,
            )
        if len(self._gaps) == _LARGE_GAPS_A_SECOND and now_ns - self._gaps[0] < NANOSECONDS:
            raise DeviceError(
                f"{self._driver} speaks irregularly: {_LARGE_GAPS_A_SECOND} gaps of over {self._gap_ns / 1e6:.0f} ms in"
                " a second; give it a faster or quieter machine and a cable of its own.",
                StopReason.DEVICE_IRREGULAR,
            )
        return heard
