"""What is recorded comes back, and what could not be recorded is counted."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from core.episodes import intake as intake_module
from core.episodes.codecs import DepthCodec
from core.episodes.intake import FRAMES_IN_FLIGHT, HURRY_AT
from core.episodes.reader import EpisodeReader
from core.episodes.recorder import Recorder
from core.episodes.truth import read_truth
from core.errors import EpisodeFileError
from core.messages import EpisodeEvent, Integrity
from tests.core.episodes.making import (
    CREATED_NS,
    FRAME_NS,
    TICK_NS,
    camera,
    feed,
    frame,
    hand_pose,
    metadata,
    record,
    step,
    truth,
)


def test_every_frame_comes_back_with_both_stamps_and_bit_exact_depth(tmp_path: Path) -> None:
    summary = record(tmp_path / "one.mcap", frames=12)
    assert (summary.frames, summary.dropped, summary.integrity) == (24, 0, Integrity.OK)
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        for role in ("right", "wrist"):
            assert reader.frame_count(role) == 12
            for index in range(12):
                expected, found = frame(camera(role), index), reader.frame(role, index)
                np.testing.assert_array_equal(found.depth, expected.depth)
                assert np.abs(found.rgb.astype(int) - expected.rgb).mean() < 4
                assert (found.sequence, found.capture_ns) == (expected.sequence, expected.capture_ns)
                assert found.receive_ns == expected.receive_ns
                np.testing.assert_allclose(found.X_WC.as_array(), expected.X_WC.as_array(), atol=1e-12)


def test_ticks_come_back_as_arrays_with_nothing_wanted_left_open(tmp_path: Path) -> None:
    record(tmp_path / "one.mcap", frames=6, disturbed=True)
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        arrays = reader.arrays()
    ticks = len(arrays["stamp_ns"])
    np.testing.assert_array_equal(arrays["stamp_ns"], np.arange(ticks) * TICK_NS)
    np.testing.assert_allclose(arrays["q"][:, 6], 0.1 * np.arange(ticks) + 6)
    np.testing.assert_allclose(arrays["X_WE"][5], hand_pose(5).as_array())
    assert np.isnan(arrays["wanted_X_WE"][:2]).all()
    assert not np.isnan(arrays["wanted_X_WE"][2:]).any()
    assert arrays["wanted_source"].tolist()[:3] == ["", "", "expert"]
    assert arrays["wanted_stamp_ns"][:3].tolist() == [-1, -1, 2 * TICK_NS - 1000]
    assert set(arrays["mode"]) == {"tracking"}
    assert arrays["disturbance"].tolist().count("scripted") == 1
    np.testing.assert_allclose(arrays["sent_q"][4], 0.8)


def test_the_mcap_package_reads_the_file_and_foxglove_knows_its_schemas(tmp_path: Path) -> None:
    record(tmp_path / "one.mcap", frames=5)
    with (tmp_path / "one.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True, decoder_factories=[DecoderFactory()])
        summary = reader.get_summary()
        assert summary is not None
        assert summary.statistics is not None
        schemas = {channel.topic: summary.schemas[channel.schema_id].name for channel in summary.channels.values()}
        messages = list(reader.iter_decoded_messages())
    assert schemas["/camera/right/rgb"] == schemas["/camera/wrist/depth"] == "foxglove.CompressedImage"
    assert schemas["/camera/right/calibration"] == "foxglove.CameraCalibration"
    assert (schemas["/tf"], schemas["/joints"]) == ("foxglove.FrameTransforms", "foxglove.JointStates")
    assert len(messages) == summary.statistics.message_count
    images = [found for found in messages if found.channel.topic == "/camera/right/rgb"]
    assert [found.message.log_time - CREATED_NS for found in images] == [k * FRAME_NS + 2_000_000 for k in range(5)]
    assert isinstance(images[0].decoded_message.data, bytes)
    assert images[0].decoded_message.DESCRIPTOR.full_name == CompressedImage.DESCRIPTOR.full_name
    calibration = next(found for found in messages if found.channel.topic == "/camera/right/calibration")
    assert (calibration.decoded_message.width, calibration.decoded_message.K[0]) == (96, 80.0)


def test_depth_as_jpeg_xl_is_bit_exact_too(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "x.mcap", metadata(), [camera()], depth_codec=DepthCodec.JPEG_XL, synchronous=True)
    feed(recorder, [camera()], 3)
    assert {stream.codec for stream in recorder.finish().streams if "depth" in stream.topic} == {"jxl"}
    with EpisodeReader(tmp_path / "x.mcap") as reader:
        for index in range(3):
            np.testing.assert_array_equal(reader.depth("right", index), frame(camera(), index).depth)


def test_events_and_metadata_come_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [], synchronous=True)
    recorder.step(step(0))
    recorder.event(EpisodeEvent(TICK_NS, "stopped", "You stopped the arm.", {"reason": "operator", "count": 2}))
    recorder.finish(False, "operator")
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert reader.metadata == metadata()
        assert reader.events() == [
            EpisodeEvent(TICK_NS, "stopped", "You stopped the arm.", {"reason": "operator", "count": 2})
        ]
        assert reader.summary is not None
        assert (reader.summary.success, reader.summary.stop_reason) == (False, "operator")


def test_truth_is_apart_from_what_a_policy_may_see(tmp_path: Path) -> None:
    summary = record(tmp_path / "one.mcap", frames=4)
    assert summary.start_poses == truth(0).X_WO
    poses = read_truth(tmp_path / "one.mcap")
    np.testing.assert_allclose(poses["box"][7], truth(7).X_WO["box"])
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert not any("box" in name or "truth" in name for name in reader.arrays())


def test_an_episode_without_truth_says_so(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "real.mcap", metadata(simulated=False), [], synchronous=True)
    recorder.step(step(0))
    recorder.finish()
    with pytest.raises(EpisodeFileError, match="only simulated"):
        read_truth(tmp_path / "real.mcap")


def test_a_hole_in_the_sequence_is_a_drop_and_a_late_frame_a_gap(tmp_path: Path) -> None:
    info = camera()
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [info], synchronous=True)
    for sequence in (0, 1, 4, 5):
        recorder.frame(frame(info, sequence, sequence=sequence))
    recorder.frame(frame(info, 6, sequence=6, capture_ns=5 * FRAME_NS + 51_000_000))
    assert recorder.counters().cameras["right"].dropped == 2
    summary = recorder.finish()
    colour = summary.streams[0]
    assert (summary.dropped, colour.dropped, colour.frames, colour.gaps) == (2, 2, 5, 2)
    assert colour.longest_gap_ms == pytest.approx(3 * FRAME_NS / 1e6)
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert [(event.name, event.data["dropped"]) for event in reader.events()] == [("frames_dropped", 2)]


def test_a_frame_that_is_refused_counts_as_dropped(tmp_path: Path) -> None:
    info = camera()
    small = camera(width=info.width // 2, height=info.height // 2)
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [info], synchronous=True)
    recorder.frame(frame(info, 0))
    for sequence in (1, 4):
        with pytest.raises(EpisodeFileError, match="right camera should deliver"):
            recorder.frame(frame(small, sequence))
    recorder.frame(frame(info, 5))
    assert recorder.counters().dropped == 4
    summary = recorder.finish()
    assert (summary.frames, summary.dropped) == (2, 4)
    assert not recorder.frame(frame(small, 6)), "it has ended: there is nothing to refuse"
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        events = reader.events()
    assert {event.name for event in events} == {"frames_dropped"}
    assert sum(event.data["dropped"] for event in events) == 4


def test_skew_is_measured_against_the_first_camera(tmp_path: Path) -> None:
    right, left = camera("right"), camera("left")
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [right, left], synchronous=True)
    for index in range(5):
        recorder.frame(frame(right, index))
        recorder.frame(frame(left, index, capture_ns=index * FRAME_NS + 4_000_000))
    skews = {stream.topic: stream.skew_ms for stream in recorder.finish().streams}
    assert (skews["/camera/right/rgb"], skews["/camera/left/rgb"]) == (0.0, 4.0)


def test_a_live_recording_counts_what_overflows_and_never_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = threading.Event()
    encode = intake_module.encode_rgb
    monkeypatch.setattr(intake_module, "encode_rgb", lambda rgb: (stuck.wait(30), encode(rgb))[1])
    info = camera()
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [info])
    taken = [recorder.frame(frame(info, index)) for index in range(FRAMES_IN_FLIGHT + 5)]
    assert taken == [True] * FRAMES_IN_FLIGHT + [False] * 5
    assert recorder.counters().dropped == 5
    stuck.set()
    summary = recorder.finish()
    assert (summary.frames, summary.dropped) == (FRAMES_IN_FLIGHT, 5)
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert reader.sequences("right").tolist() == list(range(FRAMES_IN_FLIGHT))


def test_a_second_finish_changes_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [], synchronous=True)
    recorder.step(step(0))
    assert recorder.finish(True) == recorder.finish(False)
    assert not recorder.step(step(1))


def test_an_aborted_recording_leaves_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [camera()], synchronous=True)
    feed(recorder, [camera()], 3)
    recorder.abort()
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_private_and_unfinished_until_it_is_whole(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [], synchronous=True)
    assert [path.name for path in tmp_path.iterdir()] == ["one.mcap.part"]
    with pytest.raises(EpisodeFileError, match="exists already"):
        Recorder(tmp_path / "one.mcap", metadata(), [])
    recorder.finish()
    (path,) = tmp_path.iterdir()
    assert (path.name, path.stat().st_mode & 0o777) == ("one.mcap", 0o600)


def test_a_folder_that_cannot_be_written_costs_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EpisodeFileError, match="could not be started"):
        Recorder(tmp_path / "absent" / "one.mcap", metadata(), [])


def test_an_unknown_camera_is_refused_by_name(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [camera("right")])
    with pytest.raises(EpisodeFileError, match="no camera 'left'; it has: right"):
        recorder.frame(frame(camera("left"), 0))
    recorder.abort()


def test_a_recording_without_any_message_is_valid(tmp_path: Path) -> None:
    Recorder(tmp_path / "one.mcap", metadata(), [camera()]).finish()
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert (reader.frame_count("right"), reader.duration_s, reader.events()) == (0, 0.0, [])


def test_images_that_could_never_be_read_again_are_refused_at_the_door(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [camera()], synchronous=True)
    with pytest.raises(EpisodeFileError, match=r"right camera should deliver colour images \(64, 96, 3\) uint8"):
        recorder.frame(frame(camera(height=32), 0))
    good = frame(camera(), 0)
    with pytest.raises(EpisodeFileError, match=r"deliver depth images .* uint16, it sent .* float32"):
        recorder.frame(type(good)("right", 0, 0, 0, good.rgb, good.depth.astype(np.float32), good.X_WC))
    with pytest.raises(TypeError):
        recorder.event(EpisodeEvent(0, "odd", "", {"thing": object()}))
    assert recorder.frame(good)
    assert recorder.finish().frames == 1


def test_a_busy_computer_stores_depth_uncompressed_instead_of_dropping_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    encode = intake_module.encode_rgb
    monkeypatch.setattr(intake_module, "encode_rgb", lambda rgb: (gate.wait(30), encode(rgb))[1])
    info = camera()
    recorder = Recorder(tmp_path / "one.mcap", metadata(), [info], encoder_threads=1)
    for index in range(HURRY_AT + 4):
        assert recorder.frame(frame(info, index))
    gate.set()
    assert recorder.finish().dropped == 0
    assert recorder.counters().cameras["right"].hurried >= 1
    with EpisodeReader(tmp_path / "one.mcap") as reader:
        assert [event.name for event in reader.events()] == ["depth_uncompressed"]
        for index in range(HURRY_AT + 4):
            np.testing.assert_array_equal(reader.depth("right", index), frame(info, index).depth)
