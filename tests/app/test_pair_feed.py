"""Images of any two sizes reach the 3-D view's process."""

from __future__ import annotations

import numpy as np
import pytest

from app.workers.pair_feed import PairFeed
from core.correspondence.descriptors import DescriptorImage
from core.errors import ProcessError
from core.geometry import SE3, PinholeCamera
from core.messages import Frame
from core.processes.shared_memory import Bus, Session
from robot.inspector_messages import PanelImage, StoredFrame
from robot.station_messages import INSPECTOR, frame_topic
from robot.view3d_messages import PAIR_ROLES


def image(width: int, height: int) -> PanelImage:
    rgb, depth = np.zeros((height, width, 3), np.uint8), np.ones((height, width), np.uint16)
    frame = Frame("right", 0, 0, 0, rgb, depth, SE3.identity())
    described = DescriptorImage.of(np.zeros((2, 2, 3), np.float32), width, height)
    camera = PinholeCamera(width, height, 50.0, 50.0, width / 2, height / 2)
    return PanelImage(0, 0, "model", StoredFrame("e", "p", "right", 0), frame, camera, 0.001, described)


def test_a_narrower_image_may_be_taller() -> None:
    session = Session.create()
    subscriber = Bus(session, "test").frame_subscriber(frame_topic(PAIR_ROLES[0], INSPECTOR))
    feed, other = PairFeed(session), image(64, 48)
    for width, height in ((64, 48), (48, 200), (50, 50)):
        shown = image(width, height)
        assert feed.show(shown, other, (0.0, 0.0, 0.0), (), ())
        assert not feed.show(shown, other, (0.0, 0.0, 0.0), (), ())
        taken = subscriber.take()
        assert taken is not None and taken.rgb.shape == (height, width, 3)
    session.remove()


def test_without_shared_memory_every_attempt_says_so() -> None:
    feed = PairFeed(Session("/proc/none", "none"))
    for _ in range(2):
        with pytest.raises(ProcessError, match="Shared memory"):
            feed.show(image(8, 6), image(8, 6), (0.0, 0.0, 0.0), (), ())
