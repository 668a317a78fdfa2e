"""A policy at work in lockstep time, and what it is shown, live and there. It acts at its own rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from core.clock import NANOSECONDS, LockstepClock
from core.errors import NotANumberError, StopReason
from core.geometry import SE3
from core.messages import Floats, Frame, RobotState, Setpoint, Truth
from core.policies.policy import Policy
from core.representations.representation import View
from core.tasks import TaskInfo
from robot.policies.wishes import Follower, Loop, PolicyWish


class Witness(Protocol):
    """Who knows where objects are."""

    @property
    def info(self) -> TaskInfo: ...
    def truth(self) -> Truth: ...
    def in_view(self, role: str) -> bool: ...


def shown(policy: Policy, X_WE: SE3, frame: Frame | None, X_WO: Mapping[str, Floats] | None) -> View:
    """What a policy looks at when the hand is at ``X_WE``: no more than it needs."""
    camera, info = policy.description.setup.camera, policy.info
    poses = {name: SE3.from_array(pose) for name, pose in X_WO.items()} if X_WO is not None else None
    if frame is None:
        return View(camera, None if camera is None else camera.pose(X_WE), X_WO=poses)
    return View(camera, frame.X_WC, frame.rgb, frame.depth if info.depth else None, poses)


class PolicySource:
    """One attempt of a policy. Frames are offered as they are captured.

    ``in_view``: whether its camera, or the task's for one without, saw the object whole each time that it acted.
    """

    def __init__(self, policy: Policy, lease: int, loop: Loop, scene: Witness, clock: LockstepClock) -> None:
        self._policy, self._lease, self._loop, self._scene, self._clock = policy, lease, loop, scene, clock
        self._period_ns = round(NANOSECONDS / policy.rate_hz)
        self._follower = Follower(loop.supervisor, lease)
        self._frame: Frame | None = None
        self._due_ns = clock.now_ns()
        self._acted = 0
        camera = policy.description.setup.camera
        self._role = scene.info.camera if camera is None else camera.role
        self.in_view = True
        policy.reset()

    def offer(self, frame: Frame) -> None:
        """A frame just captured; those of cameras that are not the policy's are only recorded."""
        if frame.role == self._role:
            self._frame = frame

    def take(self) -> Setpoint | None:
        """The setpoint of this tick; to be asked for on every one."""
        state, now_ns = self._loop.state, self._clock.now_ns()
        if state is None:
            return None
        if now_ns >= self._due_ns and (self._frame is not None or not self._policy.info.images):
            self._act(state, now_ns)
            self._due_ns += self._period_ns
        return self._follower.setpoint(now_ns)

    def _act(self, state: RobotState, now_ns: int) -> None:
        self.in_view = self.in_view and self._scene.in_view(self._role)
        told = self._scene.truth().X_WO if self._policy.info.object_state else None
        self._acted += 1
        try:
            view = shown(self._policy, state.pose, self._frame, told)
            wish = self._policy.act(state.pose, state.gripper_width_m, view)
        except NotANumberError:
            self._loop.stop(StopReason.SETPOINT_INVALID)
            return
        due_ns = now_ns + round(wish.after_s * NANOSECONDS)
        asked = PolicyWish(
            self._lease, self._acted, now_ns, now_ns, state.sequence, due_ns, wish.X_WE.as_tuple(), wish.gripper_width_m
        )
        fault = self._follower.aim(asked, (state.pose, state.gripper_width_m), now_ns)
        if fault is not None:
            self._loop.stop(fault)
