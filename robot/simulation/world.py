"""The physics of one task: robot, table and objects in one MuJoCo model, stepped at 600 Hz.

Step and contact parameters are measured to work (docs/decisions/0010): 1/600 s, implicitfast, elliptic cones,
impratio 10, stiff contacts. Three steps make a control tick, twenty a camera frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np

from core.geometry import SE3, Array
from core.messages import Floats
from robot.description import (
    END_EFFECTOR_SITE,
    FINGER_JOINT_NAMES,
    PAD_GEOMS,
    PUSHER_GEOM,
    robot_spec,
)
from robot.devices import JOINT_COUNT, Joints
from robot.simulation.cameras import HEIGHT, WIDTH, add_cameras
from robot.simulation.objects.scene_object import CONTACT_SOLIMP, CONTACT_SOLREF, SceneObject
from robot.simulation.scenery import add_scenery, set_quality
from robot.simulation.servo import ArmServo, GripperServo, add_servos
from robot.simulation.shades import add_shades
from robot.simulation.stills import add_backdrop
from robot.simulation.variations import add_variations

STEPS_PER_SECOND = 600
GRAVITY_M_S2 = 9.81
TABLE_FRICTION = 0.3
_PUSHER_FRICTION = (0.3, 0.3, 0.005, 0.0001, 0.0001)
_PAD_FRICTION = (1.0, 0.02, 0.001)
_CLOSED_WIDTH_M = 0.004
_PAIR_OFF_M = -1.0
_TORQUE_FILTER_S = 0.02


def world_spec(
    objects: Sequence[SceneObject],
    visuals: frozenset[str] = frozenset(),
    *,
    fixed: Sequence[str] = (),
    size: tuple[int, int] = (WIDTH, HEIGHT),
    fine: bool = False,
) -> mujoco.MjSpec:
    """The model of a task. ``fixed`` names the objects that nothing moves; ``fine`` allows shadows and samples."""
    spec = robot_spec()
    spec.modelname = "reticle_world"
    option = spec.option
    option.timestep = 1.0 / STEPS_PER_SECOND
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 10.0
    option.gravity = (0.0, 0.0, -GRAVITY_M_S2)
    set_quality(spec, *size, fine)
    _soften_robot(spec)
    add_servos(spec)
    add_scenery(spec)
    for thing in objects:
        body = thing.add_to(spec)
        if thing.name in fixed:
            spec.delete(spec.joint(thing.joint))
            body.mocap = True
        _pair_with_pusher(spec, body)
    add_shades(spec, objects)
    add_backdrop(spec)
    add_variations(spec, visuals)
    add_cameras(spec)
    return spec


def _soften_robot(spec: mujoco.MjSpec) -> None:
    """Contact parameters of the robot's geoms; rubber on the pads."""
    for geom in spec.geoms:
        geom.solref, geom.solimp = CONTACT_SOLREF, CONTACT_SOLIMP
        if geom.name in PAD_GEOMS:
            geom.friction, geom.condim, geom.priority = _PAD_FRICTION, 4, 1


def _pair_with_pusher(spec: mujoco.MjSpec, body: mujoco.MjsBody) -> None:
    """Closed fingers push a thing through one round geom, with a friction of its own."""
    for geom in body.geoms:
        if not geom.contype:
            continue
        pair = spec.add_pair(name=f"pusher_{geom.name}", geomname1=PUSHER_GEOM, geomname2=geom.name)
        pair.condim, pair.friction = 3, _PUSHER_FRICTION
        pair.solref, pair.solimp = CONTACT_SOLREF, CONTACT_SOLIMP


