"""Episodes in lockstep simulated time: world, expert or scan, control loop and recorder in one process, no wall clock.

Each tick waits for the one before, so that nothing depends on the machine's speed or on how many workers there are:
the same seed gives the same episode. Same control loop, same safety, same recorder as the live station.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from core.attempts.outcome import verdict
from core.clock import NANOSECONDS, LockstepClock
from core.episodes.disk import check_free_space, estimated_bytes_per_second
from core.episodes.recorder import Recorder
from core.errors import StopReason
from core.geometry import SE3
from core.messages import (
    CameraInfo,
    EpisodeEvent,
    EpisodeMetadata,
    EpisodeSummary,
    Floats,
    Frame,
    Setpoint,
    Source,
    TargetError,
)
from core.static_scenes import scanning_cameras
from robot.assembly import Devices, Scene, assemble
from robot.control_loop import ControlLoop
from robot.rig import RigConfig
from robot.scan_path import Dome, waypoints
from robot.sweep import Sweep

if TYPE_CHECKING:
    from core.policies.policy import Policy

_LEASE = 1
_SCAN_LIMIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class LockstepSpec:
    """Which world: the same for all episodes of a worker. ``cameras`` None means all of the rig; of those that are
    drawn ``recorded`` go into the file, None: all."""

    config: RigConfig
    task: str
    cameras: tuple[str, ...] | None = None
    rate_hz: float | None = None
    visuals: tuple[str, ...] = ()
    recorded: tuple[str, ...] | None = None


class _ExpertSource:
    """The task's expert as a source of setpoints: asked on every tick, with the state of the tick before."""

    def __init__(self, scene: Scene, loop: ControlLoop, clock: LockstepClock) -> None:
        self._scene, self._loop, self._clock = scene, loop, clock
        self._expert = scene.expert()
        self._sequence = 0

    def take(self) -> Setpoint | None:
        state = self._loop.state
        if state is None:
            return None
        pose, width = self._expert.act(state, self._scene.truth())
        self._sequence += 1
        now_ns = self._clock.now_ns()
        return Setpoint(Source.EXPERT, _LEASE, self._sequence, now_ns, state.sequence, pose.as_tuple(), width)


@dataclass(frozen=True, slots=True)
class Rollout:
    """What came of one attempt: judged by the simulator; ``summary`` of its file, if it was recorded.

    ``success`` None: it was ended by something that is not the policy's fault. ``start_poses``: ``X_WO`` by name;
    ``final_error``: how far from its target it ended; ``in_view``: see ``PolicySource``.
    """

    success: bool | None
    duration_s: float
    stop_reason: StopReason | None
    summary: EpisodeSummary | None
    start_poses: dict[str, Floats]
    final_error: TargetError
    in_view: bool


def _nobody(frame: Frame) -> None:
    """Nobody watches this frame."""


