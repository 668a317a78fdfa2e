"""A station that cannot be started leaves nothing behind in its parent."""

import sys
import threading
from pathlib import Path

import pytest

from core.errors import ProcessError
from core.processes.child import Child
from core.processes.shared_memory import Session
from robot.station_client import StationClient
from robot.station_messages import StationSpec

pytestmark = pytest.mark.realtime


def test_a_station_that_cannot_start_leaves_no_thread(
    blind_rig: Path, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no_such_python"))
    with pytest.raises(ProcessError, match=r"robot\.station could not be started"):
        StationClient(StationSpec("", str(blind_rig)), session, lambda event: None)
    assert set(threading.enumerate()) <= before


def test_a_station_that_takes_no_command_is_ended(
    blind_rig: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(threading.enumerate())
    children: list[Child] = []

    def refuse(child: Child, command: object) -> None:
        children.append(child)
        raise ProcessError("The process robot.station does not answer; restart it.")

    monkeypatch.setattr(Child, "send", refuse)
    with pytest.raises(ProcessError, match="does not answer"):
        StationClient(StationSpec("", str(blind_rig)), session, lambda event: None)
    assert not children[0].running
    assert set(threading.enumerate()) <= before