class World:
    """Model, state and servos. Not thread-safe: whoever steps it owns it."""

    def __init__(
        self,
        objects: Sequence[SceneObject],
        visuals: frozenset[str] = frozenset(),
        *,
        fixed: Sequence[str] = (),
    ) -> None:
        self.objects = {thing.name: thing for thing in objects}
        self.model: mujoco.MjModel = world_spec(objects, visuals, fixed=fixed).compile()
        self.data = mujoco.MjData(self.model)
        self._body = {name: self.model.body(name).id for name in self.objects}
        self._joint_address = {
            name: int(self.model.joint(thing.joint).qposadr[0])
            for name, thing in self.objects.items()
            if name not in fixed
        }
        self._mocap = {name: int(self.model.body_mocapid[self._body[name]]) for name in fixed}
        self._end_effector = self.model.site(END_EFFECTOR_SITE).id
        self._fingers = [int(self.model.joint(name).qposadr[0]) for name in FINGER_JOINT_NAMES]
        self._pusher_pairs = [k for k in range(self.model.npair) if self.model.pair(k).name.startswith("pusher_")]
        self._pushing = True
        self.arm_servo = ArmServo(self.model.opt.timestep)
        self.gripper_servo = GripperServo()
        self._torque_gain = self.model.opt.timestep / _TORQUE_FILTER_S
        self._tau_external: Joints = np.zeros(JOINT_COUNT)
        self.steps = 0

    @property
    def movable(self) -> tuple[str, ...]:
        """Names of the objects that can be moved."""
        return tuple(self._joint_address)

    def reset(self, q: Joints, gripper_width_m: float, X_WO: Mapping[str, SE3]) -> None:
        """Robot and objects at rest where they are put, everything else as new."""
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:JOINT_COUNT] = q
        self.data.qpos[self._fingers] = gripper_width_m / 2
        for name, pose in X_WO.items():
            self._place(name, pose)
        self.arm_servo.reset(q)
        self.gripper_servo.command(gripper_width_m, self.gripper_servo.force_n)
        self._switch_pusher(force=True)
        self._apply_controls()
        mujoco.mj_forward(self.model, self.data)
        self._tau_external = np.zeros(JOINT_COUNT)
        self.steps = 0

    def _place(self, name: str, X_WO: SE3) -> None:
        if name in self._mocap:
            self.data.mocap_pos[self._mocap[name]] = X_WO.p
            self.data.mocap_quat[self._mocap[name]] = X_WO.quat_wxyz
            return
        address = self._joint_address[name]
        self.data.qpos[address : address + 3] = X_WO.p
        self.data.qpos[address + 3 : address + 7] = X_WO.quat_wxyz

    def step(self) -> None:
        """One physics step of 1/600 s."""
        self._switch_pusher()
        self._apply_controls()
        mujoco.mj_step(self.model, self.data)
        self._tau_external += self._torque_gain * (self.data.qfrc_constraint[:JOINT_COUNT] - self._tau_external)
        self.steps += 1

    def _apply_controls(self) -> None:
        self.data.ctrl[:JOINT_COUNT] = self.arm_servo.control()
        self.data.ctrl[JOINT_COUNT:] = self.gripper_servo.width_m / 2
        limit = self.gripper_servo.force_n
        self.model.actuator_forcerange[JOINT_COUNT:, 0] = -limit
        self.model.actuator_forcerange[JOINT_COUNT:, 1] = limit

    def _switch_pusher(self, *, force: bool = False) -> None:
        """The round pusher stands for closed fingers only: open ones touch with their pads."""
        pushing = self.gripper_width_m < _CLOSED_WIDTH_M
        if pushing != self._pushing or force:
            self._pushing = pushing
            self.model.pair_margin[self._pusher_pairs] = 0.0 if pushing else _PAIR_OFF_M

    @property
    def q(self) -> Joints:
        return np.array(self.data.qpos[:JOINT_COUNT])

    @property
    def dq(self) -> Joints:
        return np.array(self.data.qvel[:JOINT_COUNT])

    @property
    def tau_external(self) -> Joints:
        """Joint torques ``(7,)`` that contacts exert on the arm, Nm, smoothed over 20 ms like a real arm's estimate."""
        return self._tau_external.copy()

    @property
    def gripper_width_m(self) -> float:
        return float(self.data.qpos[self._fingers].sum())

    @property
    def gripper_force_n(self) -> float:
        """Force of the fingers' drives, N: the grasp force when something is held."""
        return float(np.abs(self.data.actuator_force[JOINT_COUNT:]).mean())

    @property
    def X_WE(self) -> SE3:
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, self.data.site_xmat[self._end_effector])
        return SE3.of(quat, self.data.site_xpos[self._end_effector])

    def X_WO(self, name: str) -> SE3:
        body = self._body[name]
        return SE3.of(self.data.xquat[body], self.data.xpos[body])

    def poses(self) -> dict[str, Floats]:
        """Pose of every object, seven numbers each."""
        return {
            name: (*self.data.xquat[body].tolist(), *self.data.xpos[body].tolist()) for name, body in self._body.items()
        }

    def velocity(self, name: str) -> Array:
        """Linear (m/s) above angular (rad/s) velocity ``(6,)`` of a movable object in W."""
        address = int(self.model.joint(self.objects[name].joint).dofadr[0])
        velocity: Array = np.array(self.data.qvel[address : address + 6])
        velocity[3:] = self.X_WO(name).R @ velocity[3:]
        return velocity

    def push(self, name: str, force_W: Array, torque_W: Array) -> None:
        """Let a force (N) and a torque (Nm) act on an object until told otherwise."""
        self.data.xfrc_applied[self._body[name], :3] = force_W
        self.data.xfrc_applied[self._body[name], 3:] = torque_W

    def pick(self, origin_W: Array, direction_W: Array) -> tuple[str, Array] | None:
        """The movable object that a ray hits first, and the point ``p_WP``; None when something else is in front."""
        geom = np.full(1, -1, dtype=np.int32)
        groups = np.array([0, 0, 0, 1, 0, 0], dtype=np.uint8)
        direction = np.asarray(direction_W, dtype=np.float64)
        direction = direction / np.linalg.norm(direction)
        distance = mujoco.mj_ray(
            self.model, self.data, np.asarray(origin_W, np.float64), direction, groups, 1, -1, geom
        )
        if distance < 0:
            return None
        body = int(self.model.geom_bodyid[geom[0]])
        for name in self.movable:
            if self._body[name] == body:
                return name, np.asarray(origin_W) + distance * direction
        return None
