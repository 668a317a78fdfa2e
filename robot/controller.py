"""Differential inverse kinematics: from the pose that is sent to the joint positions that are commanded.

Two controllers behind one method. ``mink`` (default) solves a small quadratic program a tick with joint position and
velocity limits and a table collision limit; ``damped_least_squares`` is the paper's kind of Jacobian controller.
Both integrate the *commanded* joints, not the measured ones, and end with the joint acceleration limit.
"""

from __future__ import annotations

from typing import Protocol

import mink
import mujoco
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.geometry import SE3
from robot.description import (
    COLLISION_GROUP,
    END_EFFECTOR_SITE,
    HOME_Q,
    JOINT_LIMITS_RAD,
    JOINT_NAMES,
    JOINT_SPEED_LIMITS_RAD_S,
    robot_spec,
)
from robot.devices import JOINT_COUNT, Joints
from robot.rig import LimitsConfig, RigConfig, WorkspaceConfig

_TABLE_GEOM = "controller_table"
_TABLE_CLEARANCE_M = 0.002
_TABLE_DETECTION_M = 0.05
_TABLE_BODIES = (
    "iiwa_link_5",
    "iiwa_link_6",
    "iiwa_link_7",
    "wsg_body",
    "wsg_finger_left_link",
    "wsg_finger_right_link",
)
_POSTURE_COST = 0.03
_POSTURE_GAIN = 0.01
"""Heavy enough that an arm at full reach does not swing its elbow and wrist into another posture for the last
millimetres, light enough that a hand within reach stays under a tenth of a millimetre from where it is sent."""
_DAMPING = 0.05
_NULL_SPACE_GAIN = 0.5
_RESIDUAL_DAMPING_PER_M = 8.0
_RESIDUAL_M_PER_RAD = 0.3
"""Levenberg-Marquardt damping in proportion to the residual (Fan and Yuan, Computing 74, 2005): none within reach.

Where a pose is out of reach the stretched elbow has no gradient, and undamped steps throw it from side to side. Its
curvature there is about 0.4 m times the residual, and this damping is twenty times that: a step of a tenth of a second.
"""
_REST_RAD_S = 1e-5


class Kinematics:
    """Forward kinematics and Jacobian of the robot alone, ``(7,)`` joints to frame E in W."""

    def __init__(self, workspace: WorkspaceConfig | None = None) -> None:
        spec = robot_spec(visual=False, moving_fingers=False)
        if workspace is not None:
            spec.worldbody.add_geom(
                name=_TABLE_GEOM,
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=[1.0, 1.0, 0.05],
                pos=[1.2, 0.0, workspace.table_z_m - 0.05],
                group=COLLISION_GROUP,
            )
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self._site = self.model.site(END_EFFECTOR_SITE).id
        self._jacobian = np.zeros((6, self.model.nv))
        self._quat = np.zeros(4)

    def forward(self, q: Joints) -> SE3:
        """``X_WE`` at joints ``q: (7,)``."""
        self.data.qpos[:JOINT_COUNT] = q
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mju_mat2Quat(self._quat, self.data.site_xmat[self._site])
        return SE3.of(self._quat, self.data.site_xpos[self._site])

    def jacobian(self, q: Joints) -> NDArray[np.float64]:
        """``(6, 7)``: linear (m/s) above angular (rad/s) velocity of E in W per joint speed."""
        self.data.qpos[:JOINT_COUNT] = q
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_jacSite(self.model, self.data, self._jacobian[:3], self._jacobian[3:], self._site)
        return self._jacobian[:, :JOINT_COUNT]


class Solver(Protocol):
    """One tick of inverse kinematics."""

    def velocity(self, q: Joints, X_WE: SE3, period_s: float, damping: float) -> Joints:
        """Joint speeds ``(7,)`` that bring ``q`` towards ``X_WE`` within the period; ``damping`` shortens the step."""


