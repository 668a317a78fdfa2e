"""The job that captures the empty workspace: a few frames of every fixed camera while nothing moves.

A simulated rig clears its own table: the scene is drawn without objects, through the same noisy cameras. On a real one
the person has cleared it, and the frames that the station publishes are taken.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from ulid import ULID

from core.clock import NANOSECONDS, monotonic_ns, utc_ns
from core.correspondence.empty_workspace import CaptureInfo, EmptyWorkspace, make_capture
from core.errors import DeviceError, InputError
from core.messages import CameraInfo, Step
from core.processes.channel import Channel
from core.processes.jobs import Ask, JobContext, JobEnded, read_specification, serve
from core.processes.shared_memory import Bus, Session
from robot.correspondence.shape import IiwaShape
from robot.correspondence.specification import CaptureSpecification
from robot.station_messages import STEP_TOPIC, frame_topic

FRAMES = 15
_PATIENCE_NS = 10 * NANOSECONDS
_POLL_S = 0.005
_MOVED_RAD = 0.002


def main(channel: Channel) -> int:
    """Serve one capture."""
    return serve(channel, capture)


def capture(context: JobContext) -> JobEnded:
    """Take the frames, fuse them, keep the capture. The result holds its identifier."""
    specification = read_specification(context.folder, CaptureSpecification)
    fixed = tuple(camera for camera in specification.cameras if camera.X_WC is not None)
    if not fixed:
        raise InputError("No camera of this rig stands still, so there is no empty workspace to capture.")
    found = _simulated(specification, fixed) if specification.simulated else _live(context, specification, fixed)
    found.save(Path(specification.captures) / found.info.id)
    roles = ", ".join(camera.role for camera in fixed)
    return JobEnded("done", f"The empty workspace is captured ({roles}).", {"capture": found.info.id})


def _simulated(specification: CaptureSpecification, cameras: tuple[CameraInfo, ...]) -> EmptyWorkspace:
    from robot.simulation.empty_workspace import capture_empty_workspace

    return capture_empty_workspace(cameras, specification.rig, IiwaShape())


def _live(context: JobContext, specification: CaptureSpecification, cameras: tuple[CameraInfo, ...]) -> EmptyWorkspace:
    """Frames from shared memory while the arm stands still."""
    bus = Bus(Session.from_text(specification.session), "capture")
    frames = {camera.role: bus.frame_subscriber(frame_topic(camera.role)) for camera in cameras}
    steps = bus.message_subscriber(STEP_TOPIC, Step)
    stacks: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.uint16]]]] = {role: [] for role in frames}
    joints: list[tuple[float, ...]] = []
    width_m, deadline_ns = 0.0, monotonic_ns() + _PATIENCE_NS
    while min(len(stack) for stack in stacks.values()) < FRAMES or not joints:
        if context.asked() is Ask.CANCEL:
            raise InputError("The capture was cancelled.")
        if monotonic_ns() > deadline_ns:
            silent = min(stacks, key=lambda role: len(stacks[role]))
            raise DeviceError(
                f"The camera '{silent}' or the arm sent too little in ten seconds; check it and try again."
            )
        for role, subscriber in frames.items():
            frame = subscriber.take()
            if frame is not None and frame.depth is not None and len(stacks[role]) < FRAMES:
                stacks[role].append(frame.depth)
        step = steps.take()
        if step is not None:
            joints.append(step.state.q)
            width_m = step.state.gripper_width_m
        context.stage("Capturing the empty workspace", sum(map(len, stacks.values())), FRAMES * len(stacks))
        time.sleep(_POLL_S)
    if float(np.ptp(np.array(joints), axis=0).max()) > _MOVED_RAD:
        raise InputError("The arm moved while the empty workspace was captured; let it stand still and try again.")
    info = CaptureInfo(str(ULID()), utc_ns(), specification.rig, cameras)
    return make_capture(info, stacks, joints[-1], width_m, IiwaShape())
