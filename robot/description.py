"""The robot: a KUKA LBR iiwa 14 R820 with a WSG-50-like parallel gripper, built in code with MuJoCo's MjSpec.

Outside ``robot/simulation`` because the controller of a real arm needs the same kinematics (real drivers never
import the simulator). Sources: link offsets 0.36, 0.42, 0.40, 0.126 m, joint ranges and speeds from KUKA's data
sheet; masses, centres of mass and inertias as published with Drake's and MuJoCo Menagerie's models.

Frames: W is the robot's base (z up, x forward). H is the flange (site ``flange``), 0.045 m beyond joint 7. E is the
end effector (site ``end_effector``): origin between the fingertips, z out of the gripper (the approach direction),
y along the finger opening. H and E are parallel. At joint zero the arm stands upright and H is parallel to W.

Geom groups: 2 visual, 3 collision. A robot geom collides with the world (``contype`` 1), never with the robot.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from core.geometry import SE3, Array
from robot.devices import JOINT_COUNT

if TYPE_CHECKING:
    import mujoco

JOINT_NAMES = tuple(f"iiwa_joint_{k}" for k in range(1, JOINT_COUNT + 1))
LINK_NAMES = tuple(f"iiwa_link_{k}" for k in range(JOINT_COUNT + 1))
FINGER_JOINT_NAMES = ("wsg_finger_left", "wsg_finger_right")
FLANGE_SITE = "flange"
END_EFFECTOR_SITE = "end_effector"
HAND_BODY = "wsg_body"
PUSHER_GEOM = "wsg_pusher"
PAD_GEOMS = ("wsg_pad_left", "wsg_pad_right")

_RANGE_DEG = np.array([170.0, 120.0, 170.0, 120.0, 170.0, 120.0, 175.0])
JOINT_LIMITS_RAD: Array = np.deg2rad(np.stack([-_RANGE_DEG, _RANGE_DEG], axis=1))
"""Lower and upper joint limits, ``(7, 2)``, radians."""
JOINT_SPEED_LIMITS_RAD_S: Array = np.deg2rad(np.array([85.0, 85.0, 100.0, 75.0, 130.0, 135.0, 135.0]))
"""Joint speed limits, ``(7,)``, rad/s."""
JOINT_TORQUE_LIMITS_NM: Array = np.array([320.0, 320.0, 176.0, 176.0, 110.0, 40.0, 40.0])
"""Joint torque limits, ``(7,)``, Nm."""
HOME_Q: Array = np.array([0.0292885, 0.28149934, 0.0, -1.13991403, 0.0, 1.72017929, 0.0292885])
"""Joint angles, ``(7,)``, of an end effector at ``HOME_P_WE``, z down, y along the world's y."""
HOME_P_WE: Array = np.array([0.512, 0.015, 0.502])

GRIPPER_MAX_WIDTH_M = 0.110
GRIPPER_MAX_FORCE_N = 80.0
HAND_LENGTH_M = 0.195
"""From the flange H to the fingertips E."""
FINGERTIP_RADIUS_M = 0.0095
"""Closed fingers push like a vertical cylinder of this radius (``wsg_pusher``)."""
X_HE = SE3.translation(0.0, 0.0, HAND_LENGTH_M)

VISUAL_GROUP = 2
COLLISION_GROUP = 3
ROBOT_CONTYPE = 1
WORLD_CONTYPE = 2


class _Link(NamedTuple):
    """Joint frame in its parent (position, roll-pitch-yaw), inertia in the link's frame."""

    p: tuple[float, float, float]
    rpy: tuple[float, float, float]
    mass: float
    com: tuple[float, float, float]
    inertia: tuple[float, float, float]


