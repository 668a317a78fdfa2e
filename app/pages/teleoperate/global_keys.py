"""Joins the global key listener, which has a thread of its own, to the driving controller in the window's thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.live.driving import DrivingController
from core.errors import DeviceError
from robot.teleoperation.global_listener import GlobalKeys


class GlobalKeysBridge(QObject):
    """Off unless the person asks for it."""

    _pressed = Signal(str)
    _released = Signal(str)

    def __init__(self, driving: DrivingController) -> None:
        super().__init__()
        self._keys: GlobalKeys | None = None
        self._pressed.connect(driving.press_global)
        self._released.connect(driving.release_global)

    def use(self, wanted: bool) -> str:
        """Listen, or stop listening; returns why it cannot, or nothing."""
        if self._keys is not None:
            self._keys.stop()
            self._keys = None
        if not wanted:
            return ""
        keys = GlobalKeys(self._pressed.emit, self._released.emit)
        try:
            keys.start()
        except DeviceError as error:
            return str(error)
        self._keys = keys
        return ""
