"""Saves what is intact in an unfinished or damaged file: rewritten as a valid one, checked, then the old one goes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from core.clock import NANOSECONDS
from core.episodes import convert, reticle_pb2
from core.episodes.codecs import jpeg_size
from core.episodes.conduct import Conduct
from core.episodes.header import FINISHED_SUFFIX, HEADER, SUMMARY, EpisodeHeader, protected
from core.episodes.mcap_file import Chunk, McapFile
from core.episodes.scan import FileScan, find_description, scan_file
from core.episodes.streams import StreamCounter, summaries
from core.episodes.table import messages_in, read_index
from core.episodes.topics import (
    SENT,
    STATE,
    TRUTH,
    WANTED,
    camera_slot,
    channels_of,
    depth_topic,
    rgb_topic,
    role_of_frame,
)
from core.episodes.truth import truth_from
from core.errors import EpisodeFileError
from core.messages import CameraInfo, Disturbance, EpisodeSummary, Floats, Integrity, Source
from core.platform import sync_directory, try_lock

RECOVERING_SUFFIX = ".mcap.recovering"
_STATE = channels_of(())[STATE].number


class StillRecordingError(EpisodeFileError):
    """Another process is writing the file; it must be left alone."""


def is_finished(path: Path) -> bool:
    """Whether the file is whole to its last byte: the recorder was stopped just before it renamed it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        index = read_index(descriptor, path)
    except EpisodeFileError:
        return False
    finally:
        os.close(descriptor)
    return index.summary is not None and not scan_file(path)[1].damage


def recover(source: Path, target: Path, fallback: EpisodeHeader | None = None) -> EpisodeSummary | None:
    """Rewrite what is intact of ``source`` to ``target``; None when there is no message to save.

    ``source`` stays until the new file has been read back, then it is removed. ``fallback`` describes the episode when
    no copy of its own description survived. StillRecordingError when another process is writing ``source``.
    """
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if not try_lock(descriptor):
            raise StillRecordingError(f"{source.name} is still being recorded.")
        return _recover(descriptor, source, target, fallback)
    finally:
        os.close(descriptor)


def _recover(descriptor: int, source: Path, target: Path, fallback: EpisodeHeader | None) -> EpisodeSummary | None:
    header = find_description(descriptor) or _completed(descriptor, fallback)
    if header is None:
        raise EpisodeFileError(
            f"{source.name} no longer says what it is, and the catalogue does not know either; it was left as it is."
        )
    partial = target.with_name(target.name.removesuffix(FINISHED_SUFFIX) + RECOVERING_SUFFIX)
    partial.unlink(missing_ok=True)
    try:
        summary, counts = _rewrite(descriptor, partial, header)
        if sum(counts.values()) == 0:
            partial.unlink()
            return None
        _require_same(partial, counts)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(target)
    sync_directory(target.parent)
    if source != target:
        source.unlink()
        sync_directory(source.parent)
    return msgspec.structs.replace(summary, path=str(target))


def _completed(descriptor: int, fallback: EpisodeHeader | None) -> EpisodeHeader | None:
    """``fallback`` with what the messages themselves tell: the clock, and cameras that it does not know.

    Each tick holds its stamp and its log time, each image its camera's name and its size. Intrinsics are then zero,
    which means not calibrated.
    """
    if fallback is None:
        return None
    start_ns, cameras = fallback.start_ns, {camera.role: camera for camera in fallback.cameras}
    anchored = False
    for channel, log_ns, data in _all_messages(descriptor):
        if channel == _STATE and not anchored:
            stamp_ns, anchored = convert.parse(reticle_pb2.State(), data).stamp_ns, True
            start_ns = stamp_ns - log_ns + fallback.metadata.created_utc_ns
        slot = camera_slot(channel)
        if slot is not None and slot[1] == "rgb":
            frame_id, _, image = convert.image_from(data)
            role = role_of_frame(frame_id)
            if role not in cameras:
                width, height = jpeg_size(image)
                cameras[role] = CameraInfo(role, width, height, 30.0, 0.0, 0.0, 0.0, 0.0)
    return msgspec.structs.replace(fallback, start_ns=start_ns, cameras=tuple(cameras.values()))


def _all_messages(descriptor: int) -> Iterator[tuple[int, int, bytes]]:
    """Channel, log time and bytes of every intact message."""
    for chunk in FileScan(descriptor):
        for channel, _, log_ns, _, start, length in messages_in(chunk.payload):
            yield channel, log_ns, chunk.payload[start : start + length]


