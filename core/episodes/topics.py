"""The channels of an episode file: their topics, schemas and numbers.

A channel's number depends on its topic alone, never on the order of registering, so that messages can be told apart
even when every record that names the channels is damaged (core/episodes/recover.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foxglove_schemas_protobuf.CameraCalibration_pb2 import CameraCalibration
from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
from foxglove_schemas_protobuf.FrameTransforms_pb2 import FrameTransforms
from foxglove_schemas_protobuf.JointStates_pb2 import JointStates
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from core.episodes import reticle_pb2
from core.messages import CameraInfo

STATE = "/state"
WANTED = "/setpoint/wanted"
SENT = "/setpoint/sent"
EVENTS = "/events"
TRUTH = "/truth"
TRANSFORMS = "/tf"
JOINTS = "/joints"

KNOWN_ROLES = ("right", "left", "wrist")

_FIXED: dict[str, tuple[int, Any]] = {
    STATE: (1, reticle_pb2.State),
    WANTED: (2, reticle_pb2.Setpoint),
    SENT: (3, reticle_pb2.Sent),
    EVENTS: (4, reticle_pb2.Event),
    TRUTH: (5, reticle_pb2.Truth),
    TRANSFORMS: (6, FrameTransforms),
    JOINTS: (7, JointStates),
}
_FIRST_CAMERA = 16
_PER_CAMERA = 4
_CAMERA_TOPICS: tuple[tuple[str, Any], ...] = (
    ("rgb", CompressedImage),
    ("depth", CompressedImage),
    ("calibration", CameraCalibration),
)
_MESSAGES = (*(message for _, message in _FIXED.values()), CompressedImage, CameraCalibration)
SCHEMAS: dict[int, Any] = dict(enumerate(_MESSAGES, start=1))
"""Message classes by schema number."""


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """One channel: its number, topic and schema number."""

    number: int
    topic: str
    schema: int


def rgb_topic(role: str) -> str:
    return f"/camera/{role}/rgb"


def depth_topic(role: str) -> str:
    return f"/camera/{role}/depth"


def calibration_topic(role: str) -> str:
    return f"/camera/{role}/calibration"


def camera_frame(role: str) -> str:
    """The name of a camera's frame in transforms, images and calibrations."""
    return f"camera_{role}"


def role_of_frame(frame_id: str) -> str:
    """The role behind a frame's name; empty when it is not a camera's."""
    prefix = camera_frame("")
    return frame_id[len(prefix) :] if frame_id.startswith(prefix) else ""


def _schema_number(message: Any) -> int:
    return next(number for number, known in SCHEMAS.items() if known is message)


def fixed_channels() -> tuple[ChannelInfo, ...]:
    """The channels that every episode has."""
    return tuple(ChannelInfo(number, topic, _schema_number(message)) for topic, (number, message) in _FIXED.items())


def camera_channels(roles: Sequence[str]) -> dict[str, tuple[ChannelInfo, ...]]:
    """The rgb, depth and calibration channels of each camera, by role."""
    others = sorted(set(roles) - set(KNOWN_ROLES))
    order = [*KNOWN_ROLES, *others]
    found: dict[str, tuple[ChannelInfo, ...]] = {}
    for role in roles:
        first = _FIRST_CAMERA + _PER_CAMERA * order.index(role)
        found[role] = tuple(
            ChannelInfo(first + offset, f"/camera/{role}/{name}", _schema_number(message))
            for offset, (name, message) in enumerate(_CAMERA_TOPICS)
        )
    return found


def camera_slot(number: int) -> tuple[int, str] | None:
    """Which camera, by position, and which of its topics a channel number means; None for the fixed channels."""
    if number < _FIRST_CAMERA:
        return None
    index, offset = divmod(number - _FIRST_CAMERA, _PER_CAMERA)
    return (index, _CAMERA_TOPICS[offset][0]) if offset < len(_CAMERA_TOPICS) else None


def channels_of(cameras: Sequence[CameraInfo]) -> dict[str, ChannelInfo]:
    """Every channel of an episode with these cameras, by topic."""
    by_role = camera_channels([camera.role for camera in cameras])
    every = [*fixed_channels(), *(channel for channels in by_role.values() for channel in channels)]
    return {channel.topic: channel for channel in every}


def schema_descriptor(number: int) -> bytes:
    """The serialised descriptor set that makes the file readable without this program."""
    descriptors = FileDescriptorSet()
    seen: set[str] = set()

    def append(file: FileDescriptor) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            append(dependency)
        file.CopyToProto(descriptors.file.add())

    append(SCHEMAS[number].DESCRIPTOR.file)
    return descriptors.SerializeToString()
