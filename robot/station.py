"""The station: the process that owns the devices. Control loop, cameras, recorder; one parent on its channel.

Threads: the main thread serves commands and publishes the status; a reader hands them over and passes a stop on at
once; the control thread alone touches the arm, the gripper and the simulated scene; each camera delivers from a thread
of its own. When the parent dies, the arm is stopped, the episode is closed and the process ends.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from core.clock import NANOSECONDS, WallClock
from core.episodes.reader import EpisodeReader
from core.errors import ReticleError, StopReason
from core.geometry import SE3
from core.messages import EpisodeMetadata, Setpoint, Source
from core.processes.channel import Channel
from core.processes.heartbeat import TOPIC as HEARTBEAT_TOPIC
from core.processes.heartbeat import Heartbeat
from core.processes.shared_memory import Bus, Session
from core.registry import Registry
from core.tasks import TaskInfo
from robot import station_messages as messages
from robot.alignment import PoseHistory, aligned
from robot.assembly import Devices, assemble
from robot.calibration.stored import load_latencies
from robot.camera_watch import CameraWatch
from robot.command_reader import CommandReader
from robot.control_loop import ControlLoop
from robot.control_thread import ControlThread
from robot.frame_delivery import FrameDelivery
from robot.replay import Trajectory
from robot.replay_scene import OtherSceneError, difference_of_scene, require_own_rig
from robot.rig import RigConfig, load_rig
from robot.station_driving import OwnDriving
from robot.station_policy import StationPolicy
from robot.station_recording import StationRecording
from robot.station_scan import StationScan

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
        self._latencies = load_latencies(Path(spec.rig))
        self._clock = WallClock()
        self._bus = Bus(Session.from_text(spec.session), "station")
        self._devices: Devices = assemble(
            self._config,
            self._clock,
            task=spec.task,
            visuals=spec.visuals,
            seed=spec.seed,
            report=self._on_device,
        )
        hand = self._bus.message_subscriber(messages.setpoint_topic(Source.HAND), Setpoint)
        sources = {Source.HAND: hand}
        self._loop = ControlLoop(
            self._config, self._devices.arm, self._devices.gripper, self._clock, sources, self._on_stop
        )
        self._home = self._loop.start().pose
        self._status = self._bus.message_publisher(messages.STATUS_TOPIC)
        self._next_status_ns = 0
        self._hand = None if self._devices.scene is not None else PoseHistory()
        self._control = ControlThread(
            self._loop,
            self._clock,
            self._devices.scene,
            steps=self._bus.message_publisher(messages.STEP_TOPIC),
            heartbeats=self._bus.message_subscriber(HEARTBEAT_TOPIC, Heartbeat) if spec.heartbeat else None,
            hand=self._hand,
        )
        self._recording = StationRecording(
            channel, self._control, self._clock, self._devices, self._config, spec.encoder_threads
        )
        self._policy = StationPolicy(channel, self._config, self._loop, self._control, self._bus, self._clock)
        self._driving = OwnDriving(channel, self._loop, self._control, self._clock)
        self._scan = StationScan(self._config, self._devices, self._clock, self._driving, self._recording)
        self._deliveries = self._deliver()
        self._commands = CommandReader(channel, (messages.Stop, messages.RevokeLease), self._at_once)

    def run(self, terminated: threading.Event) -> int:
        """Serve the parent; returns the exit status."""
        for camera, delivery in zip(self._devices.cameras, self._deliveries, strict=True):
            late_s = self._latencies.of_camera(camera.info.role)
            camera.start(delivery if self._hand is None else aligned(camera.info, late_s, self._hand, delivery))
        self._control.start()
        self._commands.start()
        self._channel.send(self._ready())
        running = True
        while running and not self._commands.parent_gone and not terminated.is_set():
            command = self._commands.take(_STATUS_PERIOD_S)
            if command is not None:
                running = self._serve(command)
            self._scan.watch(self._loop.stop_reason)
            self._watch()
        self._shut_down(StopReason.PARENT_DIED if self._commands.parent_gone else None)
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
        except OtherSceneError as error:
            task = error.task if error.task in _titles() else ""
            self._channel.send(messages.Trouble(str(error), messages.name_of(type(command)), task))
        except ReticleError as error:
            self._channel.send(messages.Trouble(str(error), messages.name_of(type(command))))
        except Exception as error:  # noqa: BLE001 - one command that fails must not end the station
            _LOG.exception("the command %r failed", command)
            sentence = f"The station could not do '{type(command).__name__}' ({type(error).__name__}: {error})."
            self._channel.send(messages.Trouble(sentence, messages.name_of(type(command))))
        return True

    def _at_once(self, command: messages.Command) -> None:
        """Stop or let go before whatever the main thread is busy with; called by the reader's thread."""
        if isinstance(command, messages.Stop):
            self._control.post(lambda: self._loop.stop(StopReason.OPERATOR))
        else:
            self._control.post(self._loop.revoke)

    def _grant(self, command: messages.GrantLease) -> None:
        self._driving.refuse_while_stopped()
        if command.source is not Source.HAND:
            raise ReticleError(f"Only a hand takes the arm so; '{command.source}' has a command of its own.")
        start = self._control.call(lambda: self._policy.taken_by(command.source, command.lease))
        self._granted(command.source, command.lease, *start)

    def _grant_policy(self, command: messages.GrantPolicy) -> None:
        self._driving.refuse_while_stopped()
        self._granted(Source.POLICY, command.lease, *self._policy.grant(command))

    def _policy_speed(self, command: messages.PolicySpeed) -> None:
        self._policy.use_speed(command.speed)

    def _granted(self, source: Source, lease: int, pose: SE3, width: float) -> None:
        self._recording.event("lease", f"{source} drives")
        self._channel.send(messages.LeaseGranted(source, lease, pose.as_tuple(), width))

    def _revoke(self, command: messages.RevokeLease) -> None:
        self._control.call(self._loop.revoke)
        self._recording.event("lease", "nobody drives")

    def _stop(self, command: messages.Stop) -> None:
        self._control.call(lambda: self._loop.stop(StopReason.OPERATOR))

    def _rearm(self, command: messages.Rearm) -> None:
        self._control.call(self._loop.rearm)
        self._recording.event("rearmed")
        self._channel.send(messages.Rearmed())

    def _go_home(self, command: messages.Home) -> None:
        limits = self._config.limits
        start, width = self._control.call(lambda: self._loop.sent)
        target = self._home if command.X_WE is None else SE3.from_array(command.X_WE)
        path = Trajectory.straight(start, target, width, 0.8 * limits.speed_m_s, 0.8 * limits.angular_speed_rad_s)
        reached = messages.HomeReached(start.as_tuple())
        self._driving.play(Source.HOME, path, 1.0, reached, "The hand did not get home")

    def _replay(self, command: messages.Replay) -> None:
        if not 0.0 < command.speed <= 1.0:
            raise ReticleError(f"A replay runs at a speed over 0 and at most 1, not {command.speed}.")
        limits = self._config.limits
        with EpisodeReader(Path(command.path)) as reader:
            warning = self._check_scene(reader.metadata)
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
        finished = messages.ReplayFinished("The replay is done.")
        self._driving.play(
            Source.REPLAY, path, command.speed, finished, "The replay is over, but the hand is not at its end"
        )
        self._channel.send(messages.ReplayStarted())
        if warning:
            self._report(warning, "replay")

    def _check_scene(self, episode: EpisodeMetadata) -> str:
        """What differs between an episode's scene and this one; InputError when it cannot be replayed here."""
        scene = self._devices.scene
        if scene is None:
            require_own_rig(episode, self._config.name)
            return ""
        X_WO = self._control.call(lambda: scene.truth().X_WO)
        return difference_of_scene(episode, scene.info.name, X_WO, _titles())

    def _stop_replay(self, command: messages.StopReplay) -> None:
        if self._loop.source is Source.REPLAY:
            self._control.call(self._loop.revoke)

    # Simulation ----------------------------------------------------------------------------------------------------
    def _load_task(self, command: messages.LoadTask) -> None:
        scene = self._scene("load a task's scene")
        self._recording.refuse_while_running("change the task")

        def load() -> None:
            scene.load_task(command.task, command.visuals)
            self._hold_in_new_scene()

        self._control.call(load, timeout_s=60.0)
        self._channel.send(messages.SceneReset(0, "train"))
        self._channel.send(messages.TaskLoaded(scene.info))

    def _reset_scene(self, command: messages.ResetScene) -> None:
        scene = self._scene("reset the scene")
        self._recording.refuse_while_running("reset the scene")

        def reset() -> None:
            scene.reset(command.seed, command.distribution)
            self._hold_in_new_scene()

        self._control.call(reset, timeout_s=60.0)
        self._channel.send(messages.SceneReset(command.seed, command.distribution))

    def _hold_in_new_scene(self) -> None:
        """In the control thread, before its next tick: the arm is elsewhere now, and whoever drove must ask anew."""
        lease = self._loop.lease if self._loop.source is not None else None
        self._loop.hold_measured()
        if lease is not None:
            self._channel.send(messages.LeaseLost(lease, "The scene was reset."))

    def _drag_begin(self, command: messages.DragBegin) -> None:
        scene = self._scene("push an object")
        name = self._control.call(lambda: scene.drag_begin(command.origin_W, command.direction_W))
        if name is not None:
            self._recording.event("drag", f"{name} is pushed by hand")
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
        self._recording.start(command)

    def _start_scan(self, command: messages.Scan) -> None:
        self._scan.start(command)

    def _stop_recording(self, command: messages.StopRecording) -> None:
        self._recording.stop(command.success, self._loop.stop_reason)

    def _mark_disturbance(self, command: messages.MarkDisturbance) -> None:
        self._control.call(lambda: self._control.mark_disturbance(command.acts))
        self._recording.event("disturbance", "a person disturbs" if command.acts else "a person disturbs no more")

    # Events of the devices -----------------------------------------------------------------------------------------
    def _deliver(self) -> list[FrameDelivery]:
        """Where the frames of each camera go."""
        deliveries: list[FrameDelivery] = []
        reference: CameraWatch | None = None
        for info in (camera.info for camera in self._devices.cameras):
            watch = CameraWatch(info, reference)
            reference = reference or watch
            publisher = self._bus.frame_publisher(messages.frame_topic(info.role), info.width, info.height)
            receivers = {"shown": publisher.publish, "recorded": self._recording.frame}
            deliveries.append(FrameDelivery(watch, self._clock, receivers, self._report))
        return deliveries

    def _report(self, sentence: str, about: str) -> None:
        self._channel.send(messages.Notice(sentence, about))

    def _on_device(self, sentence: str, about: str) -> None:
        """A device was lost or is back: said in the window, and in the file."""
        self._recording.event("device", sentence)
        self._report(sentence, about)

    def _on_stop(self, reason: StopReason) -> None:
        self._recording.event("stopped", reason)
        self._channel.send(messages.Stopped(reason, f"{reason.sentence} {self._loop.fault}".strip()))

    def _watch(self) -> None:
        """Publish the status at its rate; close a recording that cannot go on."""
        now_ns = self._clock.now_ns()
        if now_ns < self._next_status_ns:
            return
        self._next_status_ns = now_ns + round(_STATUS_PERIOD_S * NANOSECONDS)
        if self._recording.attempt_over(self._loop.stop_reason):
            self._control.call(self._policy.let_go)
            self._recording.conclude(self._loop.stop_reason)
        recording = self._recording.watch(self._loop.stop_reason)
        if recording is not None:
            recording = msgspec.structs.replace(recording, scanned=self._scan.share)
        self._status.publish(self._snapshot(now_ns, recording))

    def _snapshot(self, now_ns: int, recording: messages.RecordingStatus | None) -> messages.StationStatus:
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
            cameras=tuple(delivery.status(now_ns) for delivery in self._deliveries),
            recording=recording,
            control_rate_hz=rate_hz,
            control_late_p99_ms=late_p99_ms,
            refused_setpoints=self._loop.refused_setpoints,
            success=None if scene is None else self._control.success,
            homing=self._loop.source is Source.HOME,
            standstill=self._loop.standstill,
            at_edge=self._loop.at_edge,
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
            tasks=() if scene is None else _simulated_tasks(),
            seed=None if scene is None else self._spec.seed,
        )

    def _shut_down(self, reason: StopReason | None) -> None:
        """Brake to rest, close the episode, release the devices; what fails keeps nothing else from it."""
        deeds: list[Callable[[], Any]] = [
            lambda: self._control.call(lambda: self._loop.revoke() if reason is None else self._loop.stop(reason)),
            lambda: self._control.wait_for_rest(timeout_s=2.0),
            lambda: self._recording.close(reason, self._loop.stop_reason),
            *(camera.stop for camera in self._devices.cameras),
            self._control.stop,
            self._devices.arm.stop,
            self._devices.gripper.stop,
            self._devices.close_helpers,
        ]
        if self._devices.scene is not None:
            deeds.append(self._devices.scene.close)
        for deed in deeds:
            try:
                deed()
            except Exception:  # noqa: BLE001 - the rest must be closed all the same
                _LOG.exception("could not shut down in order")


def _simulated_tasks() -> tuple[TaskInfo, ...]:
    """The scenes that can be loaded, by name."""
    tasks = Registry("robot.simulation.tasks", "task")
    return tuple(entry.info for entry in tasks.entries().values() if entry.info is not None)


def _titles() -> dict[str, str]:
    return {task.name: task.title for task in _simulated_tasks()}


_HANDLERS: dict[type, Any] = {
    messages.GrantLease: Station._grant,
    messages.GrantPolicy: Station._grant_policy,
    messages.PolicySpeed: Station._policy_speed,
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
    messages.Scan: Station._start_scan,
    messages.StopRecording: Station._stop_recording,
    messages.MarkDisturbance: Station._mark_disturbance,
}