class MinkSolver:
    """Quadratic program: frame task, posture in the null space, joint, speed and table limits."""

    def __init__(self, config: RigConfig) -> None:
        model = Kinematics(config.workspace).model
        self._configuration = mink.Configuration(model)
        self._frame = mink.FrameTask(END_EFFECTOR_SITE, "site", position_cost=1.0, orientation_cost=0.5, gain=1.0)
        self._posture = mink.PostureTask(model, cost=_POSTURE_COST, gain=_POSTURE_GAIN)
        self._posture.set_target(HOME_Q)
        speeds = {name: float(limit) for name, limit in zip(JOINT_NAMES, JOINT_SPEED_LIMITS_RAD_S, strict=True)}
        hand = [
            geom
            for body in _TABLE_BODIES
            if (body_id := mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, body)) >= 0
            for geom in mink.get_body_geom_ids(model, body_id)
            if model.geom_group[geom] == COLLISION_GROUP
        ]
        self._limits = [
            mink.ConfigurationLimit(model, gain=0.05, min_distance_from_limits=config.limits.joint_margin_rad),
            mink.VelocityLimit(model, speeds),
            mink.CollisionAvoidanceLimit(
                model,
                [(hand, [_TABLE_GEOM])],
                minimum_distance_from_collisions=_TABLE_CLEARANCE_M,
                collision_detection_distance=_TABLE_DETECTION_M,
            ),
        ]

    def velocity(self, q: Joints, X_WE: SE3, period_s: float, damping: float) -> Joints:
        """Raises mink.NoSolutionFound when the limits contradict each other."""
        self._configuration.update(q)
        self._frame.set_target(mink.SE3(np.concatenate([X_WE.quat_wxyz, X_WE.p])))
        tasks = [self._frame, self._posture]
        return np.asarray(
            mink.solve_ik(self._configuration, tasks, period_s, "daqp", damping=1e-6 + damping, limits=self._limits)
        )


class DampedLeastSquaresSolver:
    """``dq = J^T (J J^T + lambda^2 I)^-1 e / dt``, posture in the null space, then clamps."""

    def __init__(self, config: RigConfig) -> None:
        self._kinematics = Kinematics()
        margin = config.limits.joint_margin_rad
        self._low, self._high = JOINT_LIMITS_RAD[:, 0] + margin, JOINT_LIMITS_RAD[:, 1] - margin

    def velocity(self, q: Joints, X_WE: SE3, period_s: float, damping: float) -> Joints:
        J = self._kinematics.jacobian(q)
        reached = self._kinematics.forward(q)
        error = np.concatenate([X_WE.p - reached.p, reached.rotation_to(X_WE)])
        gram = J @ J.T
        near = max(0.0, 1.0 - np.sqrt(max(np.linalg.det(gram), 0.0)) / 0.05)
        inverse = J.T @ np.linalg.inv(gram + (_DAMPING**2 * near + 1e-6 + damping) * np.eye(6))
        posture = _NULL_SPACE_GAIN * (HOME_Q - q)
        velocity = inverse @ error / period_s + (np.eye(JOINT_COUNT) - inverse @ J) @ posture
        scale = float(np.max(np.abs(velocity) / JOINT_SPEED_LIMITS_RAD_S))
        velocity = velocity / max(scale, 1.0)
        return np.asarray((np.clip(q + velocity * period_s, self._low, self._high) - q) / period_s)


class Controller:
    """Holds the commanded joints and moves them one tick at a time."""

    def __init__(self, config: RigConfig) -> None:
        self._limits: LimitsConfig = config.limits
        self._period_s = 1.0 / config.control_rate_hz
        self._solver = _solver(config)
        self._kinematics = Kinematics()
        self._velocity: Joints = np.zeros(JOINT_COUNT)
        self._target = self._kinematics.forward(HOME_Q).as_array()
        self._at_rest = False
        self.q: Joints = HOME_Q.copy()

    def reset(self, q: Joints) -> None:
        """Start from measured joints at rest, and stay there until another pose is sent."""
        self.q = np.array(q, dtype=np.float64)
        self._velocity = np.zeros(JOINT_COUNT)
        self._target, self._at_rest = self.forward(self.q).as_array(), True

    def forward(self, q: Joints) -> SE3:
        """``X_WE`` at joints ``q``."""
        return self._kinematics.forward(q)

    def step(self, X_WE: SE3) -> Joints:
        """Joint positions ``(7,)`` to command for this tick. An arm at rest where it is sent needs no solving."""
        target = X_WE.as_array()
        if self._at_rest and np.array_equal(target, self._target):
            return self.q
        distance, angle = self.forward(self.q).distance(SE3.from_array(self._target))
        self._target = target
        damping = _RESIDUAL_DAMPING_PER_M * (distance + _RESIDUAL_M_PER_RAD * angle)
        try:
            velocity = self._solver.velocity(self.q, X_WE, self._period_s, damping)
            found = True
        except mink.NoSolutionFound:
            velocity, found = np.zeros(JOINT_COUNT), False  # contradicting limits: slow down where we are
        change = self._limits.joint_acceleration_rad_s2 * self._period_s
        self._velocity = self._velocity + np.clip(velocity - self._velocity, -change, change)
        self.q = self.q + self._velocity * self._period_s
        self._at_rest = found and bool(np.abs(self._velocity).max() < _REST_RAD_S)
        return self.q


def _solver(config: RigConfig) -> Solver:
    if config.inverse_kinematics == "mink":
        return MinkSolver(config)
    if config.inverse_kinematics == "damped_least_squares":
        return DampedLeastSquaresSolver(config)
    raise InputError(
        f"There is no inverse kinematics '{config.inverse_kinematics}'; choose mink or damped_least_squares."
    )
