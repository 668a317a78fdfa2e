"""Exact depth and segmentation from recorded states."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from core.geometry import SE3
from robot.description import HOME_Q
from robot.simulation.cameras import camera_info
from robot.simulation.objects.foam_brick import FOAM_BRICK
from robot.simulation.objects.plate import PLATE
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.privileged import PrivilegedCamera, PrivilegedView
from robot.simulation.task import flat_pose

_X_WO = flat_pose(0.6, 0.02, SUGAR_BOX.rest_z_m, 1.3)


@pytest.fixture(scope="module")
def view() -> Iterator[PrivilegedView]:
    camera = PrivilegedCamera("reach_tr")
    yield camera.view("right", HOME_Q, 0.0, {"sugar_box": _X_WO.as_tuple()})
    camera.close()


def _pixel(view: PrivilegedView, p_OP: tuple[float, float, float]) -> tuple[int, int, float]:
    uv, z = camera_info("right").pinhole.project(view.X_WC.inverse() @ (_X_WO @ np.array(p_OP)))
    return round(float(uv[0])), round(float(uv[1])), float(z)


@pytest.mark.parametrize("name", ["label", "label_head", "label_foot"])
def test_named_points_on_the_label_are_on_the_box_at_their_depth(view: PrivilegedView, name: str) -> None:
    u, v, z = _pixel(view, SUGAR_BOX.points[name])
    assert view.mask("sugar_box")[v, u]
    assert view.depth_m[v, u] == pytest.approx(z, abs=0.002)


def test_corners_lie_on_the_edge_of_the_mask(view: PrivilegedView) -> None:
    vs, us = np.nonzero(view.mask("sugar_box"))
    corners = [_pixel(view, point)[:2] for name, point in SUGAR_BOX.points.items() if name.startswith("corner")]
    assert us.min() == pytest.approx(min(u for u, _ in corners), abs=3)
    assert us.max() == pytest.approx(max(u for u, _ in corners), abs=3)
    assert vs.min() == pytest.approx(min(v for _, v in corners), abs=3)
    assert vs.max() == pytest.approx(max(v for _, v in corners), abs=3)


def test_the_robot_is_labelled_and_shades_are_background(view: PrivilegedView) -> None:
    assert (view.labels == 1).mean() > 0.02
    assert set(np.unique(view.labels)) == {0, 1, 2}


def test_fixed_things_are_labelled_too() -> None:
    camera = PrivilegedCamera("push_plate")
    poses = {
        PLATE.name: flat_pose(0.6, 0.0, PLATE.rest_z_m).as_tuple(),
        FOAM_BRICK.name: flat_pose(0.4, 0.05, FOAM_BRICK.rest_z_m).as_tuple(),
    }
    view = camera.view("left", HOME_Q, 0.0, poses)
    camera.close()
    assert view.mask("foam_brick").any()
    assert view.mask("plate").sum() > view.mask("foam_brick").sum()
    assert SE3.from_array(poses["plate"]).p[2] > 0
