"""A frame that one receiver cannot take: the others get it, the person hears of it, and the camera goes on."""

import pytest

from core.clock import LockstepClock, WallClock
from core.errors import EpisodeFileError
from core.messages import Frame
from robot.camera_watch import CameraWatch
from robot.frame_delivery import FrameDelivery
from robot.simulation.rig import SimulatedRig
from tests.robot.frames import INFO, frame
from tests.waiting import wait_for


class Receiver:
    """Keeps what it gets, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sequences: list[int] = []

    def __call__(self, frame: Frame) -> None:
        if self.error is not None:
            raise self.error
        self.sequences.append(frame.sequence)


def test_a_camera_thread_outlives_a_receiver_that_raises() -> None:
    clock = WallClock()
    rig = SimulatedRig("free", clock, cameras=("right",))
    (camera,) = rig.cameras
    broken, whole = Receiver(RuntimeError("no room in shared memory")), Receiver()
    reports: list[str] = []
    receivers = {"shown": broken, "recorded": whole}
    delivery = FrameDelivery(CameraWatch(camera.info), clock, receivers, lambda sentence, _: reports.append(sentence))
    camera.start(delivery)

    def five_frames() -> bool:
        rig.advance(clock.now_ns())
        return len(whole.sequences) >= 5

    assert wait_for(five_frames)
    camera.stop()
    rig.close()
    status = delivery.status(clock.now_ns())
    assert status.failed == status.frames == len(whole.sequences)
    assert reports[0] == (
        "An image of the right camera could not be shown (RuntimeError: no room in shared memory). The camera goes on."
    )


@pytest.mark.parametrize("error", [EpisodeFileError("The images have another size."), ValueError("another size")])
def test_a_row_of_failures_is_said_at_once_and_then_every_ten_seconds(error: Exception) -> None:
    clock = LockstepClock()
    receiver, reports = Receiver(error), []
    receivers = {"recorded": receiver}
    delivery = FrameDelivery(CameraWatch(INFO), clock, receivers, lambda sentence, _: reports.append(sentence))
    for k in range(25):
        clock.wait_until(k * 1_000_000_000)
        delivery(frame(k, k * 1_000_000_000))
    assert len(reports) == 3
    assert "could not be recorded" in reports[0]
    assert "another size" in reports[0]
    assert "21 so far" in reports[2]
    receiver.error = None
    delivery(frame(25, 25_000_000_000))
    assert delivery.status(clock.now_ns()).failed == 25


def test_what_could_not_be_recorded_is_said_whatever_else_failed(caplog: pytest.LogCaptureFixture) -> None:
    clock = LockstepClock()
    shown, recorded = Receiver(ValueError("no room")), Receiver()
    abouts: list[str] = []
    receivers = {"shown": shown, "recorded": recorded}
    delivery = FrameDelivery(CameraWatch(INFO), clock, receivers, lambda _, about: abouts.append(about))
    delivery(frame(0, 0))
    recorded.error = EpisodeFileError("The images have another size.")
    for k in range(1, 30):
        delivery(frame(k, k))
    assert abouts == ["right camera shown", "right camera recorded"]
    assert delivery.status(clock.now_ns()).failed == 30, "frames, not failures"
    assert len(caplog.records) == 1, "logged when it is said"
