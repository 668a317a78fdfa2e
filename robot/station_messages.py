"""What a parent and the station say to each other, and the names of the station's shared-memory topics.

Light to import: the window and the commands use it. Rates (frames, state, setpoints, heartbeat) travel in shared
memory; commands and events on the channel.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np

from core.geometry import SE3, PinholeCamera
from core.messages import CameraInfo, ControlMode, Disturbance, EpisodeMetadata, EpisodeSummary, Floats, Source
from core.tasks import TaskInfo

STEP_TOPIC = "step"
"""Newest ``Step`` of the control loop, 200 Hz."""
STATUS_TOPIC = "status"
"""Newest ``StationStatus``, 10 Hz."""
VIEW3D_TOPIC = "view3d/image"
"""Newest picture of the 3-D view, published by the view3d process."""
VIEW3D_CAMERA_TOPIC = "view3d/camera"
"""Newest ``OrbitView`` wanted by the window."""


LIVE = "live"
"""Source of what the station measures now."""
PLAYER = "player"
"""Source of what the window plays back from a file: it publishes the frames and steps at its cursor."""
INSPECTOR = "inspector"
"""Source of what the inspector compares: a source and a target image, and a point in both."""


def frame_topic(role: str, source: str = LIVE) -> str:
    """Topic of the newest ``Frame`` of a camera."""
    return f"camera/{role}" if source == LIVE else f"{source}/camera/{role}"


def step_topic(source: str = LIVE) -> str:
    """Topic of the newest ``Step``."""
    return STEP_TOPIC if source == LIVE else f"{source}/{STEP_TOPIC}"


def setpoint_topic(source: Source) -> str:
    """Topic of the newest ``Setpoint`` of a source; the lease decides which source is listened to."""
    return f"setpoint/{source}"


class CameraStatus(msgspec.Struct, frozen=True):
    """``rate_hz`` and ``skew_ms`` over the last two seconds; counts since the station started.

    ``gaps`` are intervals of over one and a half periods between two captures. ``skew_ms`` is how far the captures lie
    from the nearest of the rig's first camera (95th percentile). ``failed`` frames could not be shown or recorded.
    """

    role: str
    rate_hz: float
    frames: int
    dropped: int
    last_capture_ns: int
    gaps: int = 0
    longest_gap_ms: float = 0.0
    skew_ms: float = 0.0
    failed: int = 0


class RecordingStatus(msgspec.Struct, frozen=True):
    """The recording in progress. ``scanned``: the share of a scan's poses that were tried; None when it is no scan."""

    id: str
    elapsed_s: float
    frames: int
    dropped: int
    bytes: int
    minutes_left: float = 0.0
    scanned: float | None = None


class StationStatus(msgspec.Struct, frozen=True):
    """A snapshot of the station, 10 Hz."""

    stamp_ns: int
    mode: ControlMode
    lease: int
    source: Source | None
    stop_reason: str | None
    braking_reason: str | None
    disturbance: Disturbance
    cameras: tuple[CameraStatus, ...]
    recording: RecordingStatus | None
    control_rate_hz: float
    control_late_p99_ms: float
    refused_setpoints: int
    success: bool | None
    homing: bool = False
    standstill: bool = False
    """Whether every joint was measured at rest; a stopped arm can be re-armed only then."""
    at_edge: bool = False
    """Whether the arm is sent where it cannot reach."""
    goal_X_WE: Floats | None = None
    """Where the task wants the hand, shown to the person as a ghost; only a simulated reach task knows it."""


class StationSpec(msgspec.Struct, frozen=True):
    """The first command a station gets: what to open. ``rig`` is a path of a rig file."""

    session: str
    rig: str
    task: str = "free"
    seed: int = 0
    visuals: tuple[str, ...] = ()
    heartbeat: bool = True
    encoder_threads: int = 2