_HALF = math.pi / 2
_LINKS = (
    _Link((0, 0, 0), (0, 0, 0), 5.0, (-0.1, 0, 0.07), (0.05, 0.06, 0.03)),
    _Link((0, 0, 0.1575), (0, 0, 0), 5.76, (0, -0.03, 0.12), (0.033, 0.0333, 0.0123)),
    _Link((0, 0, 0.2025), (_HALF, 0, math.pi), 6.35, (0.0003, 0.059, 0.042), (0.0305, 0.0304, 0.0110)),
    _Link((0, 0.2045, 0), (_HALF, 0, math.pi), 3.5, (0, 0.03, 0.13), (0.025, 0.0238, 0.0076)),
    _Link((0, 0, 0.2155), (_HALF, 0, 0), 3.5, (0, 0.067, 0.034), (0.017, 0.0164, 0.006)),
    _Link((0, 0.1845, 0), (-_HALF, math.pi, 0), 3.5, (0.0001, 0.021, 0.076), (0.01, 0.0087, 0.00449)),
    _Link((0, 0, 0.2155), (_HALF, 0, 0), 1.8, (0, 0.0006, 0.0004), (0.0049, 0.0047, 0.0036)),
    _Link((0, 0.081, 0), (-_HALF, math.pi, 0), 1.2, (0, 0, 0.02), (0.001, 0.001, 0.001)),
)
_FLANGE_P = (0.0, 0.0, 0.045)

_ARMATURE = (0.3, 0.3, 0.2, 0.2, 0.1, 0.05, 0.05)
"""Rotor inertia seen through the gears, kg m^2; our estimate."""

_CAPSULES: dict[int, tuple[tuple[tuple[float, float, float], tuple[float, float, float], float], ...]] = {
    0: (((-0.07, 0, 0.05), (0, 0, 0.05), 0.09), ((0, 0, 0.06), (0, 0, 0.13), 0.09)),
    1: (((0, 0, 0.0), (0, -0.035, 0.10), 0.080),),
    2: (((0, 0, -0.01), (0, 0, 0.045), 0.092), ((0, 0.05, 0.045), (0, 0.18, 0.005), 0.072)),
    3: (((0, 0, 0.03), (0, 0.05, 0.13), 0.070), ((0, 0.05, 0.13), (0, 0.05, 0.20), 0.068)),
    4: (((0, 0.01, 0), (0, 0.01, 0.05), 0.078), ((0, 0.06, 0.05), (0, 0.17, 0.005), 0.068)),
    5: (((0, 0, 0.03), (0, 0.03, 0.08), 0.062), ((0, 0.055, 0.10), (0, 0.065, 0.19), 0.045)),
    6: (((0, 0, -0.06), (0, 0, 0.01), 0.070),),
    7: (((0, 0, -0.01), (0, 0, 0.015), 0.052),),
}
"""Collision capsules of each link: end points in the link's frame and radius, metres."""


def robot_spec(*, visual: bool = True, moving_fingers: bool = True) -> mujoco.MjSpec:
    """The robot alone, base at the world's origin.

    ``visual=False`` leaves out everything that is only seen; ``moving_fingers=False`` fixes the fingers closed, for
    a seven-joint model. No actuators: how an arm follows its commands belongs to the simulator or to the real arm.
    A world is built by adding to this spec.
    """
    import mujoco

    spec = mujoco.MjSpec()
    spec.modelname = "iiwa14_wsg50"
    spec.compiler.degree = False
    spec.compiler.autolimits = True
    flange = _add_arm(spec.worldbody)
    _add_gripper(spec, flange, moving_fingers)
    if visual:
        from robot.appearance import dress_robot

        dress_robot(spec)
    return spec


def _add_arm(parent: mujoco.MjsBody) -> mujoco.MjsBody:
    """Links, joints, inertias and collision capsules; returns link 7."""
    import mujoco

    body = parent
    for k, link in enumerate(_LINKS):
        body = body.add_body(name=LINK_NAMES[k], pos=link.p, quat=_quat_from_rpy(link.rpy), gravcomp=1.0)
        body.explicitinertial = True
        body.mass, body.ipos, body.inertia = link.mass, link.com, link.inertia
        if k > 0:
            body.add_joint(
                name=JOINT_NAMES[k - 1],
                type=mujoco.mjtJoint.mjJNT_HINGE,
                axis=(0, 0, 1),
                range=JOINT_LIMITS_RAD[k - 1],
                armature=_ARMATURE[k - 1],
            )
        for i, (start, end, radius) in enumerate(_CAPSULES[k]):
            _add_collision(
                body,
                f"{LINK_NAMES[k]}_collision_{i}",
                mujoco.mjtGeom.mjGEOM_CAPSULE,
                (radius, 0, 0),
                fromto=start + end,
            )
    body.add_site(name=FLANGE_SITE, pos=_FLANGE_P, size=(0.005, 0.005, 0.005), group=4)
    return body


