"""Writing whole episodes into the catalogue: begun, completed, rebuilt from their files."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence

import msgspec

from core.clock import utc_ns
from core.episodes.header import EpisodeHeader
from core.messages import CameraInfo, EpisodeMetadata, EpisodeSummary


def insert(
    connection: sqlite3.Connection,
    metadata: EpisodeMetadata,
    cameras: Sequence[CameraInfo],
    status: str = "recording",
) -> None:
    """A row for an episode that begins, or that was found without one."""
    connection.execute("INSERT OR IGNORE INTO tasks VALUES (?, ?)", (metadata.task, utc_ns()))
    connection.execute("INSERT OR IGNORE INTO operators VALUES (?, ?)", (metadata.operator, utc_ns()))
    values = {
        "id": metadata.id,
        "task": metadata.task,
        "operator": metadata.operator,
        "demonstrator": metadata.demonstrator,
        "status": status,
        "notes": metadata.notes,
        "tags": _json(sorted(set(metadata.tags))),
        "created_utc_ns": metadata.created_utc_ns,
        "rig": metadata.rig,
        "simulated": int(metadata.simulated),
        "seed": metadata.seed,
        "distribution": metadata.distribution,
    }
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    cursor = connection.execute(f"INSERT INTO episodes ({names}) VALUES ({marks})", tuple(values.values()))
    number = int(cursor.lastrowid or 0)
    connection.execute(
        "INSERT INTO descriptions VALUES (?, ?, ?, ?)",
        (number, _json(metadata), _json(cameras), _json(metadata.start_poses)),
    )
    for camera in cameras:
        _note_calibration(connection, number, camera)
    if metadata.policy:
        connection.execute("INSERT INTO attempts (episode, policy) VALUES (?, ?)", (number, metadata.policy))


def describe(connection: sqlite3.Connection, header: EpisodeHeader) -> None:
    """What the file says it was recorded with: the recorder knows the rig better than whoever began the row.

    Task, operator, notes and tags stay as they are in the row, where somebody may have changed them meanwhile.
    """
    metadata = header.metadata
    connection.execute(
        "UPDATE episodes SET demonstrator = ?, rig = ?, simulated = ?, seed = ?, distribution = ? WHERE id = ?",
        (
            metadata.demonstrator,
            metadata.rig,
            int(metadata.simulated),
            metadata.seed,
            metadata.distribution,
            metadata.id,
        ),
    )
    (number,) = connection.execute("SELECT number FROM episodes WHERE id = ?", (metadata.id,)).fetchone()
    connection.execute(
        "UPDATE descriptions SET metadata = ?, cameras = ? WHERE episode = ?",
        (_json(metadata), _json(header.cameras), number),
    )
    for camera in header.cameras:
        _note_calibration(connection, number, camera)


def complete(connection: sqlite3.Connection, summary: EpisodeSummary, status: str) -> None:
    """What came of a recording. A success that somebody has set in the meantime stays."""
    connection.execute(
        "UPDATE episodes SET status = ?, integrity = ?, success = coalesce(success, ?), duration_s = ?, frames = ?, "
        "dropped = ?, steps = ?, bytes = ?, sha256 = ?, disturbed = ?, stop_reason = ? WHERE id = ?",
        (
            status,
            str(summary.integrity),
            None if summary.success is None else int(summary.success),
            summary.duration_s,
            summary.frames,
            summary.dropped,
            summary.steps,
            summary.bytes,
            summary.sha256,
            int(summary.disturbed),
            summary.stop_reason,
            summary.id,
        ),
    )
    (number,) = connection.execute("SELECT number FROM episodes WHERE id = ?", (summary.id,)).fetchone()
    connection.execute(
        "UPDATE descriptions SET start_poses = ? WHERE episode = ?", (_json(summary.start_poses), number)
    )
    connection.execute(
        "UPDATE attempts SET judged = ?, disturbance = ?, interventions = ?, final_distance_m = ?, final_angle_rad = ? "
        "WHERE episode = ?",
        (
            None if summary.judged is None else int(summary.judged),
            summary.disturbance,
            summary.interventions,
            *((None, None) if summary.final_error is None else msgspec.structs.astuple(summary.final_error)),
            number,
        ),
    )
    connection.execute("DELETE FROM streams WHERE episode = ?", (number,))
    connection.executemany(
        "INSERT INTO streams VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(number, *msgspec.structs.astuple(stream)) for stream in summary.streams],
    )


def _note_calibration(connection: sqlite3.Connection, episode: int, camera: CameraInfo) -> None:
    key = (camera.role, camera.model, camera.serial)
    connection.execute("INSERT OR IGNORE INTO cameras (role, model, serial) VALUES (?, ?, ?)", key)
    (number,) = connection.execute("SELECT id FROM cameras WHERE role = ? AND model = ? AND serial = ?", key).fetchone()
    info = _json(camera)
    calibration = camera.calibration_id or hashlib.sha256(info.encode()).hexdigest()[:26]
    connection.execute(
        "INSERT OR IGNORE INTO calibrations (id, camera, info, created_utc_ns) VALUES (?, ?, ?, ?)",
        (calibration, number, info, utc_ns()),
    )
    connection.execute("INSERT OR IGNORE INTO episode_calibrations VALUES (?, ?)", (episode, calibration))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
