"""A box is scanned by the wrist camera, depth noise and all; the fused surface is the box's to millimetres."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from core.correspondence.scans import Box, FusedScan, ScanView, fuse, match_scan_views
from core.geometry import SE3
from core.messages import Frame
from robot.rig import load_rig
from robot.scan_path import Dome, ReachedPose, camera_poses, reached_poses
from robot.simulation.cameras import X_EC_WRIST, camera_info
from robot.simulation.depth import DepthNoise
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.renderer import Renderer
from robot.simulation.snapshot import Snapshot
from robot.simulation.surfaces import triangles_of, uniform_points
from robot.simulation.task import flat_pose
from robot.simulation.world import World

DOME = Dome(rings=2, candidates=26, low_rad=math.radians(42.0), high_rad=math.radians(68.0))
BOX = Box((0.40, -0.35, -0.02), (0.90, 0.35, 0.30))
CAMERA = camera_info("wrist")
X_WO = flat_pose(0.62, 0.02, SUGAR_BOX.rest_z_m, 0.7)
TABLE_M = 0.008
"""Lower than this the table and the box's foot cannot be told apart."""


@dataclass(frozen=True)
class Scanned:
    """Posed frames, their fused surface, and the truth: the box's surface and points on it, ``(N, 3)`` in W."""

    poses: list[SE3]
    frames: list[Frame]
    fused: FusedScan
    true: FusedScan
    points_W: NDArray[np.float64]

    def view(self, position: int) -> ScanView:
        frame = self.frames[position]
        mask = self.fused.foreground(CAMERA, frame.X_WC, TABLE_M)
        return ScanView(frame.rgb, mask, self.fused.depth_from(CAMERA, frame.X_WC), CAMERA, frame.X_WC)


def pictures(world: World, poses: list[ReachedPose]) -> list[Frame]:
    """What the wrist camera sees with the arm put at each pose, without driving there."""
    renderer, noise = Renderer(world.model), DepthNoise(0, "wrist")
    frames = []
    for k, pose in enumerate(poses):
        world.reset(pose.q, 0.0, {SUGAR_BOX.name: X_WO})
        data = world.data
        renderer.show(Snapshot(0, k, k, data.qpos.copy(), data.mocap_pos.copy(), data.mocap_quat.copy()))
        picture = renderer.picture("wrist")
        frames.append(Frame("wrist", k, k, k, picture.rgb, noise(picture.depth_m, k), picture.X_WC))
    renderer.close()
    return frames


def surface(triangles: NDArray[np.float64], X_WO: SE3) -> FusedScan:
    corners = (X_WO @ triangles.reshape(-1, 3)).astype(np.float32)
    return FusedScan(corners, np.arange(len(corners), dtype=np.uint32).reshape(-1, 3))


@pytest.fixture(scope="module")
def scanned() -> Scanned:
    world = World((SUGAR_BOX,))
    reached = list(reached_poses(load_rig(), X_EC_WRIST, DOME))
    frames, poses = pictures(world, reached), [each.X_WE for each in reached]
    triangles = triangles_of(world.model, SUGAR_BOX.name)
    points = X_WO @ uniform_points(triangles, 4000, np.random.default_rng(0))
    return Scanned(poses, frames, fuse(frames, {"wrist": CAMERA}, BOX), surface(triangles, X_WO), points)


def test_the_default_dome_has_its_views_about_equally_far_apart() -> None:
    dome = Dome()
    points = np.stack([pose.p for pose in camera_poses(dome)])
    assert len(points) == pytest.approx(dome.candidates, abs=dome.rings)
    np.testing.assert_allclose(np.linalg.norm(points - dome.p_WD, axis=1), dome.distance_m, atol=1e-9)
    step = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert step.max() < 4 * np.median(step), "neighbours follow each other"


def test_the_hand_stays_in_its_workspace_and_the_camera_looks_at_the_centre(scanned: Scanned) -> None:
    workspace = load_rig().workspace
    assert len(scanned.poses) >= 12
    for X_WE, frame in zip(scanned.poses, scanned.frames, strict=True):
        assert frame.X_WC.distance(X_WE @ X_EC_WRIST)[0] < 0.002, "the joints hold the hand there"
        assert (X_WE.p >= np.array(workspace.min_W) + workspace.margin_m).all()
        assert (X_WE.p <= np.array(workspace.max_W) - workspace.margin_m).all()
        centre_C = (X_WE @ X_EC_WRIST).inverse() @ np.array(DOME.p_WD)
        np.testing.assert_allclose(centre_C, [0.0, 0.0, DOME.distance_m], atol=1e-9)


def test_the_fused_surface_is_within_5_mm_of_the_true_one(scanned: Scanned) -> None:
    vertices = scanned.fused.vertices_W
    box = vertices[vertices[:, 2] > TABLE_M]
    off = scanned.true.distance_to(box)
    assert len(box) > 2000
    assert np.percentile(off, 50) < 0.001
    assert float(off.max()) < 0.005
    far_from_box = scanned.true.distance_to(vertices) > 0.02
    assert float(np.abs(vertices[far_from_box, 2]).max()) < 0.005, "the table"


def test_nearly_all_of_the_true_surface_is_in_the_scan(scanned: Scanned) -> None:
    seen = scanned.points_W[scanned.points_W[:, 2] > TABLE_M]
    assert float((scanned.fused.distance_to(seen) < 0.005).mean()) > 0.9


def test_a_depth_image_of_the_fused_surface_is_what_the_camera_measured(scanned: Scanned) -> None:
    frame, camera = scanned.frames[3], CAMERA
    drawn = scanned.fused.depth_from(camera, frame.X_WC)
    assert drawn.shape == (camera.height, camera.width)
    assert frame.depth is not None
    measured = frame.depth * camera.depth_scale_m
    both = np.isfinite(drawn) & (measured > 0)
    assert both.mean() > 0.5
    off = np.abs(drawn - measured)[both]
    assert np.percentile(off, 50) < 0.001
    assert np.percentile(off, 95) < 0.005


def test_masks_are_those_of_the_true_box(scanned: Scanned) -> None:
    for position in (0, 5, 9):
        view = scanned.view(position)
        true = scanned.true.foreground(view.camera, view.X_WC, TABLE_M)
        assert (view.mask & true).sum() / (view.mask | true).sum() > 0.9


def test_matches_of_two_views_are_the_same_point_of_the_true_box(scanned: Scanned) -> None:
    rng = np.random.default_rng(0)
    a, b = scanned.view(1), scanned.view(6)
    matches = match_scan_views(scanned.fused, a, b, 500, rng)
    assert len(matches.uv_a) > 100
    points_a, on_a = scanned.true.points_at(matches.uv_a, a.camera, a.X_WC)
    points_b, on_b = scanned.true.points_at(matches.uv_b, b.camera, b.X_WC)
    both = on_a & on_b
    assert both.mean() > 0.9, "but for pixels on the very edge"
    apart = np.linalg.norm(points_a - points_b, axis=1)[both]
    assert np.percentile(apart, 50) < 0.001
    assert np.percentile(apart, 95) < 0.005
