"""A simulated rig without cameras, for what needs no pictures; sessions that clean up after themselves."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.processes.shared_memory import Session

ROOT = Path(__file__).parents[2]

BLIND_RIG = """
name = "blind"
title = "Simulated arm without cameras"
simulated = true
cameras = []
[arm]
driver = "simulated_iiwa"
[gripper]
driver = "simulated_wsg"
[teleoperation]
hold_to_move = false
"""


@pytest.fixture
def blind_rig(tmp_path: Path) -> Path:
    """The path of a rig file without cameras."""
    path = tmp_path / "blind.toml"
    path.write_text(BLIND_RIG)
    return path


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session.create()
    yield session
    session.remove()


@pytest.fixture(scope="session")
def scan_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a small scan of a box of sugar; do not change it."""
    library = tmp_path_factory.mktemp("scans")
    words = [
        "record",
        "--task",
        "reach_tr",
        "--demonstrator",
        "scan",
        "--views",
        "24",
        "--seed",
        "4",
        "--json",
        "--quiet",
    ]
    command = [sys.executable, str(ROOT / "main.py"), *words, "--library", str(library)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["episodes"][0]["dropped"] == 0
    return library
