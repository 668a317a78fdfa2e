"""All control ticks of an episode as arrays, one row a tick.

==============================  ==========  =====================================================================
``stamp_ns``, ``sequence``      (T,)        int64, session clock
``q``, ``dq``, ``tau_external`` (T, 7)      float64, measured: rad, rad/s, Nm
``X_WE``                        (T, 7)      measured pose: quaternion wxyz, position m
``gripper_width_m``, ``_force_n`` (T,)      measured
``wanted_X_WE``                 (T, 7)      setpoint wanted; NaN on ticks without one
``wanted_gripper_width_m``      (T,)        the same
``wanted_source``               (T,)        text: hand, expert, policy, replay, home; empty without one
``wanted_stamp_ns``             (T,)        int64; -1 without one, as ``_lease``, ``_sequence``, ``_observation``
``sent_X_WE``, ``sent_q``       (T, 7)      setpoint sent, after all limits
``sent_gripper_width_m``        (T,)        the same
``mode``, ``disturbance``       (T,)        text, as in core.messages
``X_WC/<role>``                 (N, 7)      measured pose of a camera at each of its frames
``X_WC_stamp_ns/<role>``        (N,)        int64, capture stamps of those
==============================  ==========  =====================================================================
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.episodes import convert, reticle_pb2
from core.episodes.table import Index, damaged, read_chunk
from core.episodes.topics import SENT, STATE, TRANSFORMS, WANTED, camera_frame
from core.errors import EpisodeFileError

log = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]
_NO_POSE = (np.nan,) * 7


def messages(descriptor: int, index: Index, rows: NDArray[Any], path: Path) -> list[tuple[int, bytes]]:
    """Log time and bytes of each message of one topic, each chunk read once. Damaged chunks are logged and left out."""
    found: list[tuple[int, bytes]] = []
    current, payload, begin = -1, b"", 0
    for chunk, offset, length, log_ns in zip(
        rows["chunk"].tolist(), rows["offset"].tolist(), rows["length"].tolist(), rows["log_ns"].tolist(), strict=True
    ):
        if chunk != current:
            current, payload = chunk, b""
            start, size = (int(value) for value in index.chunks[chunk, :2])
            try:
                payload = read_chunk(descriptor, start, size, path)
            except EpisodeFileError as error:
                log.warning("%s Its ticks are left out.", error)
            begin = start + size - len(payload)
        if payload:
            found.append((log_ns, payload[offset - begin : offset - begin + length]))
    return found


def build_arrays(descriptor: int, index: Index, table: dict[str, NDArray[Any]], path: Path) -> Arrays:
    """Read every tick of the file."""

    def read(topic: str) -> list[tuple[int, bytes]]:
        return messages(descriptor, index, table[topic], path)

    try:
        arrays = _states(read(STATE))
        ticks = np.array([index.header.log_ns(int(stamp)) for stamp in arrays["stamp_ns"]], dtype=np.int64)
        arrays |= _sent(read(SENT), ticks) | _wanted(read(WANTED), ticks)
    except ValueError as error:
        raise damaged(path, f"its ticks do not have seven joints each ({error})") from None
    return arrays | _camera_poses(descriptor, index, table[TRANSFORMS], path)


def _columns(rows: list[tuple[Any, ...]], names: tuple[str, ...], kinds: tuple[Any, ...]) -> Arrays:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    found = {}
    for name, kind, column in zip(names, kinds, columns, strict=True):
        width = 7 if isinstance(kind, tuple) else None
        values = np.array(column, dtype=kind[0] if isinstance(kind, tuple) else kind)
        found[name] = values.reshape(-1, width) if width is not None else values
    return found


def _states(found: list[tuple[int, bytes]]) -> Arrays:
    rows = []
    for _, data in found:
        state = convert.parse(reticle_pb2.State(), data)
        rows.append(
            (
                state.stamp_ns,
                state.sequence,
                tuple(state.q),
                tuple(state.dq),
                tuple(state.tau_external),
                tuple(state.X_WE),
                state.gripper_width_m,
                state.gripper_force_n,
            )
        )
    names = ("stamp_ns", "sequence", "q", "dq", "tau_external", "X_WE", "gripper_width_m", "gripper_force_n")
    return _columns(rows, names, (np.int64, np.int64, *[(float,)] * 4, float, float))


def _sent(found: list[tuple[int, bytes]], ticks: NDArray[np.int64]) -> Arrays:
    rows: list[tuple[Any, ...]] = [(_NO_POSE, _NO_POSE, np.nan, "", "")] * ticks.size
    for position, data in _aligned(found, ticks):
        sent = convert.parse(reticle_pb2.Sent(), data)
        rows[position] = (tuple(sent.X_WE), tuple(sent.q), sent.gripper_width_m, sent.mode, sent.disturbance)
    names = ("sent_X_WE", "sent_q", "sent_gripper_width_m", "mode", "disturbance")
    return _columns(rows, names, ((float,), (float,), float, np.str_, np.str_))


def _wanted(found: list[tuple[int, bytes]], ticks: NDArray[np.int64]) -> Arrays:
    rows: list[tuple[Any, ...]] = [(_NO_POSE, np.nan, "", -1, -1, -1, -1)] * ticks.size
    for position, data in _aligned(found, ticks):
        setpoint = convert.parse(reticle_pb2.Setpoint(), data)
        rows[position] = (
            tuple(setpoint.X_WE),
            setpoint.gripper_width_m,
            setpoint.source,
            setpoint.stamp_ns,
            setpoint.lease,
            setpoint.sequence,
            setpoint.observation_sequence,
        )
    names = (
        "wanted_X_WE",
        "wanted_gripper_width_m",
        "wanted_source",
        "wanted_stamp_ns",
        "wanted_lease",
        "wanted_sequence",
        "wanted_observation",
    )
    return _columns(rows, names, ((float,), float, np.str_, *[np.int64] * 4))


def _aligned(found: list[tuple[int, bytes]], ticks: NDArray[np.int64]) -> list[tuple[int, bytes]]:
    """The tick that each message belongs to; messages whose tick was lost are left out."""
    stamps = np.array([log_ns for log_ns, _ in found], dtype=np.int64)
    if ticks.size == 0 or stamps.size == 0:
        return []
    positions = np.searchsorted(ticks, stamps).clip(0, ticks.size - 1)
    matching = ticks[positions] == stamps
    return [(int(at), data) for at, hit, (_, data) in zip(positions, matching, found, strict=True) if hit]


def _camera_poses(descriptor: int, index: Index, rows: NDArray[Any], path: Path) -> Arrays:
    moving = [camera.role for camera in index.header.cameras if camera.X_WC is None]
    if not moving:
        return {}
    poses: dict[str, list[tuple[float, ...]]] = {role: [] for role in moving}
    stamps: dict[str, list[int]] = {role: [] for role in moving}
    publish = dict(zip(rows["log_ns"].tolist(), rows["publish_ns"].tolist(), strict=True))
    for log_ns, data in messages(descriptor, index, rows, path):
        found = convert.transforms_from(data)
        for role in moving:
            pose = found.get(camera_frame(role))
            if pose is not None:
                poses[role].append(pose)
                stamps[role].append(index.header.stamp_ns(publish[log_ns]))
    arrays: Arrays = {}
    for role in moving:
        order = np.argsort(np.array(stamps[role], dtype=np.int64), kind="stable")
        arrays[f"X_WC/{role}"] = np.array(poses[role], dtype=float).reshape(-1, 7)[order]
        arrays[f"X_WC_stamp_ns/{role}"] = np.array(stamps[role], dtype=np.int64)[order]
    return arrays
