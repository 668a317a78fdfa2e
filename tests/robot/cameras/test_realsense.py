"""The RealSense driver on the real library: images that are put in come out, aligned and to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyrealsense2 as rs
import pytest

from core.clock import WallClock, monotonic_ns
from core.errors import DeviceError, InputError
from robot.cameras import realsense
from robot.cameras.realsense_devices import Settings, played, plugged_in, set_up
from robot.cameras.realsense_stream import distortion
from robot.devices import DeviceContext
from robot.rig import CameraConfig, load_rig
from tests.robot.cameras.software import (
    HEIGHT,
    RATE_HZ,
    SCALE_M,
    WIDTH,
    Feeding,
    SoftwareCamera,
    SoftwareRig,
    intrinsics,
    picture,
)
from tests.waiting import wait_for


def test_images_arrive_to_the_bit_and_stay_as_they_were(feeding: Feeding) -> None:
    rig = SoftwareRig(feeding.find)
    rig.start()
    assert wait_for(lambda: len(rig.frames) >= 25), rig.said
    rig.camera.stop()
    for frame in rig.frames:  # more than a device would lend out
        number = int(frame.rgb[0, 0, 0]) + 256 * int(frame.rgb[0, 0, 1])
        rgb, depth = picture(number)
        assert np.array_equal(frame.rgb, rgb)
        assert np.array_equal(frame.depth, depth)
    assert {frame.role for frame in rig.frames} == {"right"}
    stamps = np.array([frame.capture_ns for frame in rig.frames])
    assert np.all(np.diff([frame.sequence for frame in rig.frames]) >= 1)
    assert np.all(stamps <= [frame.receive_ns for frame in rig.frames])
    assert abs(monotonic_ns() - int(stamps[-1])) < 60e9, "the device's stamps are mapped to the session clock"


def test_the_camera_tells_what_it_is(feeding: Feeding) -> None:
    rig = SoftwareRig(feeding.find)
    info = rig.camera.info
    assert (info.role, info.width, info.height, info.rate_hz) == ("right", WIDTH, HEIGHT, RATE_HZ)
    assert (info.fx, info.fy, info.cx, info.cy, info.distortion) == (60.0, 61.0, 31.5, 23.5, ())
    assert (info.serial, info.depth_scale_m) == ("0001", SCALE_M)
    assert "D415" in info.model
    assert info.X_WC == (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    rig.camera.stop()


def test_depth_is_laid_over_colour() -> None:
    feeding = Feeding(SoftwareCamera(baseline_m=0.05))
    plane_mm = 1500
    rgb, depth = np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.full((HEIGHT, WIDTH), plane_mm, np.uint16)
    depth[:, WIDTH // 2 :] = 0  # the plane ends in the middle of the depth image
    put = feeding.camera.put
    feeding.camera.put = lambda *_: put(rgb, depth)  # type: ignore[method-assign]
    rig = SoftwareRig(feeding.find)
    rig.start()
    assert wait_for(lambda: rig.frames)
    rig.camera.stop()
    feeding.close()
    seen = rig.frames[-1].depth
    assert seen is not None
    shift = 60.0 * 0.05 / (plane_mm * SCALE_M)  # two pixels to the left
    edge = int(np.flatnonzero(seen[HEIGHT // 2])[-1]) + 1
    assert abs(edge - (WIDTH // 2 - shift)) <= 1.0
    assert set(np.unique(seen)) == {0, plane_mm}


def test_a_camera_that_is_unplugged_is_waited_for_and_goes_on(feeding: Feeding) -> None:
    rig = SoftwareRig(feeding.find)
    rig.start()
    assert wait_for(lambda: len(rig.frames) > 3)
    feeding.camera = None
    assert wait_for(lambda: rig.said)
    assert "plug it in again" in rig.said[0]
    before = len(rig.frames)
    feeding.camera = SoftwareCamera()
    assert wait_for(lambda: len(rig.frames) > before + 3)
    rig.camera.stop()
    assert rig.said[1] == "The right camera is back."
    assert len(rig.said) == 2
    assert np.all(np.diff([frame.sequence for frame in rig.frames]) >= 1)
    assert np.diff([frame.capture_ns for frame in rig.frames]).max() > 0.5e9, "what was missed is a gap"


def test_a_format_that_is_not_there_lists_those_that_are(feeding: Feeding) -> None:
    with pytest.raises(DeviceError, match=f"1920x1080 at 30 Hz; it offers: {WIDTH}x{HEIGHT} at {RATE_HZ}"):
        SoftwareRig(feeding.find, width=1920, height=1080)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"exposure_us": 5000.0}, "options.exposure_us"),
        ({"preset": "High Accuracy"}, "options.preset"),
        ({"sync": "master"}, "options.sync"),
        ({"sync": "both"}, "none, master, slave"),
        ({"emitter": "dim"}, "off, on"),
    ],
)
def test_a_setting_that_the_device_does_not_have_is_named(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(DeviceError, match=key.replace(".", r"\.")):
        set_up(rs, SoftwareCamera().device, Settings(**settings), "right camera")


def test_a_camera_that_is_not_plugged_in_is_named() -> None:
    with pytest.raises(DeviceError, match="camera 819612070000 is not there"):
        plugged_in(rs, "819612070000")()


def test_what_a_camera_gave_can_be_recorded_and_played_as_a_camera(tmp_path: Path, feeding: Feeding) -> None:
    path = tmp_path / "right.db3"
    live = SoftwareRig(feeding.find, record=str(path))
    live.start()
    assert wait_for(lambda: len(live.frames) > 30)
    live.camera.stop()
    assert path.stat().st_size > 0
    replayed = SoftwareRig(played(rs, path), recording=str(path))
    assert replayed.camera.info.fx == live.camera.info.fx
    replayed.start()
    assert wait_for(lambda: len(replayed.frames) > 10)
    replayed.camera.stop()
    frame = replayed.frames[5]
    rgb, depth = picture(int(frame.rgb[0, 0, 0]) + 256 * int(frame.rgb[0, 0, 1]))
    assert np.array_equal(frame.rgb, rgb)
    assert np.array_equal(frame.depth, depth)


def test_a_recording_that_is_not_there_or_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="is not there"):
        played(rs, tmp_path / "none.db3")()
    (tmp_path / "odd.db3").write_text("no recording")
    with pytest.raises(DeviceError, match="cannot be played"):
        played(rs, tmp_path / "odd.db3")()
    config = CameraConfig("right", "realsense", 30.0, {"recording": "a.db3", "serial": "1"})
    with pytest.raises(InputError, match="takes neither record nor serial"):
        realsense.build(config, DeviceContext(load_rig(), WallClock()))


def test_the_distortion_is_opencvs_whatever_model_the_device_uses() -> None:
    import cv2

    inverse = intrinsics(model=rs.distortion.inverse_brown_conrady, coeffs=(0.05, -0.02, 0.001, -0.002, 0.004))
    coefficients = np.array(distortion(rs, inverse))
    K = np.array([[60.0, 0.0, 31.5], [0.0, 61.0, 23.5], [0.0, 0.0, 1.0]])
    for pixel in ([5.0, 7.0], [50.0, 40.0], [31.5, 23.5]):
        ray = np.array(rs.rs2_deproject_pixel_to_point(inverse, pixel, 1.0))
        back, _ = cv2.projectPoints(ray[None], np.zeros(3), np.zeros(3), K, coefficients)
        assert back.ravel() == pytest.approx(pixel, abs=0.02)
    assert distortion(rs, intrinsics()) == ()
