"""Small episodes for tests: textured images that compress as real ones do, ticks of a slowly moving arm."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from core.episodes.recorder import Recorder
from core.geometry import SE3
from core.messages import (
    CameraInfo,
    ControlMode,
    Disturbance,
    EpisodeMetadata,
    EpisodeSummary,
    Frame,
    RobotState,
    Setpoint,
    Source,
    Step,
    Truth,
)

TICK_NS = 5_000_000
FRAME_NS = 33_333_333
CREATED_NS = 1_700_000_000_123_456_789


def camera(role: str = "right", width: int = 96, height: int = 64) -> CameraInfo:
    """A camera with a pose of its own; ``wrist`` rides on the hand."""
    pose = SE3.translation(0.5, -0.4, 0.4).as_tuple()
    fixed = role != "wrist"
    return CameraInfo(
        role, width, height, 30.0, 80.0, 80.0, 47.5, 31.5, X_WC=pose if fixed else None, X_EC=None if fixed else pose
    )


def metadata(episode_id: str = "01HTESTEPISODE000000000000", **changes: object) -> EpisodeMetadata:
    values: dict[str, object] = {
        "id": episode_id,
        "task": "push_box",
        "created_utc_ns": CREATED_NS,
        "clock": "lockstep",
        "rig": "simulated",
        "demonstrator": "expert",
        "operator": "Ada",
        "notes": "a slow push",
        "tags": ("good", "slow"),
        "simulated": True,
        "seed": 3,
        "distribution": "train",
    }
    return EpisodeMetadata(**(values | changes))  # type: ignore[arg-type]


def hand_pose(tick: int) -> SE3:
    return SE3.from_rotation_vector([0.0, 0.0, 0.001 * tick], [0.5, 0.1 * math.sin(0.01 * tick), 0.3])


def step(tick: int, *, wanted: bool = True, disturbance: Disturbance = Disturbance.NONE) -> Step:
    pose = hand_pose(tick).as_tuple()
    stamp_ns = tick * TICK_NS
    state = RobotState(
        stamp_ns, tick, tuple(0.1 * tick + j for j in range(7)), (0.01 * tick,) * 7, (0.5,) * 7, pose, 0.08, 0.0
    )
    setpoint = Setpoint(Source.EXPERT, 2, tick, stamp_ns - 1000, tick // 7, pose, 0.05) if wanted else None
    return Step(state, setpoint, pose, (0.2 * tick,) * 7, 0.06, ControlMode.TRACKING, disturbance)


def truth(tick: int) -> Truth:
    return Truth(tick * TICK_NS, {"box": SE3.translation(0.6, 0.001 * tick, 0.02).as_tuple()})


def frame(info: CameraInfo, index: int, *, sequence: int | None = None, capture_ns: int | None = None) -> Frame:
    """A frame whose images differ with every index and role, so that no two can be mistaken for each other."""
    rng = np.random.default_rng([index, len(info.role)])
    rows, columns = np.mgrid[: info.height, : info.width]
    pattern = 120 + 60 * np.sin(columns / 9 + index) + 40 * np.cos(rows / 7)
    rgb = np.clip(pattern[..., None] + rng.normal(0, 4, (info.height, info.width, 3)), 0, 255).astype(np.uint8)
    depth = (700 + rows + rng.integers(0, 30, (info.height, info.width))).astype(np.uint16)
    depth[rng.random(depth.shape) < 0.02] = 0
    stamp_ns = index * FRAME_NS if capture_ns is None else capture_ns
    number = index if sequence is None else sequence
    return Frame(
        info.role, number, stamp_ns, stamp_ns + 2_000_000, rgb, depth, info.pose(hand_pose(stamp_ns // TICK_NS))
    )


def record(
    path: Path,
    *,
    frames: int = 12,
    roles: tuple[str, ...] = ("right", "wrist"),
    success: bool | None = True,
    info: EpisodeMetadata | None = None,
    disturbed: bool = False,
) -> EpisodeSummary:
    """A whole episode in simulated time."""
    cameras = [camera(role) for role in roles]
    recorder = Recorder(path, info or metadata(path.stem), cameras, synchronous=True)
    feed(recorder, cameras, frames, disturbed=disturbed)
    return recorder.finish(success)


def feed(recorder: Recorder, cameras: list[CameraInfo], frames: int, *, disturbed: bool = False) -> None:
    """Hand over ``frames`` frames of each camera, with the ticks between them."""
    tick = 0
    for index in range(frames):
        while tick * TICK_NS <= index * FRAME_NS:
            kind = Disturbance.SCRIPTED if disturbed and tick == 3 else Disturbance.NONE
            recorder.step(step(tick, wanted=tick > 1, disturbance=kind))
            recorder.truth(truth(tick))
            tick += 1
        for info in cameras:
            recorder.frame(frame(info, index))
