"""The simulated rig: one world with an arm, a gripper, cameras and a task, behind the Protocols of real devices.

Whoever owns the control loop steps it: ``advance(now_ns)`` brings the physics to that time on the
session clock and takes camera snapshots on the way. Reset, forces and the judge of success are here too, because only a
simulator has them. All calls come from the control thread, except those of the cameras' drawing thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from core.clock import NANOSECONDS, Clock
from core.errors import InputError
from core.geometry import SE3
from core.messages import Disturbance, Floats, TargetError, Truth
from core.tasks import TaskInfo
from robot.arms.simulated_iiwa import SimulatedArm
from robot.cameras.simulated import SimulatedCamera
from robot.grippers.simulated_wsg import SimulatedGripper
from robot.simulation import variations
from robot.simulation.camera_feed import CameraFeed
from robot.simulation.cameras import ROLES, camera_info
from robot.simulation.disturbances import Drag, Pulse, ScriptedPulses
from robot.simulation.snapshot import Appearance, Snapshot
from robot.simulation.task import (
    Expert,
    Judge,
    Moment,
    SimulatedTask,
    Stream,
    episode_rng,
    load_task,
    parse_distribution,
)
from robot.simulation.world import STEPS_PER_SECOND, World

_CATCH_UP_NS = NANOSECONDS // 10
_NO_PULSE = Pulse(0.0, 0.0, np.zeros(3), np.zeros(3))


class _LivePoses(Mapping[str, SE3]):
    """Object poses by name, computed when asked for: a judge looks at one of many, six hundred times a second."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getitem__(self, name: str) -> SE3:
        return self._world.X_WO(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._world.objects)

    def __len__(self) -> int:
        return len(self._world.objects)