def _rewrite(descriptor: int, partial: Path, header: EpisodeHeader) -> tuple[EpisodeSummary, Counter[int]]:
    output = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        account = _Account(header)
        file = McapFile(output, "reticle")
        file.add_metadata(HEADER, protected(header))
        file.add_channels(list(channels_of(header.cameras).values()), account.channel_metadata())
        scan = FileScan(descriptor)
        for found in scan:
            chunk = account.note(found.payload)
            file.add_chunk(chunk)
        summary = account.summary(scan.findings.summary)
        file.add_metadata(HEADER, protected(header))
        file.add_metadata(SUMMARY, protected(summary))
        file.finish()
        os.fsync(output)
        return msgspec.structs.replace(summary, bytes=file.size, sha256=file.sha256), account.counts
    finally:
        os.close(output)


def _require_same(path: Path, expected: Counter[int]) -> None:
    """Read the new file back: every message must be there before the old file may go."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        read_index(descriptor, path)
        scan = FileScan(descriptor)
        counts = Counter(message[0] for chunk in scan for message in messages_in(chunk.payload))
    finally:
        os.close(descriptor)
    if counts != expected or scan.findings.damage:
        raise EpisodeFileError(f"{path.name} could not be read back after recovery; the original was kept.")


class _Account:
    """Counts what is saved as the recorder would have."""

    def __init__(self, header: EpisodeHeader) -> None:
        self._header = header
        self._topics = {channel.number: channel.topic for channel in channels_of(header.cameras).values()}
        self._colour = {rgb_topic(c.role): StreamCounter(rgb_topic(c.role), "jpeg", c.rate_hz) for c in header.cameras}
        self._depth = {
            depth_topic(c.role): StreamCounter(depth_topic(c.role), "png", c.rate_hz) for c in header.cameras
        }
        self._steps = StreamCounter(STATE, "protobuf", header.metadata.control_rate_hz)
        self._start_poses: dict[str, Floats] = header.metadata.start_poses
        self._conduct = Conduct()
        self._stamps: list[int] = []
        self.counts: Counter[int] = Counter()

    def channel_metadata(self) -> dict[str, dict[str, str]]:
        return {
            depth_topic(camera.role): {"depth_scale_m": repr(camera.depth_scale_m)} for camera in self._header.cameras
        }

    def note(self, payload: bytes) -> Chunk:
        """Count the messages of a chunk and return it, ready to be written again."""
        chunk = Chunk()
        for channel, sequence, log_ns, publish_ns, start, length in messages_in(payload):
            if channel not in self._topics:
                continue
            data = payload[start : start + length]
            chunk.add(channel, sequence, log_ns, publish_ns, data)
            self.counts[channel] += 1
            self._note_message(self._topics[channel], sequence, publish_ns, data)
        return chunk

    def _note_message(self, topic: str, sequence: int, publish_ns: int, data: bytes) -> None:
        counter = self._colour.get(topic) or self._depth.get(topic)
        if topic == STATE:
            counter = self._steps
        if counter is not None:
            counter.arrived(sequence)
            counter.kept(self._header.stamp_ns(publish_ns))
            counter.bytes += len(data)
            self._stamps.append(self._header.stamp_ns(publish_ns))
            if topic in self._depth:
                counter.codec = convert.image_from(data)[1]
        elif topic == SENT:
            self._conduct.disturbed(Disturbance(convert.parse(reticle_pb2.Sent(), data).disturbance))
        elif topic == WANTED:
            self._conduct.driven(Source(convert.parse(reticle_pb2.Setpoint(), data).source))
        elif topic == TRUTH and not self._start_poses:
            self._start_poses = truth_from(data).X_WO

    def summary(self, written: EpisodeSummary | None) -> EpisodeSummary:
        """``written``: what the recorder itself said, when it came that far."""
        colour = list(self._colour.values())
        depth = [counter for counter in self._depth.values() if counter.frames]
        return EpisodeSummary(
            id=self._header.metadata.id,
            path="",
            bytes=0,
            sha256="",
            duration_s=round((max(self._stamps) - min(self._stamps)) / NANOSECONDS, 6) if self._stamps else 0.0,
            frames=sum(counter.frames for counter in colour),
            dropped=sum(counter.dropped for counter in colour) + self._steps.dropped,
            steps=self._steps.frames,
            streams=summaries(colour, [*depth, self._steps]),
            success=written.success if written else None,
            stop_reason=written.stop_reason if written else None,
            integrity=Integrity.RECOVERED,
            disturbed=self._conduct.disturbance is not Disturbance.NONE,
            start_poses=self._start_poses,
            judged=written.judged if written else None,
            final_error=written.final_error if written else None,
            disturbance=self._conduct.disturbance,
            interventions=self._conduct.interventions,
        )
