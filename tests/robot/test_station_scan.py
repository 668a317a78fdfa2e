"""A scan on the live station: it ends by itself, and whoever ends its sweep or its recording ends both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ulid import ULID

from core.episodes.reader import EpisodeReader
from core.errors import StopReason
from core.messages import EpisodeMetadata, Source
from core.processes.shared_memory import Session
from core.static_scenes import SCAN
from robot import station_messages as messages
from tests.robot.conftest import BLIND_RIG
from tests.robot.test_station import Person

pytestmark = pytest.mark.realtime

ONE_CAMERA = BLIND_RIG.replace("cameras = []", "").replace(
    "[arm]", '[[cameras]]\nrole = "wrist"\ndriver = "simulated"\nrate_hz = 15\n[arm]'
)


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    rig = tmp_path_factory.mktemp("rig") / "wrist.toml"
    rig.write_text(ONE_CAMERA)
    session = Session.create()
    person = Person(rig, session)
    yield person
    assert person.client.close() == 0
    session.remove()


def begin(person: Person, folder: Path, views: int) -> Path:
    path = folder / f"{ULID()}.mcap"
    metadata = EpisodeMetadata(path.stem, "free", 0, "", "", SCAN, objects=("mug",))
    person.client.send(messages.Scan(messages.StartRecording(str(path), metadata), views))
    person.expect(messages.RecordingStarted)
    return path


def pictures(person: Person, count: int) -> None:
    assert person.until(
        lambda: person.status and person.status.recording is not None and person.status.recording.frames >= count, 40.0
    ), (person.status, person.events)


def test_a_scan_ends_by_itself_with_its_pictures(person: Person, tmp_path: Path) -> None:
    path = begin(person, tmp_path, 4)
    pictures(person, 1)
    assert person.status is not None
    assert person.status.source is Source.SCAN
    assert person.status.recording is not None
    assert person.status.recording.scanned is not None
    finished = person.until(lambda: any(isinstance(each, messages.RecordingFinished) for each in person.events), 60.0)
    assert finished, person.status
    ended = person.expect(messages.RecordingFinished)
    assert ended.message.startswith(f"The scan has {ended.summary.frames} pictures")
    assert ended.summary.dropped == 0
    assert ended.summary.stop_reason is None
    with EpisodeReader(path) as reader:
        assert reader.frame_count("wrist") == ended.summary.frames >= 2
        assert reader.metadata.objects == ("mug",)
    assert person.until(lambda: person.status and person.status.source is None)


def test_a_stop_ends_the_scan_and_keeps_what_it_has(person: Person, tmp_path: Path) -> None:
    begin(person, tmp_path, 4)
    pictures(person, 1)
    person.client.send(messages.Stop())
    ended = person.expect(messages.RecordingFinished)
    assert ended.summary.stop_reason == StopReason.OPERATOR
    assert ended.summary.frames >= 1
    scan = messages.Scan(messages.StartRecording(str(tmp_path / "x.mcap"), EpisodeMetadata("x", "free", 0, "", "")))
    person.client.send(scan)
    assert "Re-arm" in person.expect(messages.Trouble).message
    person.rearm()


def test_who_ends_the_recording_ends_the_sweep(person: Person, tmp_path: Path) -> None:
    begin(person, tmp_path, 400)
    assert person.until(lambda: person.status and person.status.source is Source.SCAN)
    person.client.send(messages.StopRecording())
    person.expect(messages.RecordingFinished)
    assert person.until(lambda: person.status and person.status.source is None)


def test_a_rig_without_a_camera_on_its_hand_refuses(blind_rig: Path, session: Session, tmp_path: Path) -> None:
    blind = Person(blind_rig, session)
    metadata = EpisodeMetadata("x", "free", 0, "", "", SCAN)
    blind.client.send(messages.Scan(messages.StartRecording(str(tmp_path / "x.mcap"), metadata)))
    assert "no camera on its hand" in blind.expect(messages.Trouble).message
    assert blind.client.close() == 0