class SimulatedRig:
    """See the module. ``cameras`` are roles, ``rate_hz`` is theirs, or a rate for each.

    The fastest rate is rounded to whole physics steps; the others take every second, third ... of its pictures.
    """

    def __init__(
        self,
        task: str,
        clock: Clock,
        *,
        cameras: Sequence[str] = ROLES,
        rate_hz: float | Mapping[str, float] = 30.0,
        visuals: Iterable[str] = (),
        depth_noise: bool = True,
        synchronous: bool = False,
    ) -> None:
        self._clock = clock
        self.visuals = variations.parse(visuals)
        rates = {role: rate_hz if isinstance(rate_hz, int | float) else rate_hz[role] for role in cameras}
        self._steps_per_frame = max(1, round(STEPS_PER_SECOND / max(rates.values(), default=30.0)))
        fastest_hz = STEPS_PER_SECOND / self._steps_per_frame
        every = {role: max(1, round(fastest_hz / rate)) for role, rate in rates.items()}
        infos = [camera_info(role, fastest_hz / every[role]) for role in cameras]
        self._feed = CameraFeed(infos, clock, every, depth_noise=depth_noise, synchronous=synchronous)
        self.cameras = [SimulatedCamera(self._feed, info) for info in infos]
        self.arm = SimulatedArm(self)
        self.gripper = SimulatedGripper(self)
        self._anchor_ns: int | None = None
        self._steps = 0
        self._frames = 0
        self.skipped_ns = 0
        self.load_task(task)

    # -- the task ---------------------------------------------------------------------------------------------

    def load_task(self, name: str, visuals: Iterable[str] | None = None) -> None:
        """Build the world of another task and reset it; ``visuals`` None keeps the variations chosen before.

        InputError lists the tasks and variations there are.
        """
        task = load_task(name)
        self.visuals = self.visuals if visuals is None else variations.parse(visuals)
        self._task: SimulatedTask = task
        self.world = World(task.objects, self.visuals, fixed=task.fixed)
        self.reset(0)

    @property
    def info(self) -> TaskInfo:
        """What a person needs to know of the task."""
        return self._task.info

    def goal_X_WE(self) -> Floats | None:
        """Where the task wants the hand at this moment, if it wants it somewhere."""
        goal = self._task.goal_X_WE(self._moment())
        return None if goal is None else goal.as_tuple()

    def reset(self, seed: int, distribution: str = "train") -> None:
        """Arm and objects back to a start drawn from ``distribution``: the same for the same seed."""
        drawn_from = parse_distribution(distribution)
        self.seed, self.distribution = seed, str(drawn_from)
        start = self._task.start_poses(self._rng(Stream.START), drawn_from)
        self.start_poses: dict[str, Floats] = {name: pose.as_tuple() for name, pose in start.items()}
        self._drag: Drag | None = None
        self._pulses: ScriptedPulses | None = None
        self._pulse_acts = False
        self._judge: Judge | None = None
        self._episode_step = 0
        self.world.reset(self._task.start_q, self._task.start_width_m, start)
        overrides, placed = variations.draw(self.world.model, self.visuals, self._rng(Stream.LOOKS))
        for mocap, pose in placed.items():
            self.world.data.mocap_pos[mocap] = pose.p
            self.world.data.mocap_quat[mocap] = pose.quat_wxyz
        self._appearance = Appearance(overrides, seed)
        self._frame_due = True

    def _rng(self, stream: Stream) -> np.random.Generator:
        return episode_rng(self.seed, self.distribution, stream)

    def begin_episode(self, disturbances: bool, *, timed: bool = True) -> None:
        """Start judging, and pushing when wanted; ``elapsed_s`` counts from here.

        Not ``timed``, the episode ends with success alone: a person takes the time that it takes.
        """
        self._judge = Judge(self._task, timed=timed)
        self._episode_step = self.world.steps
        name = self._task.disturbed
        if disturbances and name is not None:
            thing, rng = self.world.objects[name], self._rng(Stream.PULSES)
            self._pulses = ScriptedPulses(thing, rng, turns=self._task.pulses_turn)
        self._judge.update(self._moment())

    def end_episode(self) -> None:
        """No more scripted pulses; the verdict stays."""
        self._pulses, self._pulse_acts = None, False
        if self._task.disturbed is not None:
            self.world.push(self._task.disturbed, np.zeros(3), np.zeros(3))

    def expert(self) -> Expert:
        """A fresh scripted demonstrator of the task."""
        return self._task.expert()

    def truth(self) -> Truth:
        """Poses of all objects at the last physics step. Privileged."""
        return Truth(self.stamp_ns, self.world.poses())

    def success(self) -> bool:
        """Whether the goal was met for ``hold_s`` since the episode began."""
        return self._judge is not None and self._judge.success

    def error(self) -> TargetError:
        """How far from its target the task is at this moment."""
        return self._task.error(self._moment())

    def in_view(self, role: str) -> bool:
        """Whether the camera of that role sees the task's object whole: all its named points lie in the image."""
        starts = self._task.info.starts
        names = self._task.info.objects if starts is None else (starts.object,)
        info = camera_info(role)
        X_CW = info.pose(self.world.X_WE).inverse()
        return all(
            info.pinhole.shows(X_CW @ (self.world.X_WO(name) @ self.world.objects[name].points_O())).all()
            for name in names
        )

    def finished(self) -> bool:
        """The task's stop rule: success, or its time is up."""
        return self._judge is not None and self._judge.finished

    def disturbance(self) -> Disturbance:
        """Who pushes an object right now."""
        if self._drag is not None:
            return Disturbance.MANUAL
        return Disturbance.SCRIPTED if self._pulse_acts else Disturbance.NONE

    def _moment(self) -> Moment:
        world = self.world
        elapsed_s = (world.steps - self._episode_step) / STEPS_PER_SECOND
        return Moment(elapsed_s, world.X_WE, world.gripper_width_m, _LivePoses(world))

    # -- time -------------------------------------------------------------------------------------------------

    @property
    def stamp_ns(self) -> int:
        """Time of the last physics step on the session clock."""
        anchor_ns = self._clock.now_ns() if self._anchor_ns is None else self._anchor_ns
        return anchor_ns + self._steps * NANOSECONDS // STEPS_PER_SECOND

    def advance(self, now_ns: int) -> None:
        """Step the physics up to ``now_ns``. Over 100 ms late by wall time, the world skips what it missed."""
        if self._anchor_ns is None:
            self._anchor_ns = now_ns
        if self._frame_due:
            self._take_frame()
        if self._clock.kind == "wall":
            late_ns = now_ns - self.stamp_ns - _CATCH_UP_NS
            if late_ns > 0:
                self._anchor_ns += late_ns
                self.skipped_ns += late_ns
        due = (now_ns - self._anchor_ns) * STEPS_PER_SECOND // NANOSECONDS
        if due <= self._steps:
            return
        while self._steps < due:
            self._step()
        if self._judge is not None:
            self._judge.update(self._moment())

    def _step(self) -> None:
        self._apply_forces()
        self.world.step()
        self._steps += 1
        if self.world.steps % self._steps_per_frame == 0:
            self._take_frame()

    def _apply_forces(self) -> None:
        """Scripted pulse or drag; the drag wins on its object."""
        self._pulse_acts = False
        if self._pulses is not None and self._task.disturbed is not None:
            pulse = self._pulses.at((self.world.steps - self._episode_step) / STEPS_PER_SECOND)
            self._pulse_acts = pulse is not None and self._task.disturbances_act(self._moment())
            acting = pulse if self._pulse_acts and pulse is not None else _NO_PULSE
            self.world.push(self._task.disturbed, acting.force_W, acting.torque_W)
        if self._drag is not None:
            self.world.push(self._drag.name, *self._drag.wrench_W())

    # -- cameras ----------------------------------------------------------------------------------------------

    def camera(self, role: str) -> SimulatedCamera:
        """The camera of that role; InputError lists those of this rig."""
        for camera in self.cameras:
            if camera.info.role == role:
                return camera
        roles = ", ".join(camera.info.role for camera in self.cameras) or "none"
        raise InputError(f"The simulated rig has no camera '{role}'; it has: {roles}.")

    def snapshot(self) -> Snapshot:
        """What a renderer needs of this moment."""
        data = self.world.data
        return Snapshot(
            stamp_ns=self.stamp_ns,
            index=self._frames,
            frame=self.world.steps // self._steps_per_frame,
            qpos=data.qpos.copy(),
            mocap_p=data.mocap_pos.copy(),
            mocap_quat=data.mocap_quat.copy(),
            appearance=self._appearance,
        )

    def _take_frame(self) -> None:
        if self._feed.active:
            self._feed.submit(self.world.model, self.snapshot())
        self._frames += 1
        self._frame_due = False

    @property
    def superseded_frames(self) -> int:
        """Snapshots that were never drawn because a newer one came first."""
        return self._feed.superseded

    # -- a person's hand in the scene -------------------------------------------------------------------------

    def drag_begin(self, origin_W: Sequence[float], direction_W: Sequence[float]) -> str | None:
        """Take hold of the object that a ray (m, W) hits; its name, or None when it hits something else."""
        self.drag_end()
        picked = self.world.pick(np.asarray(origin_W, dtype=np.float64), np.asarray(direction_W, dtype=np.float64))
        if picked is None:
            return None
        name, p_WP = picked
        self._drag = Drag(self.world, name, p_WP, np.asarray(direction_W, dtype=np.float64))
        return name

    def drag_move(self, origin_W: Sequence[float], direction_W: Sequence[float]) -> None:
        """Pull the picked point towards a new ray, in the plane that faced the first one."""
        if self._drag is not None:
            self._drag.move(np.asarray(origin_W, dtype=np.float64), np.asarray(direction_W, dtype=np.float64))

    def drag_end(self) -> None:
        """Let go."""
        if self._drag is not None:
            self.world.push(self._drag.name, np.zeros(3), np.zeros(3))
            self._drag = None

    def close(self) -> None:
        """Stop drawing; in lockstep, from the thread that advanced the rig."""
        self._feed.close()
