"""Whoever asks for a recording hears whether it runs, whatever goes wrong at its start."""

from pathlib import Path
from typing import Any

import pytest

from core.clock import WallClock
from core.episodes.recorder import Recorder
from core.errors import ProcessError
from core.messages import EpisodeMetadata
from robot.assembly import Devices
from robot.rig import load_rig
from robot.station_messages import RecordingFailed, RecordingFinished, RecordingStarted, StartRecording
from robot.station_recording import StationRecording

pytestmark = pytest.mark.realtime


class Control:
    """A control thread that switches to a recorder, or raises."""

    error: Exception | None = None

    def record_to(self, recorder: object) -> None:
        if self.error is not None:
            raise self.error


class Channel:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def send(self, event: Any) -> None:
        self.events.append(event)


@pytest.mark.parametrize("error", [ProcessError("The control loop does not answer."), RuntimeError("no thread")])
def test_a_start_that_the_control_loop_does_not_answer_fails_and_leaves_nothing(
    tmp_path: Path, error: Exception
) -> None:
    control, channel = Control(), Channel()
    devices = Devices(arm=None, gripper=None, cameras=[], scene=None)  # type: ignore[arg-type]
    recording = StationRecording(channel, control, WallClock(), devices, load_rig(), 1)  # type: ignore[arg-type]
    start = StartRecording(str(tmp_path / "one.mcap"), EpisodeMetadata("one", "free", 0, "", ""))
    control.error = error
    recording.start(start)
    (failed,) = channel.events
    assert isinstance(failed, RecordingFailed)
    assert failed.id == "one"
    assert str(error).rstrip(".") in failed.message
    assert not list(tmp_path.iterdir())
    control.error = None
    recording.start(start)
    recording.stop(None, None)
    assert [type(event) for event in channel.events[1:]] == [RecordingStarted, RecordingFinished]


def test_an_end_that_fails_in_an_unforeseen_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(*_: object, **__: object) -> None:
        raise RuntimeError("no encoder")

    channel = Channel()
    devices = Devices(arm=None, gripper=None, cameras=[], scene=None)  # type: ignore[arg-type]
    recording = StationRecording(channel, Control(), WallClock(), devices, load_rig(), 1)  # type: ignore[arg-type]
    recording.start(StartRecording(str(tmp_path / "one.mcap"), EpisodeMetadata("one", "free", 0, "", "")))
    with monkeypatch.context() as broken:
        broken.setattr(Recorder, "finish", finish)
        recording.stop(None, None)
    failed = channel.events[-1]
    assert isinstance(failed, RecordingFailed) and failed.id == "one"
    assert "no encoder" in failed.message
