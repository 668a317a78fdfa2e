"""One camera of a recording: lets its frames in while there is room, encodes them, and counts what became of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from core.episodes.codecs import DepthCodec, encode_depth, encode_rgb
from core.episodes.mcap_file import Chunk
from core.episodes.streams import StreamCounter, skew_ms
from core.episodes.topics import depth_topic, rgb_topic
from core.episodes.writer import EpisodeWriter
from core.errors import EpisodeFileError
from core.messages import CameraInfo, EpisodeEvent, Frame

FRAMES_IN_FLIGHT = 30
"""Frames of one camera that may wait to be encoded and written in a live recording: one second."""
HURRY_AT = 6
"""With more than so many under way, depth is stored uncompressed: bigger files instead of dropped frames."""


@dataclass(frozen=True, slots=True)
class CameraCounters:
    """One camera of a running recording.

    ``skew_ms`` is the newest capture against the first camera's; ``hurried`` counts the frames whose depth was stored
    uncompressed because the computer was busy.
    """

    frames: int
    dropped: int
    rate_hz: float
    gaps: int
    longest_gap_ms: float
    skew_ms: float
    hurried: int = 0


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """The images of a frame, ready to be written, and the size of each."""

    frame: Frame
    chunk: Chunk
    sizes: tuple[int, ...]
    hurried: bool


class CameraIntake:
    """``admit`` and ``withdraw`` belong to the camera's thread, ``encode`` to the pool, ``written`` to the writer's."""

    def __init__(self, info: CameraInfo, codec: DepthCodec, room: threading.Semaphore) -> None:
        self.info = info
        self.rgb = StreamCounter(rgb_topic(info.role), "jpeg", info.rate_hz)
        self.depth = StreamCounter(depth_topic(info.role), codec.value, info.rate_hz)
        self._codec = codec
        self._room = room
        self._admitted = 0
        self._released = 0
        self._hurried = 0
        self._unreported = 0

    def admit(self, frame: Frame, *, wait: bool) -> bool:
        """Whether there is room for a frame; without ``wait``, one without room is counted as dropped.

        Images of another size or kind could never be read again: EpisodeFileError, and the frame is dropped too.
        """
        self._unreported += self.rgb.arrived(frame.sequence)
        try:
            self._require_images(frame)
        except EpisodeFileError:
            self._lose()
            raise
        if not self._room.acquire(blocking=wait):
            self._lose()
            return False
        self._admitted += 1
        return True

    def withdraw(self, *, dropped: bool) -> None:
        """An admitted frame could not be queued after all."""
        self.release()
        if dropped:
            self._lose()

    def release(self) -> None:
        """An admitted frame takes no more room."""
        self._released += 1
        self._room.release()

    def encode(self, frame: Frame, writer: EpisodeWriter) -> EncodedFrame:
        images = [(self.rgb.topic, "jpeg", encode_rgb(frame.rgb))]
        hurried = self._admitted - self._released > HURRY_AT and self._codec is DepthCodec.PNG
        if frame.depth is not None:
            depth = encode_depth(frame.depth, self._codec, hurried=hurried)
            images.append((self.depth.topic, self._codec.value, depth))
        sizes = tuple(len(data) for _, _, data in images)
        return EncodedFrame(frame, writer.image_chunk(frame, images), sizes, hurried)

    def written(self, encoded: EncodedFrame) -> list[EpisodeEvent]:
        """Count a frame that is in the file; returns what the file should say about the frames before it."""
        for counter, size in zip((self.rgb, self.depth), encoded.sizes, strict=False):
            counter.kept(encoded.frame.capture_ns)
            counter.bytes += size
        self._hurried += encoded.hurried
        events = [_hurried_event(encoded.frame)] if encoded.hurried and self._hurried == 1 else []
        if self._unreported:
            missing, self._unreported = self._unreported, 0
            events.append(_dropped_event(encoded.frame, missing))
        return events

    def counters(self, reference: CameraIntake) -> CameraCounters:
        return CameraCounters(
            frames=self.rgb.frames,
            dropped=self.rgb.dropped,
            rate_hz=round(self.rgb.rate_hz(), 2),
            gaps=self.rgb.gaps,
            longest_gap_ms=self.rgb.longest_gap_ns / 1e6,
            skew_ms=round(skew_ms(self.rgb.newest_ns(1), reference.rgb.newest_ns(8)), 3),
            hurried=self._hurried,
        )

    def _require_images(self, frame: Frame) -> None:
        size = (self.info.height, self.info.width)
        _require_image(self.info.role, "colour", frame.rgb.shape, frame.rgb.dtype, (*size, 3), np.dtype(np.uint8))
        if frame.depth is not None:
            _require_image(self.info.role, "depth", frame.depth.shape, frame.depth.dtype, size, np.dtype(np.uint16))

    def _lose(self) -> None:
        self.rgb.lost()
        self._unreported += 1


def _require_image(
    role: str,
    kind: str,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    wanted_shape: tuple[int, ...],
    wanted_dtype: np.dtype[np.generic],
) -> None:
    if shape != wanted_shape or dtype != wanted_dtype:
        raise EpisodeFileError(
            f"The {role} camera should deliver {kind} images {wanted_shape} {wanted_dtype}, it sent {shape} {dtype}."
        )


def _hurried_event(frame: Frame) -> EpisodeEvent:
    return EpisodeEvent(
        frame.capture_ns,
        "depth_uncompressed",
        f"The computer was busy, so some depth images of the {frame.role} camera were stored uncompressed.",
        {"role": frame.role},
    )


def _dropped_event(frame: Frame, missing: int) -> EpisodeEvent:
    return EpisodeEvent(
        frame.capture_ns,
        "frames_dropped",
        f"{missing} {'frame' if missing == 1 else 'frames'} of the {frame.role} camera did not reach the file.",
        {"role": frame.role, "dropped": missing},
    )