def _add_gripper(spec: mujoco.MjSpec, link_7: mujoco.MjsBody, moving_fingers: bool) -> None:
    """The hand in frame H: base, two fingers and the pusher that stands for the closed fingertips."""
    import mujoco

    hand = link_7.add_body(name=HAND_BODY, pos=_FLANGE_P, gravcomp=1.0)
    hand.explicitinertial = True
    hand.mass, hand.ipos, hand.inertia = 1.05, (0, 0, 0.055), (0.0024, 0.0012, 0.0022)
    box = mujoco.mjtGeom.mjGEOM_BOX
    _add_collision(hand, "wsg_collision_0", box, (0.026, 0.073, 0.036), pos=(0, 0, 0.050))
    _add_collision(
        hand,
        "wsg_collision_1",
        mujoco.mjtGeom.mjGEOM_CAPSULE,
        (0.02, 0, 0),
        fromto=(-0.05, -0.035, 0.055, -0.05, 0.035, 0.055),
    )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _add_finger(hand, side, sign, moving_fingers)
    hand.add_geom(
        name=PUSHER_GEOM,
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        size=(FINGERTIP_RADIUS_M, 0, 0),
        fromto=(0, 0, HAND_LENGTH_M - 0.06, 0, 0, HAND_LENGTH_M - 0.002),
        group=COLLISION_GROUP,
        contype=0,
        conaffinity=0,
        mass=0,
    )
    hand.add_site(name=END_EFFECTOR_SITE, pos=X_HE.p, size=(0.004, 0.004, 0.004), group=4)
    if moving_fingers:
        coupling = spec.add_equality(
            name="wsg_coupling", type=mujoco.mjtEq.mjEQ_JOINT, name1=FINGER_JOINT_NAMES[0], name2=FINGER_JOINT_NAMES[1]
        )
        coupling.data[:5] = (0, 1, 0, 0, 0)
        coupling.solref = (0.004, 1)
        coupling.solimp = (0.95, 0.99, 0.001, 0.5, 2)


def _add_finger(hand: mujoco.MjsBody, side: str, sign: float, moving: bool) -> None:
    """One finger, closed at joint 0, opening along ``sign`` * y; its pad's face lies in the plane y = 0."""
    import mujoco

    finger = hand.add_body(name=f"wsg_finger_{side}_link", gravcomp=1.0)
    finger.explicitinertial = True
    finger.mass, finger.ipos, finger.inertia = 0.08, (0, sign * 0.012, 0.14), (6e-5, 6e-5, 1e-5)
    if moving:
        finger.add_joint(
            name=f"wsg_finger_{side}",
            type=mujoco.mjtJoint.mjJNT_SLIDE,
            axis=(0, sign, 0),
            range=(0, GRIPPER_MAX_WIDTH_M / 2),
            armature=0.5,
        )
    box = mujoco.mjtGeom.mjGEOM_BOX
    _add_collision(finger, f"wsg_jaw_{side}", box, (0.012, 0.010, 0.012), pos=(0, sign * 0.012, 0.098))
    tip = HAND_LENGTH_M - 0.030
    _add_collision(finger, f"wsg_pad_{side}", box, (0.009, 0.004, 0.030), pos=(0, sign * 0.004, tip))


def _add_collision(
    body: mujoco.MjsBody, name: str, kind: mujoco.mjtGeom, size: tuple[float, ...], **where: object
) -> None:
    body.add_geom(
        name=name,
        type=kind,
        size=size,
        group=COLLISION_GROUP,
        contype=ROBOT_CONTYPE,
        conaffinity=WORLD_CONTYPE,
        rgba=(0.4, 0.6, 0.9, 0.4),
        mass=0,
        **where,
    )


def _quat_from_rpy(rpy: tuple[float, float, float]) -> list[float]:
    """Fixed-axis roll, pitch, yaw as in URDF, to ``quat_wxyz``."""
    quat: list[float] = Rotation.from_euler("xyz", rpy).as_quat(scalar_first=True).tolist()
    return quat
