"""The one recorder: of the live station, and of simulated time.

The control thread hands over steps, the camera threads frames; neither ever waits on a live recording. A pool encodes,
one thread writes, in the order in which things were handed over. What finds its queue full is dropped, counted, shown
and stored. In simulated time nothing is dropped: there the caller waits instead.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.clock import NANOSECONDS
from core.episodes import convert, disk
from core.episodes.codecs import DepthCodec
from core.episodes.conduct import Conduct
from core.episodes.intake import FRAMES_IN_FLIGHT, CameraCounters, CameraIntake, EncodedFrame
from core.episodes.streams import StreamCounter, summaries
from core.episodes.topics import STATE
from core.episodes.writer import EpisodeWriter
from core.errors import EpisodeFileError, StopReason
from core.messages import (
    CameraInfo,
    Disturbance,
    EpisodeEvent,
    EpisodeMetadata,
    EpisodeSummary,
    Floats,
    Frame,
    Integrity,
    Step,
    TargetError,
    Truth,
)
from core.platform import free_bytes, give_way

log = logging.getLogger(__name__)

MESSAGES_IN_FLIGHT = 8192


@dataclass(frozen=True, slots=True)
class RecorderCounters:
    """A running recording at a glance. ``error`` and ``stop_reason`` are set once it had to stop by itself."""

    frames: int
    dropped: int
    steps: int
    bytes_written: int
    elapsed_s: float
    minutes_left: float
    cameras: dict[str, CameraCounters]
    stop_reason: StopReason | None = None
    error: str | None = None


class Recorder:
    """Records one episode into ``path`` (``<id>.mcap``). Every method may be called from any thread.

    ``synchronous`` is for simulated time: frames wait for room instead of being dropped, and at most
    ``encoder_threads`` of them are under way. ``bytes_per_second`` is what it is expected to write.
    """

    def __init__(
        self,
        path: Path,
        metadata: EpisodeMetadata,
        cameras: Sequence[CameraInfo],
        *,
        encoder_threads: int = 2,
        depth_codec: str = "png",
        synchronous: bool = False,
        start_ns: int | None = None,
        bytes_per_second: float | None = None,
    ) -> None:
        codec = DepthCodec(depth_codec)
        self._synchronous = synchronous
        self._writer = EpisodeWriter(path, metadata, cameras, depth_codec=codec, start_ns=start_ns)
        self._metadata = metadata
        room = threading.Semaphore(encoder_threads) if synchronous else None
        self._cameras = {
            camera.role: CameraIntake(camera, codec, room or threading.Semaphore(FRAMES_IN_FLIGHT))
            for camera in cameras
        }
        self._steps = StreamCounter(STATE, "protobuf", metadata.control_rate_hz)
        self._first_ns: int | None = None
        self._last_ns = 0
        self._conduct = Conduct()
        self._start_poses: dict[str, Floats] = metadata.start_poses
        self._stop_reason: StopReason | None = None
        self._error: str | None = None
        self._expected = bytes_per_second or disk.estimated_bytes_per_second(cameras, metadata.control_rate_hz)
        self._minutes_left = disk.minutes_left(free_bytes(path.parent), self._expected)
        self._summary: EpisodeSummary | None = None
        self._closed = False
        self._finishing = threading.Lock()
        self._queue: queue.Queue[_Item] = queue.Queue(maxsize=MESSAGES_IN_FLIGHT)
        # Capture and control come first: frames that wait for their encoding are in the queue, missed ones are lost.
        self._pool = ThreadPoolExecutor(encoder_threads, "encoder", initializer=give_way)
        self._thread = threading.Thread(target=self._write_all, name="episode-writer", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        return self._writer.path

    def frame(self, frame: Frame) -> bool:
        """Take a frame; False when it was dropped because the queue is full, or the recording has ended.

        EpisodeFileError when it is none of this recording's cameras', or dropped because its images do not fit.
        """
        camera = self._cameras.get(frame.role)
        if camera is None:
            raise EpisodeFileError(f"The recording has no camera '{frame.role}'; it has: {', '.join(self._cameras)}.")
        if self._ended or not camera.admit(frame, wait=self._synchronous):
            return False
        if self._ended:  # while it waited for room
            camera.withdraw(dropped=False)
            return False
        try:
            encoding = self._pool.submit(camera.encode, frame, self._writer)
        except RuntimeError:  # the recording was finished in the meantime
            camera.withdraw(dropped=False)
            return False
        if self._put(_Image(encoding, camera)):
            return True
        camera.withdraw(dropped=True)
        return False

    def step(self, step: Step) -> bool:
        """Take a control tick; False when it was dropped or the recording has ended. Never waits when live."""
        if self._ended:
            return False
        self._steps.arrived(step.state.sequence)
        if self._put(step):
            return True
        self._steps.lost()
        return False

    def truth(self, truth: Truth) -> bool:
        """Take what only the simulator knows."""
        return not self._ended and self._put(truth)

    def event(self, event: EpisodeEvent) -> bool:
        """Take an event; its data must be plain JSON values."""
        return not self._ended and self._put(_Event(event.stamp_ns, convert.event_bytes(event)))

    def counters(self) -> RecorderCounters:
        """The recording now; cheap enough to ask for at every repaint."""
        intakes = self._cameras
        first = next(iter(intakes.values()), None)
        cameras = {role: camera.counters(first or camera) for role, camera in intakes.items()}
        return RecorderCounters(
            frames=sum(camera.frames for camera in cameras.values()),
            dropped=sum(camera.dropped for camera in cameras.values()) + self._steps.dropped,
            steps=self._steps.frames,
            bytes_written=self._writer.size,
            elapsed_s=self._elapsed_s,
            minutes_left=self._minutes_left,
            cameras=cameras,
            stop_reason=self._stop_reason,
            error=self._error,
        )

    def finish(
        self,
        success: bool | None = None,
        stop_reason: str | None = None,
        judged: bool | None = None,
        final_error: TargetError | None = None,
    ) -> EpisodeSummary:
        """Write what is under way and close the file. A second call returns the same summary.

        After a write error the file keeps everything before it; ``integrity`` says so. When not even the closing
        fits on the disk the file stays unfinished, ``path`` names it, and recovery completes it.
        """
        with self._finishing:
            if self._summary is None:
                self._drain()
                self._summary = self._close(
                    self._summarise(success, stop_reason or self._stop_reason, judged, final_error)
                )
            return self._summary

    def abort(self) -> None:
        """Stop and remove the file. To discard an episode so that it can be restored, finish it and trash it."""
        self._drain()
        self._writer.discard()

    @property
    def _ended(self) -> bool:
        return self._closed or self._error is not None or self._stop_reason is not None

    @property
    def _elapsed_s(self) -> float:
        return 0.0 if self._first_ns is None else (self._last_ns - self._first_ns) / NANOSECONDS

    def _drain(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._pool.shutdown()

    def _put(self, item: _Item) -> bool:
        try:
            self._queue.put(item, block=self._synchronous)
        except queue.Full:
            return False
        return True

    def _write_all(self) -> None:
        """The writer thread: it outlives every error, so that nobody waits for ever."""
        while (item := self._queue.get()) is not None:
            try:
                if self._error is None:
                    self._write(item)
                    if self._writer.sync_if_due():
                        self._look_at_disk()
            except OSError as error:
                self._fail(error)
            except Exception as error:
                log.exception("The recording failed")
                self._error = f"The recording stopped ({type(error).__name__}: {error}); all before it was kept."
                self._stop_reason = StopReason.RECORDING_FAILED
            finally:
                if isinstance(item, _Image):
                    item.camera.release()

    def _write(self, item: Step | Truth | _Event | _Image) -> None:
        if isinstance(item, Step):
            self._writer.step(item)
            self._steps.kept(item.state.stamp_ns)
            self._conduct.disturbed(item.disturbance)
            if item.wanted is not None:
                self._conduct.driven(item.wanted.source)
            self._note(item.state.stamp_ns)
        elif isinstance(item, Truth):
            self._writer.truth(item)
            self._start_poses = self._start_poses or dict(item.X_WO)
        elif isinstance(item, _Event):
            self._writer.event(item.stamp_ns, item.data)
        else:
            self._write_image(item)

    def _write_image(self, image: _Image) -> None:
        encoded = image.encoding.result()
        self._writer.image(encoded.frame, encoded.chunk)
        self._note(encoded.frame.capture_ns)
        for event in image.camera.written(encoded):
            self._writer.event(event.stamp_ns, convert.event_bytes(event))

    def _note(self, stamp_ns: int) -> None:
        self._first_ns = stamp_ns if self._first_ns is None else min(self._first_ns, stamp_ns)
        self._last_ns = max(self._last_ns, stamp_ns)

    def _look_at_disk(self) -> None:
        rate = disk.corrected_bytes_per_second(self._expected, self._writer.size, self._elapsed_s)
        free = free_bytes(self._writer.path.parent)
        self._minutes_left = disk.minutes_left(free, rate)
        if free < disk.RESERVE_BYTES:
            self._stop_reason = StopReason.DISK_FULL

    def _fail(self, error: OSError) -> None:
        log.error("Episode %s: %s", self._metadata.id, error)
        self._error = f"The recording was closed because writing failed ({error.strerror}); all before it was kept."
        self._stop_reason = StopReason.DISK_FULL if disk.is_full(error) else StopReason.RECORDING_FAILED

    def _summarise(
        self, success: bool | None, stop_reason: str | None, judged: bool | None, final_error: TargetError | None
    ) -> EpisodeSummary:
        cameras = list(self._cameras.values())
        colour = [camera.rgb for camera in cameras]
        depth = [camera.depth for camera in cameras if camera.depth.frames]
        return EpisodeSummary(
            id=self._metadata.id,
            path="",
            bytes=0,
            sha256="",
            duration_s=round(self._elapsed_s, 6),
            frames=sum(counter.frames for counter in colour),
            dropped=sum(counter.dropped for counter in colour) + self._steps.dropped,
            steps=self._steps.frames,
            streams=summaries(colour, [*depth, self._steps]),
            success=success,
            stop_reason=stop_reason,
            integrity=Integrity.OK if self._error is None else Integrity.CUT,
            disturbed=self._conduct.disturbance is not Disturbance.NONE,
            start_poses=self._start_poses,
            judged=judged,
            disturbance=self._conduct.disturbance,
            interventions=self._conduct.interventions,
            final_error=final_error,
        )

    def _close(self, summary: EpisodeSummary) -> EpisodeSummary:
        try:
            size, sha256 = self._writer.finish(summary)
        except OSError as error:
            return self._left_unfinished(summary, error)
        return msgspec.structs.replace(summary, path=str(self._writer.path), bytes=size, sha256=sha256)

    def _left_unfinished(self, summary: EpisodeSummary, error: OSError) -> EpisodeSummary:
        self._fail(error)
        size = self._writer.size
        self._writer.leave()
        return msgspec.structs.replace(
            summary,
            path=str(self._writer.part),
            bytes=size,
            integrity=Integrity.UNFINISHED,
            stop_reason=self._stop_reason,
        )


@dataclass(frozen=True, slots=True)
class _Image:
    encoding: Future[EncodedFrame]
    camera: CameraIntake


@dataclass(frozen=True, slots=True)
class _Event:
    stamp_ns: int
    data: bytes


_Item = Step | Truth | _Event | _Image | None
