"""The simulated cameras see what their calibration says, to a fraction of a pixel."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from core.geometry import SE3
from robot.description import HOME_Q
from robot.simulation.cameras import ROLES, camera_info
from robot.simulation.renderer import Renderer
from robot.simulation.snapshot import Snapshot
from robot.simulation.world import world_spec

_MARKER_RADIUS_M = 0.004
_PIXELS = [(40.0, 30.0), (600.0, 35.0), (320.0, 240.0), (50.0, 440.0), (590.0, 450.0)]


def _marker_points_W(role: str, X_WC: SE3) -> np.ndarray:
    """Points half a metre before the camera, spread over its image."""
    depth = 0.1 if role == "wrist" else 0.35
    return X_WC @ camera_info(role).pinhole.unproject(np.array(_PIXELS), np.full(len(_PIXELS), depth))


@pytest.mark.parametrize("role", ROLES)
def test_known_points_project_to_the_pixels_where_they_are_drawn(role: str) -> None:
    spec = world_spec([])
    for geom in spec.geoms:
        geom.group = 3  # hide everything but the markers
    bare = spec.copy().compile()
    data = mujoco.MjData(bare)
    data.qpos[:7] = HOME_Q
    mujoco.mj_forward(bare, data)
    site = data.site("end_effector")
    X_WC = camera_info(role).pose(SE3.from_rotation(site.xmat.reshape(3, 3), site.xpos))
    markers_W = _marker_points_W(role, X_WC)
    radius = _MARKER_RADIUS_M * (0.4 if role == "wrist" else 1.0)
    for p_WM in markers_W:
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(radius, 0, 0),
            pos=p_WM,
            rgba=(0, 1, 0, 1),
            contype=0,
            conaffinity=0,
        )
    model = spec.compile()
    renderer = Renderer(model)
    try:
        renderer.show(Snapshot(0, 0, 0, data.qpos.copy(), np.zeros((0, 3)), np.zeros((0, 4))))
        picture = renderer.picture(role)
    finally:
        renderer.close()
    assert picture.X_WC.distance(X_WC) == pytest.approx((0.0, 0.0), abs=1e-6)
    green = (picture.rgb[..., 1] > 60) & (picture.rgb[..., 0] < picture.rgb[..., 1] * 0.6)
    for u, v in _PIXELS:
        window = np.zeros_like(green)
        window[int(v) - 25 : int(v) + 26, int(u) - 25 : int(u) + 26] = True
        vs, us = np.nonzero(green & window)
        assert us.size > 20
        assert (us.mean(), vs.mean()) == pytest.approx((u, v), abs=0.15)
        near = picture.depth_m[round(v), round(u)]
        assert near == pytest.approx((0.1 if role == "wrist" else 0.35) - radius, abs=1e-3)
