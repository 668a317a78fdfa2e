"""The words of the status strip, made from what the station says. No widgets here."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import StopReason
from core.messages import ControlMode, Source
from robot.station_messages import Ready, StationStatus

_DRIVERS = {
    Source.HAND: "You are driving",
    Source.POLICY: "A policy is driving",
    Source.REPLAY: "Replaying an episode",
    Source.HOME: "Going home",
    Source.EXPERT: "The expert is driving",
}


@dataclass(frozen=True, slots=True)
class RigLine:
    """The rig in two lines. ``gone``: there is no station any more."""

    state: str
    detail: str
    icon: str = ""
    warns: bool = False
    stopped: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True)
class CameraLine:
    """One camera: its rate and what it lost."""

    role: str
    rate: str
    drops: str
    warns: bool = False
    tooltip: str = ""


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
        return RigLine("Stopped", stop_sentence(status.stop_reason), "stop-line", warns=True, stopped=True)
    if status.mode is ControlMode.BRAKING:
        return RigLine("Braking", (status.braking_reason or "for a moment").capitalize(), warns=True)
    if status.source is not None:
        disturbed = " · disturbed" if status.disturbance != "none" else ""
        return RigLine(_DRIVERS[status.source], ready.rig + disturbed, "robot")
    return RigLine("Ready", ready.rig, "success")


def camera_lines(status: StationStatus | None) -> tuple[CameraLine, ...]:
    """A line for each camera, in the rig's order."""
    if status is None:
        return ()
    return tuple(
        CameraLine(
            camera.role,
            f"{camera.role} {camera.rate_hz:.1f}/s",
            f"{camera.dropped} dropped",
            camera.dropped > 0,
            f"{camera.role} camera: {camera.frames} frames since the start, {camera.dropped} dropped.",
        )
        for camera in status.cameras
    )
