"""A simulated rig without cameras, for what needs no pictures; sessions that clean up after themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.processes.shared_memory import Session

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
