"""An episode is replayed where it belongs, or the person hears what is different."""

import pytest

from core.errors import InputError
from core.geometry import SE3
from core.messages import EpisodeMetadata
from robot.replay_scene import OtherSceneError, difference_of_scene, require_own_rig

TITLES = {"push_box": "Push the box", "reach_t": "Reach", "free": "Free play"}
BOX = SE3.translation(0.6, 0.1, 0.03)
BESIDE = SE3.translation(0.6, 0.15, 0.03)


def episode(**changes: object) -> EpisodeMetadata:
    values = {"task": "push_box", "rig": "simulated", "simulated": True, "seed": 7}
    poses = {"start_poses": {"sugar_box": BOX.as_tuple()}}
    return EpisodeMetadata(id="", created_utc_ns=0, clock="wall", **{**values, **poses, **changes})


def test_the_same_scene_needs_no_word() -> None:
    assert difference_of_scene(episode(), "push_box", {"sugar_box": BOX.as_tuple()}, TITLES) == ""


def test_an_object_that_moved_is_named_with_the_seed_that_brings_it_back() -> None:
    warning = difference_of_scene(episode(), "push_box", {"sugar_box": BESIDE.as_tuple()}, TITLES)
    assert "sugar box" in warning
    assert "seed 7" in warning


def test_another_task_with_the_same_objects_is_said() -> None:
    warning = difference_of_scene(episode(), "reach_t", {"sugar_box": BOX.as_tuple()}, TITLES)
    assert "'Push the box'" in warning
    assert "'Reach'" in warning


@pytest.mark.parametrize("objects", [{}, {"plate": BOX.as_tuple()}])
def test_a_scene_with_other_objects_is_refused(objects: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(
        OtherSceneError, match="'Free play' holds other objects; load the scene of 'Push the box'"
    ) as refused:
        difference_of_scene(episode(), "free", objects, TITLES)
    assert refused.value.task == "push_box"


def test_an_episode_that_knows_no_start_says_so() -> None:
    unknown = episode(start_poses={})
    assert "not known where" in difference_of_scene(unknown, "push_box", {"sugar_box": BOX.as_tuple()}, TITLES)
    assert difference_of_scene(unknown, "push_box", {}, TITLES) == "", "there is nothing that could be elsewhere"


def test_a_real_episode_in_a_simulated_scene_is_said() -> None:
    warning = difference_of_scene(
        episode(simulated=False, rig="lab"), "push_box", {"sugar_box": BESIDE.as_tuple()}, TITLES
    )
    assert "on the rig 'lab', not in simulation" in warning
    assert "sugar box" in warning


@pytest.mark.parametrize(("changes", "where"), [({}, "in simulation"), ({"simulated": False}, "rig 'simulated'")])
def test_a_real_arm_replays_only_its_own_episodes(changes: dict[str, object], where: str) -> None:
    require_own_rig(episode(simulated=False, rig="lab"), "lab")
    with pytest.raises(InputError, match=where):
        require_own_rig(episode(**changes), "lab")
