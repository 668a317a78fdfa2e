"""A real rig, where there is one: RETICLE_RIG names its rig file. Nothing moves."""

import os
from pathlib import Path

import numpy as np
import pytest

from core.clock import WallClock
from core.messages import Frame
from robot.assembly import assemble
from robot.device_checks import check_devices
from robot.rig import load_rig
from tests.waiting import wait_for

RIG = os.environ.get("RETICLE_RIG", "")
pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not RIG, reason="there is no real rig: set RETICLE_RIG to its rig file"),
]


def test_every_device_works() -> None:
    assert [check for check in check_devices(Path(RIG)) if not check.ok] == []


def test_arm_and_gripper_tell_how_they_are_and_every_camera_sees() -> None:
    devices = assemble(load_rig(Path(RIG)), WallClock(), task="free")
    frames: list[Frame] = []
    try:
        devices.arm.start()
        devices.gripper.start()
        states = []
        assert wait_for(lambda: states.append(devices.arm.read()) or len({state.stamp_ns for state in states}) > 200)
        assert np.abs(states[-1].q - states[0].q).max() < 0.01, "it stands still"
        assert 0.0 <= devices.gripper.read().width_m <= 0.12
        for camera in devices.cameras:
            camera.start(frames.append)
        assert wait_for(lambda: {frame.role for frame in frames} == {camera.info.role for camera in devices.cameras})
        assert all(frame.rgb.any() for frame in frames)
    finally:
        for camera in devices.cameras:
            camera.stop()
        devices.arm.stop()
        devices.gripper.stop()
        devices.close_helpers()
