"""The rig file: what would switch a guard off, or make no sense, is refused by name."""

import dataclasses
from pathlib import Path

import msgspec
import pytest

from core.errors import InputError
from robot.arms import simulated_iiwa
from robot.drivers import options_of
from robot.rig import DEFAULT_RIG, load_rig

HEAD = """
name = "odd"
simulated = true
cameras = []
[arm]
driver = "simulated_iiwa"
[gripper]
driver = "simulated_wsg"
"""


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("[limits]\nspeed_m_s = nan", "limits.speed_m_s"),
        ("[limits]\nspeed_m_s = -0.1", "limits.speed_m_s"),
        ("[limits]\nexternal_torque_nm = [60, 60, nan, 30, 12, 12, 6]", "limits.external_torque_nm"),
        ("[limits]\nexternal_torque_nm = [60, 60]", "limits.external_torque_nm"),
        ("[watchdogs]\nheartbeat_stop_s = nan", "watchdogs.heartbeat_stop_s"),
        ("[watchdogs]\nsetpoint_brake_s = inf", "watchdogs.setpoint_brake_s"),
        ("[workspace]\nmin_W = [nan, -0.5, 0.0]", "workspace.min_W"),
        ("[workspace]\nmargin_m = 0.5", "workspace.margin_m"),
        ("[workspace]\nmargin_m = nan", "workspace.margin_m"),
        ("[limits]\nspeed = 1.0", "speed"),
    ],
)
def test_what_would_switch_a_guard_off_is_refused_by_name(tmp_path: Path, lines: str, key: str) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(HEAD + lines)
    with pytest.raises(InputError, match=key) as raised:
        load_rig(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"simulated_wsg"', '"robotiq"', ("driver of gripper is 'robotiq'", "simulated_wsg")),
        ('"simulated_iiwa"', '"simulated_iiwa"\noptions = { port = 3 }', ("options of arm", "no option 'port'")),
        (
            "cameras = []",
            'cameras = [{ role = "left", driver = "simulated", options = { exposure = 1 } }]',
            ("options of camera 'left'", "no option 'exposure'"),
        ),
        ("cameras = []", 'cameras = [{ role = "left", driver = "webcam" }]', ("driver of camera 'left'", "simulated")),
        ("simulated = true", "simulated = false", ("driver of arm", "the rig is real")),
    ],
)
def test_a_driver_or_option_that_is_not_there_is_refused_by_name(
    tmp_path: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "odd.toml"
    assert old in HEAD
    path.write_text(HEAD.replace(old, new))
    with pytest.raises(InputError) as raised:
        load_rig(path)
    assert all(word in str(raised.value) for word in (str(path), *words)), raised.value


def test_the_options_of_a_driver_are_checked_by_its_own_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        port: int = 1

    with_options = dataclasses.replace(simulated_iiwa.INFO, options=Options)
    monkeypatch.setattr(simulated_iiwa, "INFO", with_options)
    path = tmp_path / "odd.toml"
    path.write_text(HEAD.replace('"simulated_iiwa"', '"simulated_iiwa"\noptions = { port = 3 }'))
    assert options_of(load_rig(path).arm, with_options) == Options(3)
    path.write_text(HEAD.replace('"simulated_iiwa"', '"simulated_iiwa"\noptions = { port = "x" }'))
    with pytest.raises(InputError, match=r"options of arm: .*int.*port"):
        load_rig(path)


def test_a_real_rig_without_a_dead_man_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(HEAD.replace("simulated = true", "simulated = false") + "[teleoperation]\nhold_to_move = false")
    with pytest.raises(InputError, match=r"teleoperation\.hold_to_move") as raised:
        load_rig(path)
    assert str(path) in str(raised.value)


def test_a_rate_of_zero_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.toml"
    path.write_text("control_rate_hz = 0\n" + HEAD)
    with pytest.raises(InputError, match="control_rate_hz"):
        load_rig(path)


def test_the_default_rig_is_valid() -> None:
    assert load_rig(DEFAULT_RIG).simulated
