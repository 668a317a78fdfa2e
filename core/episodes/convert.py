"""Messages of this program to the bytes of an episode file, and back."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from foxglove_schemas_protobuf.CameraCalibration_pb2 import CameraCalibration
from foxglove_schemas_protobuf.CompressedImage_pb2 import CompressedImage
from foxglove_schemas_protobuf.FrameTransform_pb2 import FrameTransform
from foxglove_schemas_protobuf.FrameTransforms_pb2 import FrameTransforms
from foxglove_schemas_protobuf.JointState_pb2 import JointState
from foxglove_schemas_protobuf.JointStates_pb2 import JointStates
from foxglove_schemas_protobuf.Quaternion_pb2 import Quaternion
from foxglove_schemas_protobuf.Vector3_pb2 import Vector3
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from core.clock import NANOSECONDS
from core.episodes import reticle_pb2
from core.episodes.topics import camera_frame
from core.errors import EpisodeFileError
from core.messages import CameraInfo, EpisodeEvent, Floats, RobotState, Setpoint, Step, Truth

MessageT = TypeVar("MessageT", bound=Message)

WORLD = "world"
END_EFFECTOR = "end_effector"


def timestamp(utc_ns: int) -> Timestamp:
    return Timestamp(seconds=utc_ns // NANOSECONDS, nanos=utc_ns % NANOSECONDS)


def state_bytes(state: RobotState) -> bytes:
    return reticle_pb2.State(
        stamp_ns=state.stamp_ns,
        sequence=state.sequence,
        q=state.q,
        dq=state.dq,
        tau_external=state.tau_external,
        X_WE=state.X_WE,
        gripper_width_m=state.gripper_width_m,
        gripper_force_n=state.gripper_force_n,
    ).SerializeToString()


def setpoint_bytes(setpoint: Setpoint) -> bytes:
    return reticle_pb2.Setpoint(
        stamp_ns=setpoint.stamp_ns,
        sequence=setpoint.sequence,
        lease=setpoint.lease,
        observation_sequence=setpoint.observation_sequence,
        X_WE=setpoint.X_WE,
        gripper_width_m=setpoint.gripper_width_m,
        source=setpoint.source,
    ).SerializeToString()


def sent_bytes(step: Step) -> bytes:
    return reticle_pb2.Sent(
        stamp_ns=step.state.stamp_ns,
        sequence=step.state.sequence,
        X_WE=step.sent_X_WE,
        q=step.sent_q,
        gripper_width_m=step.sent_gripper_width_m,
        mode=step.mode,
        disturbance=step.disturbance,
    ).SerializeToString()


def joints_bytes(state: RobotState, utc_ns: int) -> bytes:
    """Foxglove's joint states: ``joint_1`` to ``joint_7`` and the gripper."""
    joints = [
        JointState(name=f"joint_{index}", position=position, velocity=velocity, effort=effort)
        for index, (position, velocity, effort) in enumerate(
            zip(state.q, state.dq, state.tau_external, strict=True), start=1
        )
    ]
    joints.append(JointState(name="gripper", position=state.gripper_width_m, effort=state.gripper_force_n))
    return JointStates(timestamp=timestamp(utc_ns), joints=joints).SerializeToString()


def transforms_bytes(poses: dict[str, Floats], utc_ns: int) -> bytes:
    """Foxglove's transforms, one a child frame: ``{child: X_W_child}``."""
    stamp = timestamp(utc_ns)
    return FrameTransforms(
        transforms=[
            FrameTransform(
                timestamp=stamp,
                parent_frame_id=WORLD,
                child_frame_id=child,
                rotation=Quaternion(w=pose[0], x=pose[1], y=pose[2], z=pose[3]),
                translation=Vector3(x=pose[4], y=pose[5], z=pose[6]),
            )
            for child, pose in poses.items()
        ]
    ).SerializeToString()


def transforms_from(data: bytes) -> dict[str, Floats]:
    """The poses of a transforms message by child frame."""
    return {
        transform.child_frame_id: (
            transform.rotation.w,
            transform.rotation.x,
            transform.rotation.y,
            transform.rotation.z,
            transform.translation.x,
            transform.translation.y,
            transform.translation.z,
        )
        for transform in parse(FrameTransforms(), data).transforms
    }


def calibration_bytes(camera: CameraInfo, utc_ns: int) -> bytes:
    return CameraCalibration(
        timestamp=timestamp(utc_ns),
        frame_id=camera_frame(camera.role),
        width=camera.width,
        height=camera.height,
        distortion_model="plumb_bob",
        D=camera.distortion or (0.0,) * 5,
        K=(camera.fx, 0.0, camera.cx, 0.0, camera.fy, camera.cy, 0.0, 0.0, 1.0),
        R=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        P=(camera.fx, 0.0, camera.cx, 0.0, 0.0, camera.fy, camera.cy, 0.0, 0.0, 0.0, 1.0, 0.0),
    ).SerializeToString()


def image_bytes(role: str, image_format: str, data: bytes, utc_ns: int) -> bytes:
    return CompressedImage(
        timestamp=timestamp(utc_ns), frame_id=camera_frame(role), format=image_format, data=data
    ).SerializeToString()


def image_from(data: bytes) -> tuple[str, str, bytes]:
    """The camera's frame, the format and the encoded image of an image message."""
    image = parse(CompressedImage(), data)
    return image.frame_id, image.format, image.data


def event_bytes(event: EpisodeEvent) -> bytes:
    return reticle_pb2.Event(
        stamp_ns=event.stamp_ns,
        name=event.name,
        message=event.message,
        data=msgspec.json.encode(event.data).decode(),
    ).SerializeToString()


def event_from(data: bytes) -> EpisodeEvent:
    event = parse(reticle_pb2.Event(), data)
    try:
        details = msgspec.json.decode(event.data or "{}", type=dict)
    except msgspec.MsgspecError:
        details = {}
    return EpisodeEvent(event.stamp_ns, event.name, event.message, details)


def truth_bytes(truth: Truth) -> bytes:
    return reticle_pb2.Truth(
        stamp_ns=truth.stamp_ns,
        objects=[reticle_pb2.Truth.ObjectPose(name=name, X_WO=pose) for name, pose in truth.X_WO.items()],
    ).SerializeToString()


def parse(message: MessageT, data: bytes) -> MessageT:
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise EpisodeFileError(f"A stored {type(message).__name__} message is damaged and was not decoded.") from None
    return message
