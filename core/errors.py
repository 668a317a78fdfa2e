"""What can go wrong, by name. Every message is one sentence that names the offender and says what to do."""

from __future__ import annotations

from enum import StrEnum


class ReticleError(Exception):
    """An error whose text is meant for the person at the screen."""


class InputError(ReticleError):
    """The person or program asked for something that cannot be: exit status 2."""


class LibraryError(ReticleError):
    """The library folder or its catalogue cannot be used."""


class EpisodeFileError(ReticleError):
    """An episode file is missing, damaged or not one of ours."""


class ProcessError(ReticleError):
    """A child process could not start, died, or speaks another version."""


class EndedEarlyError(ReticleError):
    """A training was asked to end before there was anything to keep."""


class NotANumberError(ReticleError):
    """A policy wants what is not a number."""


class StopReason(StrEnum):
    """Why the arm stopped. The value is stored in files and events; the text is shown on the screen."""

    OPERATOR = "operator"
    HEARTBEAT_LOST = "heartbeat_lost"
    WINDOW_FROZEN = "window_frozen"
    SETPOINT_INVALID = "setpoint_invalid"
    SETPOINT_JUMP = "setpoint_jump"
    JOINT_LIMIT = "joint_limit"
    WORKSPACE = "workspace"
    COLLISION = "collision"
    DEVICE_FAULT = "device_fault"
    DEVICE_SILENT = "device_silent"
    DEVICE_IRREGULAR = "device_irregular"
    COMMANDS_IGNORED = "commands_ignored"
    CONTROL_LATE = "control_late"
    DISK_FULL = "disk_full"
    RECORDING_FAILED = "recording_failed"
    PARENT_DIED = "parent_died"
    POLICY_DEADLINE = "policy_deadline"
    OBSERVATION_STALE = "observation_stale"
    OBSERVATION_SKEWED = "observation_skewed"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


class DeviceError(ReticleError):
    """A device is missing, silent or misbehaves; ``reason`` is why the arm stops for it."""

    def __init__(self, message: str, reason: StopReason = StopReason.DEVICE_FAULT) -> None:
        super().__init__(message)
        self.reason = reason


_SENTENCES = {
    StopReason.OPERATOR: "You stopped the arm.",
    StopReason.HEARTBEAT_LOST: "The window stopped answering, so the arm was stopped.",
    StopReason.WINDOW_FROZEN: "The window froze for over a second, so the arm was stopped.",
    StopReason.SETPOINT_INVALID: "A setpoint held a value that is not a number, so the arm was stopped.",
    StopReason.SETPOINT_JUMP: "A setpoint jumped further than the arm may move, so the arm was stopped.",
    StopReason.JOINT_LIMIT: "A joint came too close to its limit, so the arm was stopped.",
    StopReason.WORKSPACE: "The hand left the workspace, so the arm was stopped.",
    StopReason.COLLISION: "The arm pushed harder than allowed, so it was stopped.",
    StopReason.DEVICE_FAULT: "The arm or the gripper reported what cannot be, or could not be commanded.",
    StopReason.DEVICE_SILENT: "The arm or the gripper stopped answering.",
    StopReason.DEVICE_IRREGULAR: "The arm or the gripper answered too irregularly, so the arm was stopped.",
    StopReason.COMMANDS_IGNORED: "The arm did not follow what it was sent, so it was stopped.",
    StopReason.CONTROL_LATE: "The control loop could not keep its rate, so the arm was stopped.",
    StopReason.DISK_FULL: "The disk is nearly full, so the recording was closed and kept.",
    StopReason.RECORDING_FAILED: "Writing the recording failed, so it was closed; all before that was kept.",
    StopReason.PARENT_DIED: "The window closed, so the arm was stopped and the episode closed.",
    StopReason.POLICY_DEADLINE: "The policy missed its deadline three times, so the arm was stopped.",
    StopReason.OBSERVATION_STALE: "The camera images were too old for the policy, so the arm was stopped.",
    StopReason.OBSERVATION_SKEWED: "The camera image and the hand were measured too far apart, so the arm was stopped.",
}
