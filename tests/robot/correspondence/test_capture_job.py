"""Capturing the empty workspace from a station that publishes frames, in the job's real process."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.correspondence.empty_workspace import EmptyWorkspace
from core.geometry import SE3
from core.messages import CameraInfo, ControlMode, Frame, RobotState, Step
from core.processes.child import Child
from core.processes.jobs import JobEnded, JobEvent, StartJob, write_specification
from core.processes.shared_memory import Bus, Session
from robot.correspondence.specification import CAPTURE_JOB, CaptureSpecification
from robot.description import HOME_Q
from robot.simulation.cameras import camera_info
from robot.station_messages import STEP_TOPIC, frame_topic


def ended(folder: Path, specification: CaptureSpecification) -> JobEnded:
    """Run the job to its end."""
    folder.mkdir()
    write_specification(folder, specification)
    events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
    child = Child(CAPTURE_JOB, JobEvent, events.put)
    child.send(StartJob(str(folder)))
    while not isinstance(event := events.get(timeout=60.0), JobEnded):
        pass
    child.close()
    return event


class Station(threading.Thread):
    """Publishes a table 0.8 m before the camera until it is closed; the arm stands or moves."""

    def __init__(self, session: Session, camera: CameraInfo, moving: bool) -> None:
        super().__init__(daemon=True)
        self._bus = Bus(session, "station")
        self._camera, self._moving = camera, moving
        self._over = threading.Event()

    def run(self) -> None:
        frames = self._bus.frame_publisher(frame_topic(self._camera.role), 640, 480)
        steps = self._bus.message_publisher(STEP_TOPIC)
        rng = np.random.default_rng(0)
        k = 0
        while not self._over.wait(0.01):
            k += 1
            depth = (800 + rng.integers(-2, 3, (480, 640))).astype(np.uint16)
            depth[:5] = 0
            frames.publish(Frame(self._camera.role, k, k, k, np.zeros((480, 640, 3), np.uint8), depth, SE3.identity()))
            q = tuple(float(angle) for angle in HOME_Q + (0.01 * k if self._moving else 0.0))
            pose = SE3.identity().as_tuple()
            state = RobotState(k, k, q, (0.0,) * 7, (0.0,) * 7, pose, 0.0, 0.0)
            steps.publish(Step(state, None, pose, q, 0.0, ControlMode.IDLE))

    def close(self) -> None:
        self._over.set()
        self.join()


@pytest.mark.parametrize("moving", [False, True])
def test_a_capture_is_the_median_of_live_depth_while_the_arm_stands(tmp_path: Path, moving: bool) -> None:
    X_WC = SE3.translation(5.0, 5.0, 5.0).as_tuple()
    camera = msgspec.structs.replace(camera_info("right"), X_WC=X_WC)
    session = Session.create()
    station = Station(session, camera, moving)
    station.start()
    try:
        given = CaptureSpecification(session.as_text(), False, "bench", (camera,), str(tmp_path / "captures"))
        event = ended(tmp_path / "job", given)
    finally:
        station.close()
        session.remove()
    if moving:
        assert event.status == "failed"
        assert "stand still" in event.message
        return
    assert event.status == "done", event.message
    found = EmptyWorkspace.load(tmp_path / "captures" / event.result["capture"])
    assert found.matches(camera)
    np.testing.assert_allclose(found.depth["right"][10:], 800, atol=2)
    assert (np.abs(found.depth["right"][10:].astype(int) - 800) <= 1).mean() > 0.97
    np.testing.assert_allclose(found.depth["right"][:5], 800, atol=3)


def test_a_rig_whose_cameras_all_move_is_told(tmp_path: Path) -> None:
    wrist = camera_info("wrist")
    event = ended(tmp_path / "job", CaptureSpecification("", True, "bench", (wrist,), str(tmp_path / "captures")))
    assert event.status == "failed"
    assert "No camera of this rig stands still" in event.message