# Commands, parent to station -----------------------------------------------------------------------------------------
class Command(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all commands."""


def name_of(command: type[Command]) -> str:
    """The tag by which a Trouble names a command."""
    return str(command.__struct_config__.tag)


class Open(Command, frozen=True, tag="open"):
    spec: StationSpec


class GrantLease(Command, frozen=True, tag="grant_lease"):
    """Give the arm to ``source``, whoever has it; setpoints with another lease are refused and counted.

    A hand that takes it from a policy takes over: LeaseLost tells of the policy's lease.
    """

    source: Source
    lease: int


class GrantPolicy(Command, frozen=True, tag="grant_policy"):
    """Give the arm to a policy that acts ``rate_hz`` times a second. LeaseGranted answers; the runner then drives.

    ``speed``: over 0 and at most 1, of the speed limits. ``tried``: how often it was tried on a real rig before; its
    first attempts there are slow. ``told``: it is told where objects are, which Trouble refuses on a real rig. Trouble
    refuses it too while anybody else drives: who took over lets go first.
    """

    lease: int
    rate_hz: float
    speed: float = 1.0
    tried: int = 0
    told: bool = False


class PolicySpeed(Command, frozen=True, tag="policy_speed"):
    """The policy that drives may use that share of the speed limits from now on; nothing while none does."""

    speed: float


class RevokeLease(Command, frozen=True, tag="revoke_lease"):
    """Nobody drives; the arm holds."""


class Stop(Command, frozen=True, tag="stop"):
    """Latched stop."""


class Rearm(Command, frozen=True, tag="rearm"):
    """A person clears a latched stop; the arm holds its measured pose."""


class Home(Command, frozen=True, tag="home"):
    """Move the hand home, or to ``X_WE`` (undo of a home), under the same limits as a hand on the mouse."""

    X_WE: Floats | None = None


class LoadTask(Command, frozen=True, tag="load_task"):
    """Simulation: build the scene of a task."""

    task: str
    visuals: tuple[str, ...] = ()


class ResetScene(Command, frozen=True, tag="reset_scene"):
    """Simulation: draw a start from the task's distribution (``train`` or ``test``); moves the arm home too."""

    seed: int
    distribution: str = "train"


class StartRecording(Command, frozen=True, tag="start_recording"):
    """Record into ``path`` (the final ``.mcap`` path; the station writes ``.part`` beside it and renames).

    Metadata with a ``policy`` make it an attempt: in simulation it is timed and ends by itself, with success, when its
    time is up, or when the arm is stopped; ``disturbances`` are the task's scripted ones. ``bytes_per_second`` is what
    recordings with these cameras wrote lately; None when the parent does not know.
    """

    path: str
    metadata: EpisodeMetadata
    depth_codec: str = "png"
    bytes_per_second: float | None = None
    disturbances: bool = False


class Scan(Command, frozen=True, tag="scan"):
    """Sweep the camera on the hand over the still scene and record its pictures, about so many ``views``.

    The recording begins as any other and ends by itself with the sweep; whatever ends one ends both. Trouble refuses it
    while the arm is stopped and on a rig without a camera on its hand.
    """

    recording: StartRecording
    views: int = 400


class StopRecording(Command, frozen=True, tag="stop_recording"):
    """End the recording. An attempt of which nothing is said is aborted."""

    success: bool | None = None


class MarkDisturbance(Command, frozen=True, tag="mark_disturbance"):
    """A person disturbs the scene from now on (``acts``), or no longer; the end of a recording ends it too."""

    acts: bool


class DragBegin(Command, frozen=True, tag="drag_begin"):
    """Simulation: take hold of the object hit by a ray (world frame, metres)."""

    origin_W: Floats
    direction_W: Floats


class DragMove(Command, frozen=True, tag="drag_move"):
    origin_W: Floats
    direction_W: Floats


class DragEnd(Command, frozen=True, tag="drag_end"):
    """Let go of the object."""


class Replay(Command, frozen=True, tag="replay"):
    """Replay the setpoints of an episode file through the same safety, from its first pose.

    Trouble refuses it in a scene with other objects and on another real rig; a Notice warns when the objects are
    elsewhere than when the episode began, when that is not known, and when the episode was not simulated.
    """

    path: str
    speed: float = 1.0


class StopReplay(Command, frozen=True, tag="stop_replay"):
    """End a replay; the arm holds."""


class Shutdown(Command, frozen=True, tag="shutdown"):
    """Brake, close the episode, exit."""


Commands = (
    Open
    | GrantLease
    | GrantPolicy
    | PolicySpeed
    | RevokeLease
    | Stop
    | Rearm
    | Home
    | LoadTask
    | ResetScene
    | StartRecording
    | Scan
    | StopRecording
    | MarkDisturbance
    | DragBegin
    | DragMove
    | DragEnd
    | Replay
    | StopReplay
    | Shutdown
)


# Events, station to parent -------------------------------------------------------------------------------------------
class Event(msgspec.Struct, frozen=True, tag_field="type"):
    """Base of all events."""


class Ready(Event, frozen=True, tag="ready"):
    """The station is open."""

    rig: str
    simulated: bool
    arm: str
    cameras: tuple[CameraInfo, ...]
    task: TaskInfo | None
    home_q: Floats
    workspace_min_W: Floats
    workspace_max_W: Floats
    pid: int
    tasks: tuple[TaskInfo, ...] = ()
    """The scenes a simulated rig can load; empty on a real one."""
    seed: int | None = None
    """Of the start that a simulated scene stands at."""


class TaskLoaded(Event, frozen=True, tag="task_loaded"):
    task: TaskInfo


class SceneReset(Event, frozen=True, tag="scene_reset"):
    seed: int
    distribution: str


class LeaseGranted(Event, frozen=True, tag="lease_granted"):
    """``X_WE`` and width where the arm is: the holder starts from exactly there."""

    source: Source
    lease: int
    X_WE: Floats
    gripper_width_m: float


class LeaseLost(Event, frozen=True, tag="lease_lost"):
    """Nobody drives any more; ``reason`` in words."""

    lease: int
    reason: str


class Stopped(Event, frozen=True, tag="stopped"):
    """A latched stop, by name and in words."""

    reason: str
    message: str


class Rearmed(Event, frozen=True, tag="rearmed"):
    pass


class HomeReached(Event, frozen=True, tag="home_reached"):
    """``previous_X_WE``: where the hand was before, for undo."""

    previous_X_WE: Floats


class RecordingStarted(Event, frozen=True, tag="recording_started"):
    id: str


class RecordingFinished(Event, frozen=True, tag="recording_finished"):
    summary: EpisodeSummary
    message: str = ""


class RecordingFailed(Event, frozen=True, tag="recording_failed"):
    """It could not start, whatever the reason, or it broke; what was written is kept for recovery."""

    id: str
    message: str


class DragStarted(Event, frozen=True, tag="drag_started"):
    object: str


class ReplayStarted(Event, frozen=True, tag="replay_started"):
    """The replay was not refused: the arm moves."""


class ReplayFinished(Event, frozen=True, tag="replay_finished"):
    message: str


class Trouble(Event, frozen=True, tag="trouble"):
    """In a sentence, why ``command`` was refused, named by its tag; without one, why the station could not open.

    A recording that may not start is told by RecordingFailed instead. ``task``: in whose scene it would be possible.
    """

    message: str
    command: str = ""
    task: str = ""


class Notice(Event, frozen=True, tag="notice"):
    """One sentence for the person that answers no command: what a device reports, a warning, a goal that was missed.

    A newer one ``about`` the same takes the place of the older.
    """

    message: str
    about: str = ""


Events = (
    Ready
    | TaskLoaded
    | SceneReset
    | LeaseGranted
    | LeaseLost
    | Stopped
    | Rearmed
    | HomeReached
    | RecordingStarted
    | RecordingFinished
    | RecordingFailed
    | DragStarted
    | ReplayStarted
    | ReplayFinished
    | Trouble
    | Notice
)


class OrbitView(msgspec.Struct, frozen=True, array_like=True):
    """The 3-D view's camera: it orbits ``target_W`` (m) at ``distance_m``; angles in radians; picture in pixels.

    The eye is at ``target_W + distance_m * (cos el cos az, cos el sin az, sin el)``, looks at the target and keeps
    the world's z upwards in the picture. ``cameras`` are the roles whose depth makes the cloud (none: all);
    ``source`` says whether the live rig or the played episode is shown.
    """

    azimuth: float
    elevation: float
    distance_m: float
    target_W: Floats
    width: int
    height: int
    fov_y: float = 0.7
    dark: bool = True
    show_cloud: bool = True
    cameras: tuple[str, ...] = ()
    source: str = LIVE

    @property
    def X_WC(self) -> SE3:
        """The pose of the view's camera (OpenCV frame: x right, y down, z forward)."""
        sin_a, cos_a = math.sin(self.azimuth), math.cos(self.azimuth)
        sin_e, cos_e = math.sin(self.elevation), math.cos(self.elevation)
        back = np.array([cos_e * cos_a, cos_e * sin_a, sin_e])
        right = np.array([-sin_a, cos_a, 0.0])
        down = np.cross(-back, right)
        return SE3.from_rotation(
            np.stack([right, down, -back], axis=1), np.asarray(self.target_W) + self.distance_m * back
        )

    @property
    def pinhole(self) -> PinholeCamera:
        focal = 0.5 * self.height / math.tan(0.5 * self.fov_y)
        centre = (0.5 * (self.width - 1), 0.5 * (self.height - 1))
        return PinholeCamera(self.width, self.height, focal, focal, *centre)

    def ray(self, u: float, v: float) -> tuple[Floats, Floats]:
        """Origin and unit direction in the world of the ray through a pixel of the picture."""
        X_WC = self.X_WC
        direction = X_WC.R @ self.pinhole.unproject(np.array([u, v]), np.array(1.0))
        direction /= np.linalg.norm(direction)
        return tuple(X_WC.p.tolist()), tuple(direction.tolist())
