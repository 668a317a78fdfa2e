"""The USB side of a SpaceMouse: raw reports, which the library's own device reads."""

from __future__ import annotations

from collections import deque

import pyspacemouse
from pyspacemouse.config_helpers import apply_axis_convention

FULL = 350
MOVE, TURN, BUTTONS = 1, 2, 3


class Plug:
    """The USB side: reports that the device sends, until it is pulled."""

    product_string, manufacturer_string, release_number, serial_number = "SpaceNavigator", "3Dconnexion", 1, "A"

    def __init__(self) -> None:
        self.reports: deque[bytes] = deque()
        self.pulled = False

    def open(self) -> None: ...
    def close(self) -> None: ...
    def read(self, size: int) -> bytes:
        if self.pulled:
            raise OSError("Failed to read from HID device: -1")
        return self.reports.popleft() if self.reports else b""

    def send(self, kind: int, *values: int) -> None:
        """Three axes in the device's own directions (right, towards the user, down), or the buttons' bits."""
        form = b"".join(value.to_bytes(2, "little", signed=True) for value in values)
        self.reports.append(bytes([kind]) + form)


def navigator(plug: Plug) -> pyspacemouse.SpaceMouseDevice:
    """A SpaceNavigator on that plug, opened."""
    spec = pyspacemouse.get_device_specs()["SpaceNavigator"]
    device = pyspacemouse.SpaceMouseDevice(apply_axis_convention(spec, pyspacemouse.AxisConvention.ROS), plug)
    device.open()
    return device
