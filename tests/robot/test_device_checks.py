"""What the doctor says of the devices of a rig: in a sentence, with what to do."""

from pathlib import Path

import pytest

from robot.cameras.realsense import judge
from robot.cameras.realsense_devices import Found
from robot.check import UDEV_RULES, install_rules
from robot.device_checks import check_devices, check_kits, check_multicast
from robot.rig import DEFAULT_RIG
from tests.robot.lcm.conftest import new_url, rig_file
from tests.robot.lcm.voice import Voice

D415 = Found("819612070001", "Intel RealSense D415", "3.2", "5.16.0.1")
SLOW = Found("819612070002", "Intel RealSense D415", "2.1", "5.16.0.1")


def test_a_simulated_rig_has_nothing_to_check() -> None:
    assert check_devices(DEFAULT_RIG) == []


def test_drivers_that_speak_are_told_from_those_that_do_not(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, new_url())
    silent = {check.name: check for check in check_devices(rig)}
    assert not silent["arm"].ok
    assert not silent["gripper"].ok
    assert "drake-iiwa-driver" in silent["arm"].remedy
    voice = Voice(next(line.split('"')[1] for line in rig.read_text().splitlines() if "url" in line))
    spoken = {check.name: check for check in check_devices(rig)}
    voice.close()
    assert spoken["arm"].ok
    assert spoken["gripper"].ok
    assert not voice.commands, "a check moves nothing"


def test_a_simulated_driver_needs_no_start(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, "udpm://239.255.76.67:7999?ttl=0")
    rig.write_text(rig.read_text() + "[simulated_driver]\n")
    assert all(check.ok for check in check_devices(rig))


@pytest.mark.parametrize(
    ("serial", "found", "ok", "words"),
    [
        (D415.serial, [D415, SLOW], True, (D415.serial, "USB 3.2")),
        (SLOW.serial, [D415, SLOW], False, ("too slow",)),
        ("1", [D415], False, ("RealSense 1 is not found", D415.serial)),
        ("", [D415], True, (D415.serial,)),
        ("", [D415, SLOW], False, (D415.serial, SLOW.serial)),
        ("", [], False, ("there are: none",)),
    ],
)
def test_a_camera_is_found_by_its_serial_and_at_a_speed_that_will_do(
    serial: str, found: list[Found], ok: bool, words: tuple[str, ...]
) -> None:
    check = judge(serial, found, "right camera")
    assert check.ok is ok
    assert all(word in check.message for word in words), check
    assert check.ok or check.remedy


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    rig = rig_file(tmp_path, "udpm://239.255.76.67:7999?ttl=0")
    played = (
        '[[cameras]]\nrole = "right"\ndriver = "realsense"\noptions = { recording = "none.db3" }\n[simulated_driver]\n'
    )
    rig.write_text(rig.read_text().replace("cameras = []", "") + played)
    checks = {check.name: check for check in check_devices(rig)}
    assert not checks["right camera"].ok
    assert "none.db3" in checks["right camera"].message


def test_the_kits_of_real_devices_are_installed() -> None:
    assert check_kits().ok, check_kits().message


def test_multicast_is_tried() -> None:
    new_url()
    assert check_multicast().ok


def test_the_rules_that_give_permission_are_shipped() -> None:
    text = UDEV_RULES.read_text()
    assert all(vendor in text for vendor in ("8086", "256f", "046d"))
    assert str(UDEV_RULES) in install_rules()
