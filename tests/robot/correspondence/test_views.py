"""Views of recorded episodes: masks by background subtraction against what the simulator knows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.correspondence.config import EpisodeSpan, NetworkConfig
from core.correspondence.empty_workspace import EmptyWorkspace, newest_capture
from core.correspondence.mask_correction import ADDED, REMOVED, correction
from core.correspondence.views import Preparation, ViewSet, prepare
from core.episodes.reader import EpisodeReader
from core.episodes.truth import read_truth
from core.errors import InputError
from core.messages import CameraInfo
from robot.correspondence.shape import IiwaShape
from robot.simulation.empty_workspace import capture_empty_workspace
from robot.simulation.privileged import PrivilegedCamera

PREPARATION = Preparation(NetworkConfig(), 4, ("right", "left"))


@pytest.fixture(scope="module")
def spans(recorded: Path) -> list[EpisodeSpan]:
    return [EpisodeSpan(path.stem, str(path), "") for path in sorted((recorded / "episodes").glob("*.mcap"))]


@pytest.fixture(scope="module")
def cameras(spans: list[EpisodeSpan]) -> tuple[CameraInfo, ...]:
    with EpisodeReader(Path(spans[0].path)) as reader:
        return tuple(reader.cameras.values())


@pytest.fixture(scope="module")
def capture(cameras: tuple[CameraInfo, ...]) -> EmptyWorkspace:
    return capture_empty_workspace(cameras, "simulated", IiwaShape())


@pytest.fixture(scope="module")
def views(spans: list[EpisodeSpan], capture: EmptyWorkspace, tmp_path_factory: pytest.TempPathFactory) -> ViewSet:
    return prepare(spans, PREPARATION, capture, IiwaShape(), tmp_path_factory.mktemp("cache"))


def test_masks_cover_what_the_simulator_says_is_the_box(views: ViewSet, spans: list[EpisodeSpan]) -> None:
    view = next(k for k, info in enumerate(views.index.views) if info.moment == 2)
    info = views.index.views[view]
    path = next(Path(span.path) for span in spans if span.id == info.episode)
    camera, truth = PrivilegedCamera("push_box"), read_truth(path)
    with EpisodeReader(path) as reader:
        ticks, stamp = reader.arrays(), reader.stamps(info.role)[info.frame]
        tick, row = (int(np.searchsorted(stamps, stamp)) for stamps in (ticks["stamp_ns"], truth["stamp_ns"]))
        poses = {"sugar_box": tuple(truth["sugar_box"][row])}
        known = camera.view(info.role, ticks["q"][tick], float(ticks["gripper_width_m"][tick]), poses)
    camera.close()
    box = known.mask("sugar_box")[::2, ::2]
    mask = np.asarray(views.mask[view])
    assert (mask & box).sum() / (mask | box).sum() > 0.8
    assert (mask & (known.labels == 1)[::2, ::2]).sum() < 0.03 * mask.sum()


def test_what_was_prepared_is_found_prepared(
    views: ViewSet, spans: list[EpisodeSpan], capture: EmptyWorkspace, tmp_path: Path
) -> None:
    first = prepare(spans, PREPARATION, capture, IiwaShape(), tmp_path)
    again = prepare(spans, PREPARATION, capture, IiwaShape(), tmp_path, lambda done, total: pytest.fail("built again"))
    assert again.index == first.index == views.index
    np.testing.assert_array_equal(again.mask, first.mask)


def test_masks_are_those_that_a_hand_corrected_and_their_frames_are_looked_at(
    views: ViewSet, spans: list[EpisodeSpan], capture: EmptyWorkspace, tmp_path: Path
) -> None:
    span = spans[0]
    with EpisodeReader(Path(span.path)) as reader:
        camera, count = reader.cameras["left"], reader.frame_count("left")
    taken = {(view.role, view.frame) for view in views.index.views if view.episode == span.id}
    frame = next(k for k in range(count) if ("left", k) not in taken)
    layers = np.full((camera.height, camera.width), REMOVED, np.uint8)
    layers[100:300, 200:400] = ADDED
    hand = correction("left", frame, layers)
    assert hand is not None
    told = [msgspec.structs.replace(span, corrections=(hand,)), *spans[1:]]
    assert PREPARATION.key(told, capture) != PREPARATION.key(spans, capture)
    found = prepare(told, PREPARATION, capture, IiwaShape(), tmp_path)
    others = {(view.episode, view.role, view.frame) for view in views.index.views}
    new = [k for k, view in enumerate(found.index.views) if (view.episode, view.role, view.frame) not in others]
    (view,) = (k for k in new if found.index.views[k].role == "left")
    assert {found.index.views[k].moment for k in new} == {found.index.views[view].moment}
    scale = camera.width // found.mask.shape[2]
    np.testing.assert_array_equal(found.mask[view], (layers == ADDED)[::scale, ::scale])
    wrong = msgspec.structs.replace(span, corrections=(msgspec.structs.replace(hand, frame=count),))
    with pytest.raises(InputError, match=f"frame {count} of the left camera does not fit"):
        prepare([wrong], PREPARATION, capture, IiwaShape(), tmp_path)


def test_whole_episodes_are_held_out(views: ViewSet) -> None:
    train, held_out = views.split(0.1, 0)
    episodes = [{views.index.views[k].episode for k in part} for part in (train, held_out)]
    assert len(episodes[0]) == len(episodes[1]) == 1
    assert episodes[0].isdisjoint(episodes[1])


def test_a_capture_is_found_by_where_its_cameras_stood(
    capture: EmptyWorkspace, cameras: tuple[CameraInfo, ...], tmp_path: Path
) -> None:
    capture.save(tmp_path / capture.info.id)
    found = newest_capture(tmp_path, cameras)
    assert found is not None
    np.testing.assert_array_equal(found.depth["right"], capture.depth["right"])
    pose = cameras[0].X_WC
    assert pose is not None
    moved = msgspec.structs.replace(cameras[0], X_WC=(*pose[:4], pose[4] + 0.01, *pose[5:]))
    assert newest_capture(tmp_path, [moved]) is None


def test_the_empty_table_is_where_the_arm_hides_it(capture: EmptyWorkspace) -> None:
    for camera in capture.info.cameras:
        depth = capture.depth[camera.role]
        assert (depth > 0).mean() > 0.98
        v, u = np.indices(depth.shape)
        points_C = camera.pinhole.unproject(np.stack([u, v], axis=-1), depth * camera.depth_scale_m)
        assert camera.X_WC is not None
        from core.geometry import SE3

        z = (SE3.from_array(camera.X_WC) @ points_C.reshape(-1, 3))[:, 2]
        assert np.percentile(z[depth.ravel() > 0], 99) < 0.75


def test_a_moved_camera_is_named_with_what_to_do(
    spans: list[EpisodeSpan], capture: EmptyWorkspace, tmp_path: Path
) -> None:
    moved = tuple(msgspec.structs.replace(camera, fx=camera.fx * 1.05) for camera in capture.info.cameras)
    wrong = EmptyWorkspace(msgspec.structs.replace(capture.info, id="other", cameras=moved), capture.depth)
    with pytest.raises(InputError, match="capture the empty workspace again"):
        prepare(spans, PREPARATION, wrong, IiwaShape(), tmp_path)


def test_episodes_without_objects_say_so(spans: list[EpisodeSpan], capture: EmptyWorkspace, tmp_path: Path) -> None:
    blind = EmptyWorkspace(
        msgspec.structs.replace(capture.info, id="blind"),
        {role: np.full_like(depth, 1) for role, depth in capture.depth.items()},
    )
    with pytest.raises(InputError, match="nothing to learn correspondence from"):
        prepare(spans, PREPARATION, blind, IiwaShape(), tmp_path)
