"""What the robot looks like: visual geoms added to the links of ``robot/description.py``."""

from __future__ import annotations

import mujoco

_GREY = (0.80, 0.81, 0.82, 1.0)


def dress_robot(spec: mujoco.MjSpec) -> None:
    """Add visual geoms (group 2, without mass or contact) to every body of ``robot_spec``."""
    for body in spec.bodies:
        for geom in list(body.geoms):
            if not geom.name or geom.name == "wsg_pusher":
                continue
            body.add_geom(
                type=geom.type,
                size=geom.size,
                pos=geom.pos,
                quat=geom.quat,
                fromto=geom.fromto,
                rgba=_GREY,
                group=2,
                contype=0,
                conaffinity=0,
                mass=0,
            )