class LockstepRig:
    """A simulated rig that is reused for many episodes; building it costs about a second."""

    def __init__(self, spec: LockstepSpec) -> None:
        self._spec = spec
        self._clock = LockstepClock()
        self._devices: Devices = assemble(
            spec.config,
            self._clock,
            task=spec.task,
            visuals=spec.visuals,
            cameras=spec.cameras,
            rate_hz=spec.rate_hz,
            synchronous=True,
        )
        if self._devices.scene is None:
            raise ValueError("lockstep needs a simulated rig")
        self._scene: Scene = self._devices.scene
        self._recorder: Recorder | None = None
        self._sweep: Sweep | None = None
        self._watch: Callable[[Frame], None] = _nobody

    def record_expert(
        self, path: Path | None, metadata: EpisodeMetadata, *, disturbances: bool, encoder_threads: int = 1
    ) -> EpisodeSummary | bool:
        """Run one seeded expert episode; recorded into ``path``, or only judged (returns success) when None."""
        loop, stopped = self._begin(metadata, disturbances=disturbances)
        loop.add_source(Source.EXPERT, _ExpertSource(self._scene, loop, self._clock))
        loop.grant(Source.EXPERT, _LEASE)
        for camera in self._devices.cameras:
            camera.start(self._on_frame)
        if path is not None:
            self._recorder = self._open(path, metadata, encoder_threads)
        self._run(loop, stopped, self._scene.finished, self._scene.info.time_limit_s + 1.0)
        success = self._scene.success() and not stopped
        return success if self._recorder is None else self._finish(self._recorder, success, stopped, judged=success)

    def roll_out(
        self,
        path: Path | None,
        metadata: EpisodeMetadata,
        policy: Policy,
        *,
        disturbances: bool,
        encoder_threads: int = 1,
    ) -> Rollout:
        """One seeded attempt of a policy; recorded into ``path`` unless that is None."""
        loop, stopped = self._begin(metadata, disturbances=disturbances)
        from robot.policies.acting import PolicySource  # torch, which experts do without

        source = PolicySource(policy, _LEASE, loop, self._scene, self._clock)
        loop.add_source(Source.POLICY, source)
        loop.grant(Source.POLICY, _LEASE)
        self._watch = source.offer
        for camera in self._devices.cameras:
            camera.start(self._on_frame)
        if path is not None:
            self._recorder = self._open(path, metadata, encoder_threads)
        began_ns = self._clock.now_ns()
        try:
            self._run(loop, stopped, self._scene.finished, self._scene.info.time_limit_s + 1.0)
        finally:
            self._watch = _nobody
        reason = stopped[0] if stopped else None
        judged = self._scene.success()
        success = verdict(judged, reason)
        duration_s = (self._clock.now_ns() - began_ns) / NANOSECONDS
        summary = None if self._recorder is None else self._finish(self._recorder, success, stopped, judged, tried=True)
        error = self._scene.error()
        return Rollout(success, duration_s, reason, summary, dict(self._scene.start_poses), error, source.in_view)

    def record_scan(
        self, path: Path, metadata: EpisodeMetadata, dome: Dome, *, encoder_threads: int = 1
    ) -> EpisodeSummary:
        """Sweep the camera on the hand over a seeded scene, one picture at every pose within reach."""
        (info,) = scanning_cameras(self._cameras())
        loop, stopped = self._begin(metadata, disturbances=False)
        loop.grant(Source.SCAN, _LEASE)
        poses = waypoints(self._spec.config, info.pose(SE3.identity()), dome)
        sweep = Sweep(poses, info.role, self._spec.config.limits, _LEASE, loop, self._clock)
        loop.add_source(Source.SCAN, sweep)
        self._recorder = recorder = self._open(path, metadata, encoder_threads, scan=True)
        self._sweep = sweep
        try:
            self._run(loop, stopped, lambda: self._swept(sweep), _SCAN_LIMIT_S)
        finally:
            self._sweep = None
        return self._finish(recorder, None, stopped, judged=None)

    def _begin(self, metadata: EpisodeMetadata, *, disturbances: bool) -> tuple[ControlLoop, list[StopReason]]:
        """The scene of the metadata's seed, and a control loop in it with what stopped it."""
        for camera in self._devices.cameras:
            camera.stop()
        self._scene.reset(metadata.seed or 0, metadata.distribution or "train")
        self._scene.begin_episode(disturbances=disturbances)
        stopped: list[StopReason] = []
        loop = ControlLoop(self._spec.config, self._devices.arm, self._devices.gripper, self._clock, {}, stopped.append)
        loop.start()
        return loop, stopped

    def _swept(self, sweep: Sweep) -> bool:
        """Whether a sweep is over; meanwhile cameras draw only when it wants a picture, for drawing takes long."""
        for camera in self._devices.cameras:
            camera.start(self._on_frame) if sweep.wants_picture else camera.stop()
        return sweep.finished

    def _finish(
        self,
        recorder: Recorder,
        success: bool | None,
        stopped: list[StopReason],
        judged: bool | None,
        *,
        tried: bool = False,
    ) -> EpisodeSummary:
        self._recorder = None
        whole = recorder.counters().stop_reason is None
        return recorder.finish(
            success=success if whole else None,
            stop_reason=stopped[0] if stopped else None,
            judged=judged,
            final_error=self._scene.error() if tried else None,
        )

    def _open(self, path: Path, metadata: EpisodeMetadata, encoder_threads: int, *, scan: bool = False) -> Recorder:
        metadata = msgspec.structs.replace(
            metadata,
            rig=self._spec.config.name,
            simulated=True,
            clock=self._clock.kind,
            visuals=self._spec.visuals,
            control_rate_hz=self._spec.config.control_rate_hz,
            start_poses=dict(self._scene.truth().X_WO),
        )
        infos: Sequence[CameraInfo] = [info for info in self._cameras() if self._records(info.role)]
        infos = scanning_cameras(infos) if scan else infos
        needed_minutes = self._scene.info.time_limit_s / 60.0
        check_free_space(path.parent, estimated_bytes_per_second(infos), needed_minutes)
        return Recorder(
            path,
            metadata,
            infos,
            encoder_threads=encoder_threads,
            synchronous=True,
            start_ns=self._clock.now_ns(),
        )

    def _run(self, loop: ControlLoop, stopped: list[StopReason], over: Callable[[], bool], time_limit_s: float) -> None:
        """Tick until it is over, stopped or late; what was recorded until an error is removed."""
        try:
            self._tick(loop, stopped, over, self._clock.now_ns() + round(time_limit_s * NANOSECONDS))
        except BaseException:
            if self._recorder is not None:
                self._recorder.abort()
                self._recorder = None
            raise

    def _tick(self, loop: ControlLoop, stopped: list[StopReason], over: Callable[[], bool], limit_ns: int) -> None:
        deadline_ns = self._clock.now_ns()
        while not over() and not stopped and deadline_ns < limit_ns:
            self._clock.wait_until(deadline_ns)
            self._scene.advance(deadline_ns)
            step = loop.tick(disturbance=self._scene.disturbance())
            if self._recorder is not None:
                self._recorder.step(step)
                self._recorder.truth(self._scene.truth())
            deadline_ns += loop.period_ns
        if stopped and self._recorder is not None:
            self._recorder.event(EpisodeEvent(self._clock.now_ns(), "stopped", stopped[0]))

    def _on_frame(self, frame: Frame) -> None:
        self._watch(frame)
        wanted = frame if self._sweep is None else self._sweep.offer(frame)
        if wanted is not None and self._recorder is not None and self._records(frame.role):
            self._recorder.frame(wanted)

    def _cameras(self) -> list[CameraInfo]:
        return [camera.info for camera in self._devices.cameras]

    def _records(self, role: str) -> bool:
        return self._spec.recorded is None or role in self._spec.recorded
