"""Opens a finished or recovered episode: any frame by index or time, all ticks as arrays.

What only a simulator knows is not here: ``core.episodes.truth`` reads it, for those who may.
"""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS
from core.episodes import cache, convert
from core.episodes.arrays import Arrays, build_arrays
from core.episodes.codecs import decode_depth, decode_rgb
from core.episodes.table import ROW, build_table, read_chunk, read_index
from core.episodes.topics import EVENTS, STATE, depth_topic, rgb_topic
from core.errors import EpisodeFileError
from core.geometry import SE3
from core.messages import CameraInfo, EpisodeEvent, EpisodeMetadata, EpisodeSummary, Floats, Frame

log = logging.getLogger(__name__)


class EpisodeReader:
    """One episode file, open for reading. May be used from several threads at once.

    ``cache_dir`` keeps the offset table and the arrays, so that the second opening is quick; None keeps nothing.
    """

    def __init__(self, path: Path, cache_dir: Path | None = None) -> None:
        self.path = path
        self._cache_dir = cache_dir
        self._lock = threading.Lock()
        self._arrays: Arrays | None = None
        self._newest_chunk: tuple[int, bytes] = (-1, b"")
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise EpisodeFileError(f"{path} cannot be opened: {error.strerror}.") from error
        try:
            self._index = read_index(self._descriptor, path)
            self._table = self._load_table()
        except BaseException:
            self.close()
            raise
        self._first_ns, self._last_ns = self._limits()

    @property
    def metadata(self) -> EpisodeMetadata:
        return self._index.header.metadata

    @property
    def summary(self) -> EpisodeSummary | None:
        """What the recorder counted, as it stands in the file; None when that record is damaged."""
        return self._index.summary

    @property
    def cameras(self) -> dict[str, CameraInfo]:
        """The cameras by role, in the order of the recording."""
        return {camera.role: camera for camera in self._index.header.cameras}

    @property
    def start_ns(self) -> int:
        """The first stamp of any frame or tick: time zero of the episode."""
        return self._first_ns

    @property
    def end_ns(self) -> int:
        """The last stamp of any frame or tick."""
        return self._last_ns

    @property
    def duration_s(self) -> float:
        return (self._last_ns - self._first_ns) / NANOSECONDS

    def frame_count(self, role: str) -> int:
        return len(self._rows(role))

    def stamps(self, role: str) -> NDArray[np.int64]:
        """Capture stamps of a camera ``(N,)``, ns on the session's clock."""
        return self._stamps_of(self._rows(role)["publish_ns"])

    def receive_stamps(self, role: str) -> NDArray[np.int64]:
        """When each frame arrived ``(N,)``, ns on the session's clock."""
        return self._stamps_of(self._rows(role)["log_ns"])

    def sequences(self, role: str) -> NDArray[np.int64]:
        """The camera's own frame numbers ``(N,)``; a hole is a dropped frame."""
        return np.array(self._rows(role)["sequence"], dtype=np.int64)

    def index_at(self, role: str, stamp_ns: int) -> int:
        """The newest frame captured at or before a stamp; the first one when there is none before."""
        stamps = self.stamps(role)
        if stamps.size == 0:
            raise EpisodeFileError(f"{self.path.name} has no frame of the {role} camera.")
        return max(0, int(np.searchsorted(stamps, stamp_ns, side="right")) - 1)

    def frame(self, role: str, index: int, *, depth: bool = True) -> Frame:
        """A frame by position. ``depth=False`` leaves the depth image undecoded and None."""
        row = self._rows(role)[index]
        return Frame(
            role=role,
            sequence=int(row["sequence"]),
            capture_ns=self._index.header.stamp_ns(int(row["publish_ns"])),
            receive_ns=self._index.header.stamp_ns(int(row["log_ns"])),
            rgb=self.rgb(role, index),
            depth=self.depth(role, index) if depth else None,
            X_WC=self.X_WC(role, index),
        )

    def rgb(self, role: str, index: int) -> NDArray[np.uint8]:
        """The colour image ``(H, W, 3) uint8``."""
        camera = self._index.header.camera(role)
        return decode_rgb(self.rgb_jpeg(role, index), camera.width, camera.height)

    def rgb_jpeg(self, role: str, index: int) -> bytes:
        """The colour image as it is stored."""
        return convert.image_from(self._message(self._rows(role)[index]))[2]

    def depth(self, role: str, index: int) -> NDArray[np.uint16] | None:
        """The depth image ``(H, W) uint16`` in units of the camera's ``depth_scale_m``; None for a colour frame."""
        camera = self._index.header.camera(role)
        rows = self._table.get(depth_topic(role), np.zeros(0, ROW))
        found = np.flatnonzero(rows["publish_ns"] == self._rows(role)[index]["publish_ns"])
        if found.size == 0:
            return None
        return decode_depth(convert.image_from(self._message(rows[found[0]]))[2], camera.width, camera.height)

    def X_WC(self, role: str, index: int) -> SE3:
        """The pose of a camera at a frame, as it was measured."""
        camera = self._index.header.camera(role)
        if camera.X_WC is not None:
            return SE3.from_array(camera.X_WC)
        arrays, stamp_ns = self.arrays(), self.stamps(role)[index]
        poses, stamps = arrays[f"X_WC/{role}"], arrays[f"X_WC_stamp_ns/{role}"]
        position = int(np.searchsorted(stamps, stamp_ns))
        if position < stamps.size and stamps[position] == stamp_ns:
            return SE3.from_array(poses[position])
        return camera.pose(SE3.from_array(arrays["X_WE"][self._tick_at(int(stamp_ns))]))

    def joints_at(self, stamp_ns: int) -> tuple[Floats, float]:
        """Joints ``(7,)`` in radians and the gripper's width in metres, as measured at a stamp or next after it."""
        arrays, tick = self.arrays(), self._tick_at(stamp_ns)
        return tuple(arrays["q"][tick].tolist()), float(arrays["gripper_width_m"][tick])

    def _tick_at(self, stamp_ns: int) -> int:
        ticks = self.arrays()["stamp_ns"]
        if ticks.size == 0:
            raise EpisodeFileError(f"{self.path.name} does not say how the arm stood; its states are lost.")
        return min(int(np.searchsorted(ticks, stamp_ns)), ticks.size - 1)

    def arrays(self) -> Arrays:
        """All ticks as arrays, as ``core.episodes.arrays`` lists them. Do not write into them."""
        with self._lock:
            if self._arrays is None:
                found = cache.load(self._cache_dir, self.path, "arrays")
                if found is None:
                    found = build_arrays(self._descriptor, self._index, self._table, self.path)
                    cache.store(self._cache_dir, self.path, "arrays", found)
                self._arrays = found
            return self._arrays

    def events(self) -> list[EpisodeEvent]:
        """What happened, in order."""
        return [convert.event_from(self._message(row)) for row in self._table[EVENTS]]

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> EpisodeReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load_table(self) -> dict[str, NDArray[Any]]:
        found = cache.load(self._cache_dir, self.path, "table")
        if found is None:
            found = build_table(self._descriptor, self._index, self.path)
            cache.store(self._cache_dir, self.path, "table", found)
        return found

    def _limits(self) -> tuple[int, int]:
        topics = [STATE, *(rgb_topic(role) for role in self.cameras)]
        stamps = [self._table[topic]["publish_ns"] for topic in topics if self._table.get(topic, np.zeros(0)).size]
        if not stamps:
            return self._index.header.start_ns, self._index.header.start_ns
        first, last = min(int(each.min()) for each in stamps), max(int(each.max()) for each in stamps)
        return self._index.header.stamp_ns(first), self._index.header.stamp_ns(last)

    def _rows(self, role: str) -> NDArray[Any]:
        self._index.header.camera(role)
        return self._table.get(rgb_topic(role), np.zeros(0, ROW))

    def _stamps_of(self, log_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        return log_ns - self._index.header.metadata.created_utc_ns + self._index.header.start_ns

    def _message(self, row: Any) -> bytes:
        """The bytes of a message, out of a chunk whose CRC was checked. Neighbours come from the same read."""
        chunk = int(row["chunk"])
        start, length = (int(value) for value in self._index.chunks[chunk, :2])
        newest, payload = self._newest_chunk
        if newest != chunk:
            payload = read_chunk(self._descriptor, start, length, self.path)
            self._newest_chunk = (chunk, payload)
        offset = int(row["offset"]) - (start + length - len(payload))
        return payload[offset : offset + int(row["length"])]
