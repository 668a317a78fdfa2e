"""The process that runs one policy against the station: loaded once, then it drives under the leases it is given.

It sees the newest image and the hand as it was when that was captured, as it did in training, and wishes from there:
what takes long leaves less time to follow, and never looks fresh. What it must not act on it says to the station, which
stops the arm by name; that it keeps its time is watched there too, for a process that hangs says nothing.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import torch

from core.clock import NANOSECONDS, monotonic_ns
from core.errors import InputError, NotANumberError, ReticleError, StopReason
from core.geometry import SE3
from core.messages import CameraInfo, ControlMode, Frame, Source
from core.policies.checkpoint import read_policy_description
from core.policies.policy import Policy, Wish
from core.processes.channel import Channel
from core.processes.shared_memory import Bus, Session
from robot.policies.acting import shown
from robot.policies.observing import Observation, Observer
from robot.policies.runner_messages import (
    INSIGHT_TOPIC,
    CloseRunner,
    Drive,
    OpenRunner,
    PolicyInsight,
    Rest,
    Rested,
    RunnerCommands,
    RunnerReady,
    RunnerTrouble,
)
from robot.policies.wishes import WISH_TOPIC, PolicyWish

_LOG = logging.getLogger(__name__)
_POLL_S, _IDLE_S = 0.002, 0.05


def main(channel: Channel) -> int:
    """Run a policy until the parent closes the runner or dies."""
    channel.listen(RunnerCommands)
    sys.setswitchinterval(0.001)  # the thread that reads control steps must not queue behind acting
    torch.set_num_threads(1)  # control, cameras and the window come first
    opening = channel.wait(timeout_s=60.0)
    if not isinstance(opening, OpenRunner):
        return 2
    try:
        runner = Runner(channel, opening)
    except (ReticleError, OSError) as error:
        channel.send(RunnerTrouble(str(error)))
        return 1
    runner.run()
    return 0


class Runner:
    """One policy and what it drives with."""

    def __init__(self, channel: Channel, opening: OpenRunner) -> None:
        self._channel = channel
        camera = require_able(opening)
        self._policy = Policy.load(Path(opening.folder))
        self._bus = Bus(Session.from_text(opening.session), "policy")
        self._wishes = self._bus.message_publisher(WISH_TOPIC, 1024)
        self._insights = self._bus.message_publisher(INSIGHT_TOPIC)
        self._period_ns = round(NANOSECONDS / self._policy.rate_hz)
        self._lease = 0
        self._sequence = self._missed = 0
        self._followed = False
        self._due_ns = 0
        acting_ms = self._practise(camera, opening.objects)
        least_s = opening.watchdogs.policy_least_s
        self._observer = Observer(self._bus, self._policy.info, camera, self._policy.rate_hz, least_s)
        described = self._policy.description
        role = "" if described.setup.camera is None else described.setup.camera.role
        told = self._policy.info.object_state
        channel.send(
            RunnerReady(described.id, described.name, described.task, self._policy.rate_hz, role, told, acting_ms)
        )

    def run(self) -> None:
        """Serve the parent."""
        self._observer.start()
        while not self._channel.closed.is_set():
            command = self._channel.wait(_POLL_S if self._lease else _IDLE_S)
            if isinstance(command, CloseRunner):
                break
            if isinstance(command, Drive):
                self._drive(command.lease)
            elif isinstance(command, Rest):
                self._rest()
            if self._lease:
                self._go_on()
        self._observer.stop()

    def _drive(self, lease: int) -> None:
        self._lease, self._missed, self._followed = lease, 0, False
        self._due_ns = monotonic_ns()
        self._observer.begin(self._due_ns)
        self._policy.reset()

    def _rest(self, message: str = "") -> None:
        if self._lease:
            self._channel.send(Rested(self._lease, message))
        self._lease = 0

    def _go_on(self) -> None:
        if self._is_over():
            self._rest("The arm was stopped, let go or taken.")
            return
        now_ns = monotonic_ns()
        if now_ns < self._due_ns:
            return
        observation = self._observer.observe(now_ns)
        if isinstance(observation, StopReason):
            self._fail(observation, now_ns)
        elif observation is not None:
            skipped = (now_ns - self._due_ns) // self._period_ns
            self._missed += skipped
            self._due_ns += (skipped + 1) * self._period_ns
            self._act(observation)

    def _is_over(self) -> bool:
        """Whether the newest control step shows that the arm is stopped, let go, or driven under another lease."""
        step = self._observer.step
        if step is None:
            return False
        wanted = step.wanted
        ours = wanted is not None and wanted.source is Source.POLICY and wanted.lease == self._lease
        self._followed |= ours
        waits = wanted is None and not self._followed
        return step.mode is ControlMode.STOPPED or not (ours or waits)

    def _act(self, observation: Observation) -> None:
        began_ns = monotonic_ns()
        state = observation.state
        try:
            view = shown(self._policy, state.pose, observation.frame, observation.X_WO)
            wish = self._policy.act(state.pose, state.gripper_width_m, view)
        except NotANumberError:
            self._fail(StopReason.SETPOINT_INVALID, began_ns)
            return
        except ReticleError as error:
            self._fail(StopReason.OBSERVATION_STALE, began_ns, str(error))
            return
        now_ns = monotonic_ns()
        self._wish(observation, wish, now_ns)
        self._show(observation, wish, began_ns, now_ns)

    def _wish(self, observation: Observation, wish: Wish, now_ns: int) -> None:
        self._sequence += 1
        self._wishes.publish(
            PolicyWish(
                lease=self._lease,
                sequence=self._sequence,
                stamp_ns=now_ns,
                observed_ns=observation.captured_ns,
                observation_sequence=observation.state.sequence,
                due_ns=observation.captured_ns + round(wish.after_s * NANOSECONDS),
                X_WE=wish.X_WE.as_tuple(),
                gripper_width_m=wish.gripper_width_m,
            )
        )

    def _fail(self, reason: StopReason, now_ns: int, message: str = "") -> None:
        """Tell the station to stop the arm."""
        self._sequence += 1
        nowhere = SE3.identity().as_tuple()
        self._wishes.publish(PolicyWish(self._lease, self._sequence, now_ns, 0, 0, 0, nowhere, 0.0, reason))
        self._rest(message or reason.sentence)

    def _show(self, observation: Observation, wish: Wish, began_ns: int, now_ns: int) -> None:
        camera = self._policy.description.setup.camera
        self._insights.publish(
            PolicyInsight(
                lease=self._lease,
                stamp_ns=now_ns,
                observed_ns=observation.captured_ns,
                camera="" if camera is None else camera.role,
                dimensions=wish.marks.shape[1],
                marks=tuple(wish.marks.ravel().tolist()),
                z=tuple(wish.z.tolist()),
                spreads_px=tuple(wish.spreads.tolist()),
                X_WE=wish.X_WE.as_tuple(),
                gripper_width_m=wish.gripper_width_m,
                latency_ms=(now_ns - observation.captured_ns) / 1e6,
                acting_ms=(now_ns - began_ns) / 1e6,
                missed=self._missed,
            )
        )

    def _practise(self, camera: CameraInfo | None, objects: tuple[str, ...]) -> float:
        """Act on nothing, for the first time takes longest; then once more, and say how long that took, ms."""
        X_WE = SE3.from_rotation_vector((3.14, 0.0, 0.0), (0.6, 0.0, 0.4))
        frame = None if camera is None else _blank(camera, X_WE)
        told = {name: X_WE.as_tuple() for name in objects} if self._policy.info.object_state else None
        for _ in range(2):
            began_ns = monotonic_ns()
            self._policy.act(X_WE, 0.0, shown(self._policy, X_WE, frame, told))
        return (monotonic_ns() - began_ns) / 1e6


def require_able(opening: OpenRunner) -> CameraInfo | None:
    """The station's camera that the policy sees, None where it sees none. InputError when it cannot drive this rig."""
    from core.representations import REPRESENTATIONS

    described = read_policy_description(Path(opening.folder))
    info, own = REPRESENTATIONS.get(described.setup.name).info, described.setup.camera
    if info.object_state and not opening.simulated:
        raise InputError(
            f"The policy '{described.name}' is told where objects are, which only a simulator knows, and "
            f"'{opening.rig}' is real; deploy one that sees images."
        )
    missing = [name for name in described.setup.object_points if name not in opening.objects]
    if missing:
        raise InputError(
            f"The policy '{described.name}' is told where the {missing[0]} is, and this scene has none; load the scene "
            f"of '{described.task}'."
        )
    if not info.images or own is None:
        return None
    there = {camera.role: camera for camera in opening.cameras}
    found = there.get(own.role)
    if found is None:
        raise InputError(
            f"The policy '{described.name}' sees the {own.role} camera, and '{opening.rig}' has none; it has: "
            f"{', '.join(there) or 'no cameras'}."
        )
    if (found.width, found.height) != (own.width, own.height):
        raise InputError(
            f"The policy '{described.name}' sees images of {own.width}x{own.height} pixels, and the {own.role} camera "
            f"gives {found.width}x{found.height}; set the camera as it was for the demonstrations."
        )
    return found


def _blank(camera: CameraInfo, X_WE: SE3) -> Frame:
    """An image of nothing, a metre away."""
    size = (camera.height, camera.width)
    depth = np.full(size, round(1.0 / camera.depth_scale_m), np.uint16)
    return Frame(camera.role, 0, 0, 0, np.zeros((*size, 3), np.uint8), depth, camera.pose(X_WE))
