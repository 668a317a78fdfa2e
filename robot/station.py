"""The station: the process that owns the devices. Control loop, cameras, recorder; one parent on its channel.

Threads: the main thread reads commands and publishes the status; the control thread alone touches the arm, the
gripper and the simulated scene; each camera delivers from a thread of its own. When the parent dies, the arm is
stopped, the episode is closed and the process ends.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from core.clock import NANOSECONDS, WallClock
from core.episodes.disk import check_free_space, estimated_bytes_per_second
from core.episodes.reader import EpisodeReader
from core.episodes.recorder import Recorder, RecorderCounters
from core.errors import ReticleError, StopReason
from core.geometry import SE3
from core.messages import EpisodeEvent, EpisodeMetadata, Frame, Setpoint, Source
from core.processes.channel import Channel
from core.processes.heartbeat import TOPIC as HEARTBEAT_TOPIC
from core.processes.heartbeat import Heartbeat
from core.processes.shared_memory import Bus, Session
from core.registry import Registry
from core.tasks import TaskInfo
from robot import station_messages as messages
from robot.assembly import Devices, assemble
from robot.camera_watch import CameraWatch
from robot.control_loop import ControlLoop
from robot.control_thread import ControlThread
from robot.replay import Trajectory, TrajectorySource
from robot.rig import RigConfig, load_rig

_LOG = logging.getLogger(__name__)
_STATUS_PERIOD_S = 0.1
_APPROACH_FRACTION = 0.5


def main(channel: Channel) -> int:
    """Run a station until the parent shuts it down or dies."""
    channel.listen(messages.Commands)
    terminated = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: terminated.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.setswitchinterval(0.001)
    opening = channel.wait(timeout_s=60.0)
    if not isinstance(opening, messages.Open):
        return 2
    try:
        station = Station(channel, opening.spec)
    except ReticleError as error:
        channel.send(messages.Trouble(str(error)))
        return 1
    return station.run(terminated)


class Station:
    """The devices of one rig and what is done with them."""

    def __init__(self, channel: Channel, spec: messages.StationSpec) -> None:
        self._channel, self._spec = channel, spec
        self._config: RigConfig = load_rig(Path(spec.rig))
        self._clock = WallClock()
        self._bus = Bus(Session.from_text(spec.session), "station")
        self._devices: Devices = assemble(
            self._config, self._clock, task=spec.task, visuals=spec.visuals, seed=spec.seed
        )
        sources = {
            Source(source): self._bus.message_subscriber(messages.setpoint_topic(source), Setpoint)
            for source in (Source.HAND, Source.POLICY)
        }
        self._loop = ControlLoop(
            self._config, self._devices.arm, self._devices.gripper, self._clock, sources, self._on_stop
        )
        self._home = self._loop.start().pose
        self._watches = {camera.info.role: CameraWatch(camera.info.role) for camera in self._devices.cameras}
        self._frames = {
            camera.info.role: self._bus.frame_publisher(
                messages.frame_topic(camera.info.role), camera.info.width, camera.info.height
            )
            for camera in self._devices.cameras
        }
        self._status = self._bus.message_publisher(messages.STATUS_TOPIC)
        self._recorder: Recorder | None = None
        self._episode = ""
        self._next_status_ns = 0
        self._internal_lease = 0
        self._control = ControlThread(
            self._loop,
            self._clock,
            self._devices.scene,
            steps=self._bus.message_publisher(messages.STEP_TOPIC),
            heartbeats=self._bus.message_subscriber(HEARTBEAT_TOPIC, Heartbeat) if spec.heartbeat else None,
        )

    def run(self, terminated: threading.Event) -> int:
        """Serve the parent; returns the exit status."""
        for camera in self._devices.cameras:
            camera.start(self._on_frame)
        self._control.start()
        self._channel.send(self._ready())
        running = True
        while running and not self._channel.closed.is_set() and not terminated.is_set():
            command = self._channel.wait(_STATUS_PERIOD_S)
            if command is not None:
                running = self._serve(command)
            self._watch()
        self._shut_down(StopReason.PARENT_DIED if running and not terminated.is_set() else None)
        return 0

    # Commands ------------------------------------------------------------------------------------------------------
    def _serve(self, command: messages.Command) -> bool:
        if isinstance(command, messages.Shutdown):
            return False
        handler = _HANDLERS.get(type(command))
        try:
            if handler is None:
                raise ReticleError(f"The station cannot do '{type(command).__name__}'.")
            handler(self, command)
        except ReticleError as error:
            self._channel.send(messages.Trouble(str(error)))
        return True

    def _grant(self, command: messages.GrantLease) -> None:
        if self._loop.stop_reason is not None:
            raise ReticleError(f"{self._loop.stop_reason.sentence} Re-arm it to go on.")
        pose, width = self._control.call(lambda: self._loop.grant(command.source, command.lease))
        self._channel.send(messages.LeaseGranted(command.source, command.lease, pose.as_tuple(), width))

    def _revoke(self, command: messages.RevokeLease) -> None:
        self._control.call(self._loop.revoke)

    def _stop(self, command: messages.Stop) -> None:
        self._control.call(lambda: self._loop.stop(StopReason.OPERATOR))

    def _rearm(self, command: messages.Rearm) -> None:
        self._control.call(self._loop.rearm)
        self._record_event("rearmed")
        self._channel.send(messages.Rearmed())

    def _go_home(self, command: messages.Home) -> None:
        limits = self._config.limits
        start, width = self._control.call(lambda: self._loop.sent)
        target = self._home if command.X_WE is None else SE3.from_array(command.X_WE)
        path = Trajectory.straight(start, target, width, 0.8 * limits.speed_m_s, 0.8 * limits.angular_speed_rad_s)
        previous = start.as_tuple()
        self._drive(Source.HOME, path, 1.0, lambda: messages.HomeReached(previous))

    def _replay(self, command: messages.Replay) -> None:
        limits = self._config.limits
        with EpisodeReader(Path(command.path)) as reader:
            recorded = Trajectory.recorded(reader.arrays())
        start, width = self._control.call(lambda: self._loop.sent)
        approach = Trajectory.straight(
            start,
            SE3.from_array(recorded.X_WE[0]),
            width,
            _APPROACH_FRACTION * limits.speed_m_s,
            _APPROACH_FRACTION * limits.angular_speed_rad_s,
        )
        path = recorded.after(approach)
        self._drive(Source.REPLAY, path, command.speed, lambda: messages.ReplayFinished("The replay is done."))

    def _stop_replay(self, command: messages.StopReplay) -> None:
        if self._loop.source is Source.REPLAY:
            self._control.call(self._loop.revoke)

    def _drive(self, source: Source, path: Trajectory, speed: float, done: Any) -> None:
        """Let a trajectory of our own hold the lease until its end."""
        if self._loop.stop_reason is not None:
            raise ReticleError(f"{self._loop.stop_reason.sentence} Re-arm it to go on.")
        self._internal_lease -= 1
        lease = self._internal_lease
        player = TrajectorySource(path, self._clock, source, lease, speed)

        def begin() -> None:
            self._loop.add_source(source, player)
            self._loop.grant(source, lease)

        self._control.call(begin)
        self._control.when(lambda: player.finished or self._loop.lease != lease, lambda: self._arrived(lease, done))

    def _arrived(self, lease: int, done: Any) -> None:
        if self._loop.lease == lease and self._loop.source is not None:
            self._loop.revoke()
            self._channel.send(done())
        else:
            self._channel.send(messages.LeaseLost(lease, "Another command took the arm."))

    # Simulation ----------------------------------------------------------------------------------------------------
    def _load_task(self, command: messages.LoadTask) -> None:
        scene = self._scene("load a task's scene")
        self._refuse_while_recording("change the task")
        self._control.call(lambda: scene.load_task(command.task, command.visuals), timeout_s=60.0)
        self._reset_scene(messages.ResetScene(0))
        self._channel.send(messages.TaskLoaded(scene.info))

    def _reset_scene(self, command: messages.ResetScene) -> None:
        scene = self._scene("reset the scene")
        self._refuse_while_recording("reset the scene")

        def reset() -> None:
            scene.reset(command.seed, command.distribution)
            self._loop.hold_measured()

        self._control.call(reset, timeout_s=60.0)
        self._channel.send(messages.SceneReset(command.seed, command.distribution))

    def _drag_begin(self, command: messages.DragBegin) -> None:
        scene = self._scene("push an object")
        name = self._control.call(lambda: scene.drag_begin(command.origin_W, command.direction_W))
        if name is not None:
            self._record_event("drag", f"{name} is pushed by hand")
            self._channel.send(messages.DragStarted(name))

    def _drag_move(self, command: messages.DragMove) -> None:
        scene = self._scene("push an object")
        self._control.call(lambda: scene.drag_move(command.origin_W, command.direction_W))

    def _drag_end(self, command: messages.DragEnd) -> None:
        self._control.call(self._scene("push an object").drag_end)

    def _scene(self, deed: str) -> Any:
        if self._devices.scene is None:
            raise ReticleError(f"Only a simulated rig can {deed}; this is '{self._config.title}'.")
        return self._devices.scene

    # Recording -----------------------------------------------------------------------------------------------------
    def _start_recording(self, command: messages.StartRecording) -> None:
        if self._recorder is not None:
            raise ReticleError("A recording is already running; stop it first.")
        metadata = self._complete_metadata(command.metadata)
        cameras = [camera.info for camera in self._devices.cameras]
        try:
            check_free_space(Path(command.path).parent, estimated_bytes_per_second(cameras))
            recorder = Recorder(
                Path(command.path),
                metadata,
                cameras,
                encoder_threads=self._spec.encoder_threads,
                depth_codec=command.depth_codec,
                start_ns=self._clock.now_ns(),
            )
        except (ReticleError, OSError) as error:
            self._channel.send(messages.RecordingFailed(metadata.id, f"The recording could not start: {error}"))
            return
        if self._devices.scene is not None:
            scene = self._devices.scene
            self._control.call(lambda: scene.begin_episode(disturbances=False, timed=False))
        self._recorder, self._episode = recorder, metadata.id
        self._control.record_to(recorder)
        self._channel.send(messages.RecordingStarted(metadata.id))

    def _complete_metadata(self, metadata: EpisodeMetadata) -> EpisodeMetadata:
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

    def _stop_recording(self, command: messages.StopRecording) -> None:
        if self._recorder is None:
            raise ReticleError("No recording is running.")
        self._finish_recording(command.success, None)

    def _finish_recording(self, success: bool | None, reason: StopReason | None) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        self._control.record_to(None)
        latched = reason or self._loop.stop_reason
        try:
            summary = recorder.finish(success=success, stop_reason=latched)
        except (ReticleError, OSError) as error:
            self._channel.send(messages.RecordingFailed(self._episode, f"The recording could not be closed: {error}"))
            return
        self._channel.send(messages.RecordingFinished(summary, reason.sentence if reason else ""))

    def _refuse_while_recording(self, deed: str) -> None:
        if self._recorder is not None:
            raise ReticleError(f"Stop the recording before you {deed}.")

    def _record_event(self, name: str, message: str = "") -> None:
        if self._recorder is not None:
            self._recorder.event(EpisodeEvent(self._clock.now_ns(), name, message))

    # Events of the devices -----------------------------------------------------------------------------------------
    def _on_frame(self, frame: Frame) -> None:
        self._watches[frame.role].see(frame)
        self._frames[frame.role].publish(frame)
        recorder = self._recorder
        if recorder is not None:
            recorder.frame(frame)

    def _on_stop(self, reason: StopReason) -> None:
        self._record_event("stopped", reason)
        self._channel.send(messages.Stopped(reason, reason.sentence))

    def _watch(self) -> None:
        """Publish the status at its rate; close a recording that cannot go on."""
        now_ns = self._clock.now_ns()
        if now_ns < self._next_status_ns:
            return
        self._next_status_ns = now_ns + round(_STATUS_PERIOD_S * NANOSECONDS)
        recorder = self._recorder
        counters = None if recorder is None else recorder.counters()
        if counters is not None and counters.stop_reason is not None:
            self._finish_recording(None, counters.stop_reason)
            counters = None
        self._status.publish(self._snapshot(now_ns, counters))

    def _snapshot(self, now_ns: int, counters: RecorderCounters | None) -> messages.StationStatus:
        recording = None
        if counters is not None:
            recording = messages.RecordingStatus(
                self._episode,
                counters.elapsed_s,
                counters.frames,
                counters.dropped,
                counters.bytes_written,
                counters.minutes_left,
            )
        rate_hz, late_p99_ms = self._control.timing()
        scene = self._devices.scene
        return messages.StationStatus(
            stamp_ns=now_ns,
            mode=self._control.mode,
            lease=self._loop.lease,
            source=self._loop.source,
            stop_reason=self._loop.stop_reason,
            braking_reason=self._loop.braking_reason,
            disturbance=self._control.disturbance,
            cameras=tuple(watch.status(now_ns) for watch in self._watches.values()),
            recording=recording,
            control_rate_hz=rate_hz,
            control_late_p99_ms=late_p99_ms,
            refused_setpoints=self._loop.refused_setpoints,
            success=None if scene is None else self._control.success,
            homing=self._loop.source is Source.HOME,
            goal_X_WE=self._control.goal,
        )

    def _ready(self) -> messages.Ready:
        scene = self._devices.scene
        return messages.Ready(
            rig=self._config.title or self._config.name,
            simulated=scene is not None,
            arm=self._config.arm.driver,
            cameras=tuple(camera.info for camera in self._devices.cameras),
            task=None if scene is None else scene.info,
            home_q=tuple(self._loop.state.q) if self._loop.state else (),
            workspace_min_W=self._config.workspace.min_W,
            workspace_max_W=self._config.workspace.max_W,
            pid=os.getpid(),
            tasks=() if scene is None else simulated_tasks(),
        )

    def _shut_down(self, reason: StopReason | None) -> None:
        """Brake to rest, close the episode, release the devices."""
        if reason is not None:
            self._control.call(lambda: self._loop.stop(reason))
        else:
            self._control.call(self._loop.revoke)
        self._control.wait_for_rest(timeout_s=2.0)
        self._finish_recording(None, reason)
        for camera in self._devices.cameras:
            camera.stop()
        self._control.stop()
        self._devices.arm.stop()
        self._devices.gripper.stop()
        if self._devices.scene is not None:
            self._devices.scene.close()


def simulated_tasks() -> tuple[TaskInfo, ...]:
    """The scenes that can be loaded, by name."""
    tasks = Registry("robot.simulation.tasks", "task")
    return tuple(entry.info for entry in tasks.entries().values() if entry.info is not None)


_HANDLERS: dict[type, Any] = {
    messages.GrantLease: Station._grant,
    messages.RevokeLease: Station._revoke,
    messages.Stop: Station._stop,
    messages.Rearm: Station._rearm,
    messages.Home: Station._go_home,
    messages.Replay: Station._replay,
    messages.StopReplay: Station._stop_replay,
    messages.LoadTask: Station._load_task,
    messages.ResetScene: Station._reset_scene,
    messages.DragBegin: Station._drag_begin,
    messages.DragMove: Station._drag_move,
    messages.DragEnd: Station._drag_end,
    messages.StartRecording: Station._start_recording,
    messages.StopRecording: Station._stop_recording,
}
