"""A policy as a source of setpoints in lockstep time: it looks, acts at its own rate, and the setpoint moves between.

Acting interpolates from the present setpoint to the wish over the time that the wish lies ahead, the same that was
looked ahead in training.
"""

from __future__ import annotations

from typing import Protocol

from core.clock import NANOSECONDS, LockstepClock
from core.geometry import SE3
from core.messages import Frame, RobotState, Setpoint, Source, Truth
from core.policies.policy import Policy, Wish
from core.representations.representation import View


class Observed(Protocol):
    """What the control loop knows of the arm."""

    @property
    def state(self) -> RobotState | None: ...


class Witness(Protocol):
    """Who knows where objects are."""

    def truth(self) -> Truth: ...


class PolicySource:
    """One attempt of a policy. Frames are offered as they are captured."""

    def __init__(self, policy: Policy, lease: int, loop: Observed, scene: Witness, clock: LockstepClock) -> None:
        self._policy, self._lease, self._loop, self._scene, self._clock = policy, lease, loop, scene, clock
        self._period_ns = round(NANOSECONDS / policy.rate_hz)
        self._frame: Frame | None = None
        self._due_ns = clock.now_ns()
        self._sequence = 0
        self._from: tuple[SE3, float] | None = None
        self._since_ns = 0
        self._wish: Wish | None = None
        policy.reset()

    def offer(self, frame: Frame) -> None:
        """A frame just captured; those of cameras that are not the policy's are only recorded."""
        camera = self._policy.description.setup.camera
        if camera is not None and frame.role == camera.role:
            self._frame = frame

    def take(self) -> Setpoint | None:
        """The setpoint of this tick; to be asked for on every one."""
        state, now_ns = self._loop.state, self._clock.now_ns()
        if state is None:
            return None
        if now_ns >= self._due_ns and (self._frame is not None or not self._policy.info.images):
            self._act(state, now_ns)
        if self._wish is None:
            return None
        pose, width = self._present(now_ns)
        self._sequence += 1
        return Setpoint(Source.POLICY, self._lease, self._sequence, now_ns, state.sequence, pose.as_tuple(), width)

    def _act(self, state: RobotState, now_ns: int) -> None:
        start = (state.pose, state.gripper_width_m) if self._wish is None else self._present(now_ns)
        self._wish = self._policy.act(state.pose, state.gripper_width_m, self._view(state))
        self._from, self._since_ns = start, now_ns
        self._due_ns += self._period_ns

    def _view(self, state: RobotState) -> View:
        camera, frame, info = self._policy.description.setup.camera, self._frame, self._policy.info
        X_WO = None
        if info.object_state:
            X_WO = {name: SE3.from_array(pose) for name, pose in self._scene.truth().X_WO.items()}
        if frame is None:
            return View(camera, None if camera is None else camera.pose(state.pose), X_WO=X_WO)
        return View(camera, frame.X_WC, frame.rgb, frame.depth if info.depth else None, X_WO)

    def _present(self, now_ns: int) -> tuple[SE3, float]:
        """Where the setpoint is between where it was and the wish."""
        if self._wish is None or self._from is None:
            raise RuntimeError("the policy has not acted yet")
        pose, width = self._from
        share = min(1.0, (now_ns - self._since_ns) / (self._wish.after_s * NANOSECONDS))
        between = pose.interpolate(self._wish.X_WE, share)
        return between, width + share * (self._wish.gripper_width_m - width)
