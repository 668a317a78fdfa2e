"""What recordings with the same cameras wrote lately: how much room the next one needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from core.messages import CameraInfo

_EPISODES = 5
_LOOKED_AT = 50
_SHORTEST_S = 1.0
_Kind = tuple[str, str, str, int, int, float]


def recent_bytes_per_second(connection: sqlite3.Connection, cameras: Sequence[CameraInfo]) -> float | None:
    """What a frame took in the newest episodes with exactly these cameras, at the rate without a drop.

    By frame, since a recording that dropped many wrote less than the next one may. None when there are none yet;
    episodes whose cameras cannot be read tell nothing.
    """
    query = (
        "SELECT bytes, frames, cameras FROM episodes JOIN descriptions ON episode = number "
        "WHERE status <> 'trashed' AND bytes > 0 AND frames > 0 AND duration_s >= ? "
        "ORDER BY created_utc_ns DESC LIMIT ?"
    )
    wanted = _compressible(cameras)
    found: list[tuple[int, int]] = []
    for size, frames, text in connection.execute(query, (_SHORTEST_S, _LOOKED_AT)):
        if _readable(text) == wanted:
            found.append((size, frames))
        if len(found) == _EPISODES:
            break
    if not found:
        return None
    bytes_per_frame = sum(size for size, _ in found) / sum(frames for _, frames in found)
    return bytes_per_frame * sum(camera.rate_hz for camera in cameras)


def _readable(text: str) -> frozenset[_Kind] | None:
    try:
        return _compressible(msgspec.json.decode(text, type=list[CameraInfo]))
    except msgspec.MsgspecError:
        return None


def _compressible(cameras: Sequence[CameraInfo]) -> frozenset[_Kind]:
    """What decides how much the cameras write; not their calibration."""
    return frozenset(
        (camera.role, camera.model, camera.serial, camera.width, camera.height, camera.rate_hz) for camera in cameras
    )
