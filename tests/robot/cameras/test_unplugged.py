"""A camera that is unplugged while an episode is recorded takes nothing but its own images with it."""

from pathlib import Path

from core.clock import WallClock
from core.episodes.reader import EpisodeReader
from core.messages import EpisodeMetadata
from robot.assembly import Devices
from robot.rig import load_rig
from robot.station_messages import RecordingFinished, StartRecording
from robot.station_recording import StationRecording
from tests.robot.cameras.software import Feeding, SoftwareCamera, SoftwareRig
from tests.robot.test_station_recording import Channel, Control
from tests.waiting import wait_for

EPISODE = "01JA000000000000000000TEST"


def test_an_episode_goes_on_without_it_and_states_the_gap(tmp_path: Path, feeding: Feeding, other: Feeding) -> None:
    right, left = SoftwareRig(feeding.find, "right"), SoftwareRig(other.find, "left")
    devices = Devices(arm=None, gripper=None, cameras=[right.camera, left.camera], scene=None)  # type: ignore[arg-type]
    channel, control = Channel(), Control()
    recording = StationRecording(channel, control, WallClock(), devices, load_rig(), 1)  # type: ignore[arg-type]
    right.said = Noted(recording)  # type: ignore[assignment]
    path = tmp_path / "one.mcap"
    assert recording.start(StartRecording(str(path), EpisodeMetadata(EPISODE, "free", 0, "", "")))
    for rig in (right, left):
        rig.start(recording.frame)
    assert wait_for(lambda: len(right.frames) > 5 and len(left.frames) > 5)
    feeding.camera = None
    assert wait_for(lambda: right.said)
    seen = len(right.frames), len(left.frames)
    assert wait_for(lambda: len(left.frames) > seen[1] + 10), "the other one goes on"
    feeding.camera = SoftwareCamera()
    assert wait_for(lambda: len(right.frames) > seen[0] + 5)
    for rig in (right, left):
        rig.camera.stop()
    recording.stop(None, None)
    finished = channel.events[-1]
    assert isinstance(finished, RecordingFinished)
    assert finished.summary.integrity == "ok"
    streams = {stream.topic: stream for stream in finished.summary.streams if stream.frames}
    gaps = {side: max(s.longest_gap_ms for topic, s in streams.items() if side in topic) for side in ("right", "left")}
    assert gaps["right"] > max(1000.0, gaps["left"]), streams
    with EpisodeReader(path) as reader:
        told = [event.message for event in reader.events() if event.name == "device"]
    assert any("plug it in again" in sentence for sentence in told)
    assert any("is back" in sentence for sentence in told)


class Noted(list[str]):
    """Notes in the episode what a camera says, as the station does."""

    def __init__(self, recording: StationRecording) -> None:
        super().__init__()
        self._recording = recording

    def append(self, sentence: str) -> None:
        super().append(sentence)
        self._recording.event("device", sentence)
