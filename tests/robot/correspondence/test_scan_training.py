"""From a recorded scan to a model: fused once and kept, masks are those of the box, trained by the command."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.correspondence.comparisons import ScannedScene
from core.correspondence.config import LAPTOP, EpisodeSpan, NetworkConfig
from core.correspondence.scan_views import prepare_scans
from core.correspondence.scans import FusedScan
from core.geometry import SE3
from core.library import Library
from core.library.learning import all_spans
from core.library.query import EpisodeFilter
from core.processes.jobs import read_specification
from robot.correspondence.evaluation_pairs import evaluation_pairs
from robot.correspondence.shape import IiwaShape
from robot.correspondence.specification import Specification
from robot.correspondence.start import begin
from robot.rig import load_rig
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.surfaces import triangles_of
from robot.simulation.task import load_task
from robot.simulation.world import World
from tests.robot.correspondence.conftest import command

SMALL = ("--minutes", 0, "--set", "steps=2", "--set", "batch_pairs=1", "--set", "crop=96", "--set", "moments=2")
NETWORK = NetworkConfig()


@pytest.fixture(scope="module")
def library(scan_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(scan_library, tmp_path_factory.mktemp("trained") / "library")


@pytest.fixture(scope="module")
def span(library: Path) -> EpisodeSpan:
    with Library.open(library, writable=False) as opened:
        (row,) = opened.episodes.list().rows
    return EpisodeSpan(row.id, row.path, row.sha256, scan=True)


@pytest.fixture(scope="module")
def scene(library: Path, span: EpisodeSpan) -> ScannedScene:
    (scene,), left_out = prepare_scans([span], NETWORK, IiwaShape(), library / "cache")
    assert not left_out
    return scene


def test_masks_are_the_box_without_the_fingers_before_it(scene: ScannedScene, library: Path) -> None:
    with Library.open(library, writable=False) as opened:
        (row,) = opened.episodes.list().rows
        X_WO = SE3.from_array(opened.episodes.details(row.id).start_poses[SUGAR_BOX.name])
    corners = triangles_of(World(load_task("reach_tr").objects).model, SUGAR_BOX.name).reshape(-1, 3)
    box = FusedScan((X_WO @ corners).astype(np.float32), np.arange(len(corners), dtype=np.uint32).reshape(-1, 3))
    assert scene.objects == {SUGAR_BOX.name}
    assert abs(scene.scan.table_z_m()) < 0.002
    assert len(scene.views) >= 10
    for view in scene.views:
        exact = box.depth_from(view.camera, view.X_WC)
        covered = np.isfinite(exact) & (view.depth > 0) & (view.depth < exact - 0.02)
        true = box.foreground(view.camera, view.X_WC, 0.012) & ~covered & (view.depth > 0)
        assert (view.mask & ~np.isfinite(exact)).sum() < 0.1 * view.mask.sum()
        assert not (view.mask & covered).any()
        assert (view.mask & true).sum() > 0.8 * true.sum()


def test_a_scan_is_fused_once(scene: ScannedScene, span: EpisodeSpan, library: Path) -> None:
    def again(scan: int, done: int, total: int) -> None:
        pytest.fail("fused again")

    (found,), _ = prepare_scans([span], NETWORK, IiwaShape(), library / "cache", again)
    np.testing.assert_array_equal(found.scan.vertices_W, scene.scan.vertices_W)
    np.testing.assert_array_equal(found.views[3].mask, scene.views[3].mask)


def test_a_model_is_trained_from_scans_beside_demonstrations(library: Path, recorded: Path, tmp_path: Path) -> None:
    both = shutil.copytree(recorded, tmp_path / "both")
    shutil.copytree(library / "episodes", both / "episodes", dirs_exist_ok=True)
    with Library.open(both) as opened:
        assert sorted(span.scan for span in all_spans(opened)) == [False, False, True]
        judged = evaluation_pairs(opened, all_spans(opened), None, 1, 20, 0, same_scene=False)
        assert judged[0].origin == "simulation"
    trained = command("train", "correspondence", "--library", both, *SMALL)
    assert (trained["steps"], trained["left_out"]) == (2, [])
    assert 0 <= trained["metrics"]["pck"]["10"] <= 1


def test_scans_alone_need_no_fixed_camera(library: Path) -> None:
    with Library.open(library) as opened:
        run = begin(opened, load_rig(), LAPTOP, EpisodeFilter())
        specification = read_specification(Path(run.path), Specification)
    assert specification.cameras == ()
    assert [span.scan for span in specification.episodes] == [True]
