"""The station's recording: starts, feeds and closes the one recorder, and tells the parent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from core.attempts.outcome import verdict
from core.clock import Clock
from core.episodes.disk import check_free_space, estimated_bytes_per_second
from core.episodes.recorder import Recorder
from core.errors import ProcessError, ReticleError, StopReason
from core.messages import CameraInfo, EpisodeEvent, EpisodeMetadata, Frame
from core.processes.channel import Channel
from core.static_scenes import scanning_cameras
from robot import station_messages as messages
from robot.assembly import Devices
from robot.control_thread import ControlThread
from robot.rig import RigConfig

_LOG = logging.getLogger(__name__)
Choose = Callable[[Frame], Frame | None]


class StationRecording:
    """``frame`` and ``event`` may be called from any thread, everything else from the station's main thread."""

    def __init__(
        self,
        channel: Channel,
        control: ControlThread,
        clock: Clock,
        devices: Devices,
        config: RigConfig,
        encoder_threads: int,
    ) -> None:
        self._channel, self._control, self._clock = channel, control, clock
        self._devices, self._config, self._encoder_threads = devices, config, encoder_threads
        self._recorder: Recorder | None = None
        self._episode = ""
        self._attempt = False
        self._choose: Choose | None = None

    def start(self, command: messages.StartRecording, choose: Choose | None = None) -> bool:
        """Open the file and record from the next tick on; RecordingFailed says why that cannot be.

        With ``choose`` it is a scan: of the camera on the hand alone, the frames that ``choose`` makes of its own.
        """
        try:
            if self._recorder is not None:
                raise ReticleError("A recording is already running; stop it first.")
            recorder = self._open(command, scan=choose is not None)
            self._choose = choose
            self._attempt = bool(command.metadata.policy)
            self._begin(recorder, command.metadata.id, disturbances=command.disturbances)
        except (ReticleError, OSError, ValueError) as error:
            self._refuse(command, str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits for the start must hear of it
            _LOG.exception("the recording could not start")
            self._refuse(command, f"{type(error).__name__}: {error}.")
        else:
            self._channel.send(messages.RecordingStarted(self._episode))
            return True
        return False

    @property
    def scans(self) -> bool:
        """Whether a scan is being recorded."""
        return self._recorder is not None and self._choose is not None

    def _begin(self, recorder: Recorder, episode: str, *, disturbances: bool) -> None:
        self._recorder, self._episode = recorder, episode
        scene = self._devices.scene
        try:
            if scene is not None:
                self._control.call(lambda: scene.begin_episode(disturbances=disturbances, timed=self._attempt))
            self._control.record_to(recorder)
        except BaseException:
            self._recorder = None
            recorder.abort()
            raise

    def _refuse(self, command: messages.StartRecording, reason: str) -> None:
        sentence = f"The recording could not start: {reason}"
        self._channel.send(messages.RecordingFailed(command.metadata.id, sentence))

    def _open(self, command: messages.StartRecording, *, scan: bool) -> Recorder:
        cameras: Sequence[CameraInfo] = [camera.info for camera in self._devices.cameras]
        cameras = scanning_cameras(cameras) if scan else cameras
        metadata = self._complete(command.metadata)
        bytes_per_second = command.bytes_per_second or estimated_bytes_per_second(cameras, metadata.control_rate_hz)
        check_free_space(Path(command.path).parent, bytes_per_second)
        return Recorder(
            Path(command.path),
            metadata,
            cameras,
            encoder_threads=self._encoder_threads,
            depth_codec=command.depth_codec,
            start_ns=self._clock.now_ns(),
            bytes_per_second=bytes_per_second,
        )

    def _complete(self, metadata: EpisodeMetadata) -> EpisodeMetadata:
        scene = self._devices.scene
        start_poses = {} if scene is None else self._control.call(lambda: dict(scene.truth().X_WO))
        return msgspec.structs.replace(
            metadata,
            rig=self._config.name,
            simulated=scene is not None,
            clock=self._clock.kind,
            control_rate_hz=self._config.control_rate_hz,
            start_poses=start_poses,
        )

    def stop(self, success: bool | None, latched: StopReason | None, message: str = "") -> None:
        """A person or the sweep ends it. ``latched`` is the stop that holds the arm, if one does.

        An attempt of which the person says nothing is aborted.
        """
        if self._recorder is None:
            raise ReticleError("No recording is running.")
        aborted = self._attempt and success is None and latched is None
        self._finish(success, StopReason.OPERATOR if aborted else latched, message)

    def attempt_over(self, latched: StopReason | None) -> bool:
        """Whether an attempt is recorded and has come to its end: stopped, successful, or out of time."""
        if self._recorder is None or not self._attempt:
            return False
        scene = self._devices.scene
        return latched is not None or (scene is not None and scene.finished())

    def conclude(self, latched: StopReason | None) -> None:
        """Close an attempt that is over, judged by the simulator where there is one."""
        self._finish(verdict(self._judged(), latched), latched, latched.sentence if latched else "")

    def _judged(self) -> bool | None:
        scene = self._devices.scene
        return None if scene is None or self.scans else scene.success()

    def close(self, reason: StopReason | None, latched: StopReason | None) -> None:
        """End it, if it runs, because the station ends or it cannot go on."""
        self._finish(None, reason or latched, reason.sentence if reason else "")

    def watch(self, latched: StopReason | None) -> messages.RecordingStatus | None:
        """How it goes; one that had to stop by itself (a full disk, a write error) is closed."""
        recorder = self._recorder
        if recorder is None:
            return None
        counters = recorder.counters()
        if counters.stop_reason is not None:
            self.close(counters.stop_reason, latched)
            return None
        return messages.RecordingStatus(
            self._episode,
            counters.elapsed_s,
            counters.frames,
            counters.dropped,
            counters.bytes_written,
            counters.minutes_left,
        )

    def _finish(self, success: bool | None, stop_reason: StopReason | None, message: str) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        scene, final_error = self._devices.scene, None
        try:
            self._control.record_to(None)
            if scene is not None:
                final_error = self._control.call(scene.error) if self._attempt else None
                self._control.call(scene.end_episode)
        except ProcessError as error:  # the file is closed all the same
            _LOG.error("%s", error)
        try:
            summary = recorder.finish(success, stop_reason, self._judged(), final_error)
        except (ReticleError, OSError) as error:
            self._unclosed(str(error))
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, who waits for the episode must hear of it
            _LOG.exception("the recording could not be closed")
            self._unclosed(f"{type(error).__name__}: {error}.")
            return
        self._channel.send(messages.RecordingFinished(summary, message))

    def _unclosed(self, reason: str) -> None:
        sentence = f"The recording could not be closed: {reason}"
        self._channel.send(messages.RecordingFailed(self._episode, sentence))

    def refuse_while_running(self, deed: str) -> None:
        if self._recorder is not None:
            raise ReticleError(f"Stop the recording before you {deed}.")

    def event(self, name: str, message: str = "") -> None:
        """Note in the file, while one is written, that something happened."""
        recorder = self._recorder
        if recorder is not None:
            recorder.event(EpisodeEvent(self._clock.now_ns(), name, message))

    def frame(self, frame: Frame) -> None:
        recorder, choose = self._recorder, self._choose
        if recorder is None:
            return
        wanted = frame if choose is None else choose(frame)
        if wanted is not None:
            recorder.frame(wanted)
