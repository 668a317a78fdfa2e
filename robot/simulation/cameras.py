"""Where the simulated cameras are and what they measure.

The two fixed ones have the intrinsics and poses of the paper's authors (simulated tasks); the one on the hand is ours.
OpenCV camera frame C: x right, y down, z forward; pixel centres at integers.
"""

from __future__ import annotations

import mujoco
import numpy as np

from core.errors import InputError
from core.geometry import SE3
from core.messages import CameraInfo
from robot.description import HAND_BODY, X_HE

WIDTH, HEIGHT = 640, 480
_FIXED_INTRINSICS = (533.64, 534.78, 319.41, 236.44)
_WRIST_INTRINSICS = (480.0, 480.0, 319.5, 239.5)
_FIXED_POSES = {
    "right": SE3.of((-0.423, 0.870, 0.238, -0.084), (0.6587, -0.4534, 0.4307)),
    "left": SE3.of((-0.084, 0.238, 0.870, -0.423), (0.6587, 0.4534, 0.4307)),
}
_WRIST_TILT_RAD = 0.30
_X_OPENCV_GL = SE3.from_rotation(np.diag([1.0, -1.0, -1.0]))
"""A MuJoCo camera looks along its -z with y up."""


def _wrist_pose() -> SE3:
    """``X_EC``: beside the hand at -x of E, looking along the fingers and a little towards their tips."""
    R_EC = np.column_stack([(0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)])
    tilt = SE3.from_rotation_vector((0.0, _WRIST_TILT_RAD, 0.0)).R
    return SE3.from_rotation(tilt @ R_EC, (-0.060, 0.0, 0.066 - X_HE.p[2]))


ROLES = ("right", "left", "wrist")
X_EC_WRIST = _wrist_pose()


def camera_info(role: str, rate_hz: float = 30.0) -> CameraInfo:
    """What the camera of that role is; InputError names the roles there are."""
    if role not in ROLES:
        raise InputError(f"There is no simulated camera '{role}'; choose one of: {', '.join(ROLES)}.")
    fx, fy, cx, cy = _WRIST_INTRINSICS if role == "wrist" else _FIXED_INTRINSICS
    return CameraInfo(
        role=role,
        width=WIDTH,
        height=HEIGHT,
        rate_hz=rate_hz,
        fx=fx,
        fy=fy,
        cx=cx,
        cy=cy,
        X_WC=_FIXED_POSES[role].as_tuple() if role in _FIXED_POSES else None,
        X_EC=X_EC_WRIST.as_tuple() if role == "wrist" else None,
        serial=f"simulated-{role}",
        model="Simulated RGBD camera",
    )


def add_cameras(spec: mujoco.MjSpec) -> None:
    """Put every camera of ``ROLES`` into the world, under its role as its name."""
    for role in ROLES:
        info = camera_info(role)
        if info.X_WC is not None:
            body, X_BC = spec.worldbody, SE3.from_array(info.X_WC)
        else:
            body, X_BC = spec.body(HAND_BODY), X_HE @ X_EC_WRIST
        X_BG = X_BC @ _X_OPENCV_GL
        body.add_camera(
            name=role,
            pos=X_BG.p,
            quat=X_BG.quat_wxyz,
            resolution=(WIDTH, HEIGHT),
            sensor_size=(0.00384, 0.00288),
            focal_pixel=(info.fx, info.fy),
            principal_pixel=((WIDTH - 1) / 2 - info.cx, (HEIGHT - 1) / 2 - info.cy),
        )
