"""Several teleoperation devices as one: a mouse in one hand, a SpaceMouse in the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robot.teleoperation.device import DriveContext, Intent, TeleoperationDevice


class Together:
    """What each of the devices wants, added up."""

    def __init__(self, devices: Sequence[TeleoperationDevice]) -> None:
        self._devices = tuple(devices)

    def start(self) -> None:
        for device in self._devices:
            device.start()

    def read(self, context: DriveContext) -> Intent:
        """The sum of all; a wanted width is that of the last device that wants one."""
        intents = [device.read(context) for device in self._devices]
        widths = [intent.gripper_width_m for intent in intents if intent.gripper_width_m is not None]
        return Intent(
            linear=np.sum([intent.linear for intent in intents], axis=0),
            angular=np.sum([intent.angular for intent in intents], axis=0),
            shift_W=np.sum([intent.shift_W for intent in intents], axis=0),
            turn_W=np.sum([intent.turn_W for intent in intents], axis=0),
            gripper_rate=float(np.clip(sum(intent.gripper_rate for intent in intents), -1.0, 1.0)),
            gripper_shift_m=sum(intent.gripper_shift_m for intent in intents),
            gripper_width_m=widths[-1] if widths else None,
            dragging=any(intent.dragging for intent in intents),
            hovering=any(intent.hovering for intent in intents),
            held=any(intent.held for intent in intents),
            commands=tuple(command for intent in intents for command in intent.commands),
        )

    def release_all(self) -> None:
        for device in self._devices:
            device.release_all()

    def stop(self) -> None:
        for device in self._devices:
            device.stop()
