"""A scan is an episode: pictures at rest from all around, posed to a millimetre, with what marks it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.clock import LockstepClock
from core.correspondence.scans import FusedScan
from core.episodes.reader import EpisodeReader
from core.errors import InputError
from core.geometry import SE3
from core.library import Library
from core.messages import CameraInfo
from core.static_scenes import SCAN, class_of, object_names, scanning_cameras
from robot.rig import load_rig
from robot.scan_path import Dome, Waypoint, waypoints
from robot.scan_planner import ScanPlan
from robot.simulation.cameras import X_EC_WRIST
from robot.simulation.rig import SimulatedRig
from robot.simulation.surfaces import triangles_of
from tests.waiting import wait_for


def test_a_scan_is_an_episode_of_pictures_taken_at_rest(scan_library: Path) -> None:
    with Library.open(scan_library, writable=False) as library:
        (row,) = library.episodes.list().rows
        metadata = library.episodes.details(row.id).metadata
    assert (row.demonstrator, row.status, row.success, row.tags) == (SCAN, "complete", None, ("sugar_box",))
    assert metadata.objects == ("sugar_box",)
    with EpisodeReader(Path(row.path)) as reader:
        assert list(reader.cameras) == ["wrist"]
        stamps, ticks = reader.stamps("wrist"), reader.arrays()
        assert 12 <= len(stamps) == row.frames < row.duration_s * 2
        for number, stamp in enumerate(stamps):
            hand = ticks["X_WE"][(ticks["stamp_ns"] <= stamp) & (ticks["stamp_ns"] > stamp - 80e6), 4:]
            assert np.ptp(hand, axis=0).max() < 0.0005
            assert reader.X_WC("wrist", number).distance(reader.X_WC("wrist", (number + 1) % len(stamps)))[0] > 0.01


def test_pictures_lie_where_their_poses_say(scan_library: Path) -> None:
    rig = SimulatedRig("reach_tr", LockstepClock(), cameras=())
    rig.reset(4)
    corners = triangles_of(rig.world.model, "sugar_box").reshape(-1, 3)
    corners = (SE3.from_array(rig.start_poses["sugar_box"]) @ corners).astype(np.float32)
    box = FusedScan(corners, np.arange(len(corners), dtype=np.uint32).reshape(-1, 3))
    (path,) = (scan_library / "episodes").glob("*.mcap")
    with EpisodeReader(path) as reader:
        for number in range(0, reader.frame_count("wrist"), 4):
            frame, camera = reader.frame("wrist", number), reader.cameras["wrist"]
            assert frame.depth is not None
            exact, measured = box.depth_from(camera, frame.X_WC), frame.depth * camera.depth_scale_m
            both = np.isfinite(exact) & (measured > 0)
            assert np.median(np.abs(exact - measured)[both]) < 0.001


def test_a_plan_is_made_elsewhere_and_never_waited_for() -> None:
    config = load_rig()
    plan = ScanPlan(config, X_EC_WRIST, 3)
    found: list[Waypoint] = []

    def over() -> bool:
        try:
            found.extend(each for each in [next(plan)] if each is not None)
        except StopIteration:
            return True
        return False

    assert wait_for(over, 40.0)
    plan.close()
    assert not plan.broke
    expected = list(waypoints(config, X_EC_WRIST, Dome.of(3)))
    assert [each.is_view for each in found] == [False] + [True] * (len(expected) - 1)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.X_WE.as_array(), other.X_WE.as_array(), atol=1e-9)


def test_objects_are_named_by_comma_and_may_say_their_class() -> None:
    assert object_names(" mug,  red  shoe ,mug") == ("mug", "red shoe")
    assert [class_of(name) for name in ("shoe/red", "mug")] == ["shoe", "mug"]
    for wrong in ("", " , ", "a/b/c", "shoe/"):
        with pytest.raises(InputError, match="mug"):
            object_names(wrong)


def test_a_rig_without_a_camera_on_its_hand_cannot_scan() -> None:
    fixed = CameraInfo("right", 640, 480, 30.0, 500.0, 500.0, 320.0, 240.0, X_WC=SE3.identity().as_tuple())
    with pytest.raises(InputError, match="no camera on its hand"):
        scanning_cameras([fixed])
