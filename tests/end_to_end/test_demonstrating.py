"""A demonstrator's work in a real window, with key and mouse events alone, down to the files it leaves."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mcap.reader import make_reader
from mcap_protobuf.decoder import DecoderFactory

from core.episodes.reader import EpisodeReader
from core.library.library import Library
from core.library.rows import EpisodeRow
from tests.end_to_end.jobs import box_pose, choose_task, grasp_and_lift, reach_the_goal, record, stop_and_label
from tests.end_to_end.person import Person

pytestmark = pytest.mark.realtime

DEPTH_TOPIC = "/camera/right/depth"


def only_episode(library: Path) -> EpisodeRow:
    with Library.open(library, writable=False) as opened:
        page = opened.episodes.list()
    assert page.total == 1
    return page.rows[0]


def assert_every_depth_frame_is_bit_exact(path: Path) -> None:
    """What the mcap package's own reader and OpenCV make of each depth image is what our reader gives."""
    with path.open("rb") as stream, EpisodeReader(path) as ours:
        messages = make_reader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
        images = [image for *_, image in messages.iter_decoded_messages(DEPTH_TOPIC)]
        assert len(images) == ours.frame_count("right") > 20
        known = []
        for index, image in enumerate(images):
            theirs = cv2.imdecode(np.frombuffer(image.data, np.uint8), cv2.IMREAD_UNCHANGED)
            depth = ours.depth("right", index)
            assert depth is not None
            assert theirs.dtype == depth.dtype == np.uint16
            assert np.array_equal(theirs, depth)
            known.append((depth > 0).mean())
        assert max(known) > 0.9, "no image shows the scene"


def test_reach_by_keys_is_recorded_labelled_and_listed(person: Person) -> None:
    person.click("World")
    choose_task(person, "Free play", "Reach T + R")
    record(person)
    reach_the_goal(person)
    stop_and_label(person, "s")
    assert person.close() == 0
    row = only_episode(person.library)
    assert (row.task, row.status, row.success, row.demonstrator) == ("reach_tr", "complete", True, "hand")
    assert_every_depth_frame_is_bit_exact(Path(row.path))


def test_the_box_is_grasped_and_lifted_by_friction(person: Person) -> None:
    person.click("World")
    X_WO = box_pose(seed=0)
    record(person)
    grasp_and_lift(person, X_WO)
    person.wait(lambda: person.status is not None and person.status.success)
    stop_and_label(person, "s")
    assert person.close() == 0
    row = only_episode(person.library)
    assert (row.task, row.success) == ("free", True)


def test_a_window_closed_while_recording_keeps_the_episode(person: Person) -> None:
    record(person)
    person.press("Up")
    for _ in range(30):
        person.look()
    person.release()
    assert person.close() == 0
    row = only_episode(person.library)
    assert row.status == "complete"
    assert row.frames > 0
