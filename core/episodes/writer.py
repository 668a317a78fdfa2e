"""Writes one episode file: unfinished under another name, locked, and synchronised to the disk twice a second."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from core import clock
from core.episodes import convert
from core.episodes.header import HEADER, SUMMARY, EpisodeHeader, protected, unfinished
from core.episodes.mcap_file import Chunk, McapFile
from core.episodes.topics import (
    EVENTS,
    JOINTS,
    SENT,
    STATE,
    TRANSFORMS,
    TRUTH,
    WANTED,
    calibration_topic,
    camera_frame,
    channels_of,
    depth_topic,
    rgb_topic,
)
from core.errors import EpisodeFileError
from core.messages import CameraInfo, EpisodeMetadata, EpisodeSummary, Frame, Step, Truth
from core.platform import sync_directory, try_lock

CHUNK_BYTES = 64 * 1024
CHUNK_SPAN_NS = 33_000_000
SYNC_PERIOD_NS = 500_000_000
REPEAT_HEADER_FIRST_BYTES = 256 * 1024
REPEAT_HEADER_EVERY_BYTES = 64 * 1024 * 1024
JOINTS_EVERY = 4
LIBRARY = "reticle"


class EpisodeWriter:
    """One episode on its way to the disk. Not thread-safe: the recorder's writer thread owns it.

    ``path`` is the finished name, ``<id>.mcap``; until ``finish`` the file is ``<id>.mcap.part``, created exclusively
    with mode 0600 and locked. Images go out at once; the small messages of up to 33 ms share a chunk.
    """

    def __init__(
        self,
        path: Path,
        metadata: EpisodeMetadata,
        cameras: Sequence[CameraInfo],
        *,
        depth_codec: str = "png",
        start_ns: int | None = None,
    ) -> None:
        self.path = path
        self.part = unfinished(path)
        self.header = EpisodeHeader(metadata, tuple(cameras), _start(metadata) if start_ns is None else start_ns)
        self._channels = channels_of(cameras)
        self._ticks = Chunk()
        self._tick = 0
        self._newest_X_WE: tuple[float, ...] | None = None
        self._repeat_header_at = REPEAT_HEADER_FIRST_BYTES
        self._descriptor = _create(self.part)
        try:
            self._file = McapFile(self._descriptor, LIBRARY)
            self._file.add_metadata(HEADER, protected(self.header))
            self._file.add_channels(list(self._channels.values()), _codecs(cameras, depth_codec))
            self._add_calibrations()
            self._flush()
            self.sync()
        except OSError as error:
            self.discard()
            raise EpisodeFileError(f"The recording could not be started in {path.parent}: {error.strerror}.") from error
        self._synced_ns = clock.monotonic_ns()

    @property
    def size(self) -> int:
        """Bytes that stand in the file."""
        return self._file.size

    def step(self, step: Step) -> None:
        """State, setpoint wanted and setpoint sent of one control tick; joints on every fourth."""
        stamp_ns, sequence = step.state.stamp_ns, step.state.sequence
        self._make_room(stamp_ns)
        self._add(STATE, stamp_ns, sequence, convert.state_bytes(step.state))
        if step.wanted is not None:
            self._add(WANTED, stamp_ns, sequence, convert.setpoint_bytes(step.wanted))
        self._add(SENT, stamp_ns, sequence, convert.sent_bytes(step))
        if self._tick % JOINTS_EVERY == 0:
            self._add(JOINTS, stamp_ns, sequence, convert.joints_bytes(step.state, self.header.log_ns(stamp_ns)))
        self._tick += 1
        self._newest_X_WE = step.state.X_WE

    def truth(self, truth: Truth) -> None:
        self._make_room(truth.stamp_ns)
        self._add(TRUTH, truth.stamp_ns, 0, convert.truth_bytes(truth))

    def event(self, stamp_ns: int, data: bytes) -> None:
        """An event, as ``convert.event_bytes`` gives it."""
        self._make_room(stamp_ns)
        self._add(EVENTS, stamp_ns, 0, data)

    def image_chunk(self, frame: Frame, encoded: Sequence[tuple[str, str, bytes]]) -> Chunk:
        """The chunk of a frame's encoded images, (topic, format, data). Touches no state: encoder threads call it."""
        log_ns, capture_ns = self.header.log_ns(frame.receive_ns), self.header.log_ns(frame.capture_ns)
        images = Chunk()
        for topic, image_format, data in encoded:
            message = convert.image_bytes(frame.role, image_format, data, capture_ns)
            images.add(self._channels[topic].number, frame.sequence, log_ns, capture_ns, message)
        images.seal()
        return images

    def image(self, frame: Frame, images: Chunk) -> None:
        """The images of a frame, as ``image_chunk`` made them. They reach the file before this returns."""
        log_ns, capture_ns = self.header.log_ns(frame.receive_ns), self.header.log_ns(frame.capture_ns)
        poses = {camera_frame(frame.role): frame.X_WC.as_tuple()}
        if self._newest_X_WE is not None:
            poses[convert.END_EFFECTOR] = self._newest_X_WE
        self._file.add_chunk(images)
        self._make_room(frame.receive_ns)
        transforms = convert.transforms_bytes(poses, capture_ns)
        self._ticks.add(self._channels[TRANSFORMS].number, frame.sequence, log_ns, capture_ns, transforms)
        self._repeat_header()

    def sync_if_due(self) -> bool:
        """Synchronise to the disk when half a second has passed; True when it did."""
        if clock.monotonic_ns() - self._synced_ns < SYNC_PERIOD_NS:
            return False
        self.sync()
        return True

    def sync(self) -> None:
        os.fdatasync(self._descriptor)
        self._synced_ns = clock.monotonic_ns()

    def finish(self, summary: EpisodeSummary) -> tuple[int, str]:
        """Close the file under its final name; returns its size and SHA-256. OSError leaves what was written."""
        self._flush()
        self._file.add_metadata(HEADER, protected(self.header))
        self._file.add_metadata(SUMMARY, protected(summary))
        self._file.finish()
        os.fsync(self._descriptor)
        self.part.rename(self.path)
        sync_directory(self.path.parent)
        self._close()
        return self._file.size, self._file.sha256

    def leave(self) -> None:
        """Close the file unfinished, to be recovered."""
        self._close()

    def discard(self) -> None:
        """Close the file and remove it."""
        self.part.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _make_room(self, stamp_ns: int) -> None:
        full = self._ticks.size >= CHUNK_BYTES
        if full or (self._ticks.size and self.header.log_ns(stamp_ns) - self._ticks.first_ns >= CHUNK_SPAN_NS):
            self._flush()

    def _flush(self) -> None:
        self._file.add_chunk(self._ticks)
        self._ticks = Chunk()
        self._repeat_header()

    def _repeat_header(self) -> None:
        """Now and then once more: one damaged block must not cost what the episode is."""
        if self._file.size > self._repeat_header_at:
            self._repeat_header_at = self._file.size + REPEAT_HEADER_EVERY_BYTES
            self._file.add_metadata(HEADER, protected(self.header))

    def _add(self, topic: str, stamp_ns: int, sequence: int, data: bytes) -> None:
        log_ns = self.header.log_ns(stamp_ns)
        self._ticks.add(self._channels[topic].number, sequence, log_ns, log_ns, data)

    def _add_calibrations(self) -> None:
        for camera in self.header.cameras:
            data = convert.calibration_bytes(camera, self.header.metadata.created_utc_ns)
            self._add(calibration_topic(camera.role), self.header.start_ns, 0, data)


def _start(metadata: EpisodeMetadata) -> int:
    """The session's clock when ``metadata`` was made: zero in lockstep, now less the time since on a wall."""
    if metadata.clock == "lockstep":
        return 0
    return clock.monotonic_ns() - max(0, clock.utc_ns() - metadata.created_utc_ns)


def _codecs(cameras: Sequence[CameraInfo], depth_codec: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for camera in cameras:
        found[rgb_topic(camera.role)] = {"codec": "jpeg"}
        found[depth_topic(camera.role)] = {"codec": depth_codec, "depth_scale_m": repr(camera.depth_scale_m)}
    return found


def _create(part: Path) -> int:
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise EpisodeFileError(f"{part.name} exists already; the recording before it was not finished.") from None
    except OSError as error:
        raise EpisodeFileError(
            f"The recording could not be started in {part.parent}: {error.strerror}; make the folder writable."
        ) from error
    if not try_lock(descriptor) or not part.exists() or part.stat().st_ino != os.fstat(descriptor).st_ino:
        os.close(descriptor)
        raise EpisodeFileError(f"{part.name} was taken for a left-over by another program; start the recording again.")
    sync_directory(part.parent)
    return descriptor
