"""From the stamps of a device to the session clock."""

from __future__ import annotations

_JUMP_NS = 1_000_000_000


class DeviceClock:
    """The offset between two clocks is what the message that travelled least says: the smallest of the last thousand.

    A window rather than once for all, because a system's clock is slewed by up to 0.5 ms a second. A leap of over a
    second, such as a driver's restart, begins anew.
    """

    def __init__(self, window: int = 1000) -> None:
        self._half = max(1, window // 2)
        self._forget()

    def _forget(self) -> None:
        self._older: int | None = None
        self._newer: int | None = None
        self._count = 0

    @property
    def offset_ns(self) -> int | None:
        """What is added to a stamp of the device; None before the first."""
        known = [offset for offset in (self._older, self._newer) if offset is not None]
        return min(known, default=None)

    def session_ns(self, device_ns: int, received_ns: int) -> int:
        """When ``device_ns`` was on the session clock, never after ``received_ns``."""
        offset, known = received_ns - device_ns, self.offset_ns
        if known is not None and abs(offset - known) > _JUMP_NS:
            self._forget()
        if self._count == self._half:
            self._older, self._newer, self._count = self._newer, None, 0
        self._newer = offset if self._newer is None else min(self._newer, offset)
        self._count += 1
        return device_ns + min(offset, self.offset_ns or offset)
