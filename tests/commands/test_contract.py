"""The command line's contract: common options everywhere, one JSON object, exit statuses, one sentence."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVERYWHERE = ("--rig", str(ROOT / "resources/rigs/simulated.toml"), "--seed", "3", "--quiet", "--json")


def run(*arguments: object, display: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("QT_QPA_PLATFORM", None)
    if display is not None:
        environment["DISPLAY"] = display
    command = [sys.executable, str(ROOT / "main.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    result = run("record", "--task", "reach_t", "--cameras", "none", "--quiet", "--library", tmp_path)
    assert result.returncode == 0, result.stderr
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [("episodes", "list"), ("episodes", "verify"), ("episodes", "recover"), ("datasets", "list"), ("doctor",)],
)
def test_common_options_hold_everywhere_and_output_is_one_json_object(
    library: Path, arguments: tuple[str, ...]
) -> None:
    result = run(*arguments, "--library", library, *EVERYWHERE)
    assert result.returncode in ((0, 1) if arguments == ("doctor",) else (0,)), result.stderr
    assert isinstance(json.loads(result.stdout), dict)


def test_options_before_a_command_hold_for_it(library: Path) -> None:
    result = run("--library", library, "episodes", "list", "--json")
    assert json.loads(result.stdout)["total"] == 1


def test_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "x"\narm = 3\n')
    result = run("doctor", "--json", "--library", tmp_path, "--rig", broken)
    assert result.returncode == 1
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert not checks["rig"]["ok"]
    assert "arm" in checks["rig"]["message"]
    assert checks["rig"]["remedy"]
    assert checks["shared memory"]["ok"]
    assert checks["rendering"]["ok"], checks["rendering"]
    assert not checks["display"]["ok"]
    assert len(result.stderr.strip().splitlines()) == 1


def test_without_a_display_the_window_says_what_works() -> None:
    result = run()
    assert result.returncode == 2
    assert "no display" in result.stderr
    assert "main.py record" in result.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 200 MB, which is less than ten minutes of anything."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield place
    subprocess.run(["umount", str(place)], check=False)


def test_recording_is_refused_on_a_disk_that_is_nearly_full(small_disk: Path) -> None:
    result = run("record", "--task", "reach_t", "--cameras", "none", "--quiet", "--library", small_disk)
    assert result.returncode == 1
    assert "free some space" in result.stderr
    assert json.loads(run("episodes", "list", "--library", small_disk, "--json").stdout)["total"] == 0
