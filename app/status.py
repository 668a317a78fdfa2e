"""The words of the status strip, made from what the station says. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass

from core.clock import NANOSECONDS
from core.episodes.disk import MINUTES_TO_START
from core.errors import StopReason
from core.messages import ControlMode, Source
from robot.station_messages import CameraStatus, Ready, RecordingStatus, StationStatus

_MARKED_NS = 5 * NANOSECONDS
_SETTLING_NS = NANOSECONDS
_DRIVERS = {
    Source.HAND: "You are driving",
    Source.POLICY: "A policy is driving",
    Source.REPLAY: "Replaying an episode",
    Source.HOME: "Going home",
    Source.SCAN: "Scanning the scene",
    Source.EXPERT: "The expert is driving",
}


@dataclass(frozen=True, slots=True)
class RigLine:
    """The rig in two lines. ``resting``: a stopped arm stands still; ``gone``: there is no station any more."""

    state: str
    detail: str
    icon: str = ""
    warns: bool = False
    stopped: bool = False
    resting: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class CameraLine:
    """One camera: its rate and what it lost."""

    role: str
    rate: str
    losses: str
    warns: bool = False
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class DiskLine:
    """Room on the library's disk."""

    value: str
    tooltip: str
    low: bool = False


def time_words(seconds: float) -> str:
    """A length of time to wait for, as exactly as anyone wants to know it."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def disk_line(minutes: float | None, free_bytes: int | None) -> DiskLine:
    """Minutes of recording once the rate is known, gigabytes before."""
    if minutes is not None:
        words = (
            "A recording would fit that long." if minutes >= MINUTES_TO_START else "Too little to start a recording."
        )
        return DiskLine(f"{min(minutes, 9999):.0f} min left", words, minutes < MINUTES_TO_START)
    if free_bytes is not None:
        return DiskLine(f"{free_bytes / 1e9:.0f} GB free", "Free space on the library's disk.")
    return DiskLine("–", "")


def recording_words(recording: RecordingStatus | None) -> str:
    """Minutes and seconds of the running recording; empty when there is none."""
    if recording is None:
        return ""
    minutes, seconds = divmod(int(recording.elapsed_s), 60)
    return f"{minutes:02d}:{seconds:02d}"


def stop_sentence(reason: str) -> str:
    """A stop reason in words, also one this version does not know."""
    try:
        return StopReason(reason).sentence
    except ValueError:
        return f"The arm was stopped: {reason.replace('_', ' ')}."


def rig_line(ready: Ready | None, status: StationStatus | None, trouble: str) -> RigLine:
    """What the strip says about the rig."""
    if trouble:
        return RigLine("The rig is gone", trouble, warns=True, gone=True)
    if ready is None or status is None:
        return RigLine("Starting the rig", "One moment", "job")
    if status.stop_reason is not None:
        reason = stop_sentence(status.stop_reason)
        return RigLine("Stopped", reason, "stop-line", warns=True, stopped=True, resting=status.standstill)
    if status.mode is ControlMode.BRAKING:
        return RigLine("Braking", (status.braking_reason or "for a moment").capitalize(), warns=True)
    if status.source is not None:
        if status.at_edge:
            return RigLine(_DRIVERS[status.source], "At the edge of its reach", warns=True)
        disturbed = " · disturbed" if status.disturbance != "none" else ""
        return RigLine(_DRIVERS[status.source], ready.rig + disturbed, "robot")
    return RigLine("Ready", ready.rig, "success")


class CameraLines:
    """Makes the cameras' lines. Counts run from the scene's loading or from the last recording's start, so that they
    are about what a person does now; a loss is marked for a few seconds, its count stays.
    """

    def __init__(self) -> None:
        self._began: dict[str, CameraStatus] = {}
        self._lost: dict[str, tuple[int, int]] = {}
        self._recording = ""
        self._settled_ns: int | None = None

    def count_anew(self) -> None:
        """The scene or the station is another one: what was lost before is no longer of interest."""
        self._settled_ns = None
        self._recording = ""

    def lines(self, status: StationStatus | None) -> tuple[CameraLine, ...]:
        """A line for each camera, in the rig's order."""
        if status is None:
            self.count_anew()
            return ()
        if self._settled_ns is None:
            self._settled_ns = status.stamp_ns + _SETTLING_NS
        recording = status.recording.id if status.recording is not None else self._recording
        if status.stamp_ns < self._settled_ns or recording != self._recording:
            self._began = {camera.role: camera for camera in status.cameras}
            self._lost.clear()
        self._recording = recording
        return tuple(self._line(camera, status.stamp_ns) for camera in status.cameras)

    def _line(self, camera: CameraStatus, now_ns: int) -> CameraLine:
        began = self._began.setdefault(camera.role, camera)
        dropped, gaps = camera.dropped - began.dropped, camera.gaps - began.gaps
        failed = camera.failed - began.failed
        lost = dropped + failed
        before, since_ns = self._lost.get(camera.role, (lost, -_MARKED_NS))
        if lost > before:
            since_ns = now_ns
        self._lost[camera.role] = (lost, since_ns)
        since = "since this recording began" if self._recording else "since the scene was loaded"
        return CameraLine(
            camera.role,
            f"{camera.role} {camera.rate_hz:.1f}/s",
            f"{lost} lost, {gaps} gap{'' if gaps == 1 else 's'}",
            now_ns - since_ns < _MARKED_NS,
            f"{camera.role} camera, {since}: {camera.frames - began.frames} frames, {dropped} never arrived, "
            f"{failed} could not be shown or recorded, {gaps} gaps.\n"
            f"Longest gap since the start {camera.longest_gap_ms:.0f} ms, skew now {camera.skew_ms:.1f} ms.",
        )
