"""What a training would learn from: counted, sorted out with reasons, and frozen as it was shown."""

from __future__ import annotations

import pytest

from core.errors import InputError
from core.library import EpisodeFilter, Library
from core.library.preview import Wanted
from core.policies.config import PolicyConfig
from core.policies.wants import wants
from tests.core.library.making import add, write

SEEN = Wanted(camera="right", depth=True)


def test_every_episode_is_kept_or_left_out_with_the_reason(library: Library) -> None:
    good = [add(library, frames=2, success=True, task="push").id for _ in range(2)]
    unsure = add(library, frames=2, task="push").id
    failed = add(library, frames=2, success=False, task="push").id
    thrown = add(library, frames=2, success=True, task="push").id
    library.episodes.trash([thrown])
    begun = write(library, task="push").id
    blind = add(library, success=True, task="push").id
    scan = add(library, frames=2, task="push", demonstrator="scan").id
    elsewhere = add(library, frames=2, success=True, task="push", rig="other").id
    add(library, frames=2, success=True, task="reach")
    found = library.datasets.preview(EpisodeFilter(task="push"), SEEN)
    assert found.kept == (*good, unsure) and found.problem == ""
    assert (found.successes, found.failures, found.unlabelled) == (2, 0, 1)
    assert (found.tasks, found.cameras) == ({"push": 3}, {"right": 6}) and found.minutes > 0
    assert {each.reason: each.episodes for each in found.left_out} == {
        "failed": (failed,),
        "in the trash": (thrown,),
        "unfinished or damaged": (begun,),
        "without images of the right camera": (blind,),
        "of a scan, which shows no task": (scan,),
        "of another rig (other)": (elsewhere,),
    }
    every = library.datasets.preview(EpisodeFilter(task="push"), Wanted(failures=True, scans=True, alike=False))
    assert {each.reason for each in every.left_out} == {"in the trash", "unfinished or damaged"}
    real = add(library, success=True, task="real", simulated=False).id
    told = library.datasets.preview(EpisodeFilter(task="real"), Wanted(object_state=True))
    assert [(each.reason, each.episodes) for each in told.left_out] == [
        ("from a real rig, where nobody tells where objects are", (real,))
    ]


def test_what_was_shown_is_frozen_once(library: Library) -> None:
    kept = [add(library, frames=2, success=True).id for _ in range(2)]
    add(library, frames=2, success=False)
    first = library.datasets.chosen(EpisodeFilter(), SEEN)
    assert [member.id for member in library.datasets.members(first.id)] == kept
    assert library.datasets.chosen(EpisodeFilter(), SEEN) == first
    everything = library.datasets.freeze("everything", EpisodeFilter())
    assert library.datasets.chosen("everything", SEEN) == first
    assert library.datasets.chosen("everything", Wanted(failures=True)) == everything
    assert library.datasets.preview("everything", SEEN).left_out[0].reason == "failed"


def test_nothing_to_train_on_is_said_in_one_sentence(library: Library) -> None:
    with pytest.raises(InputError, match=r"because no episode matches; record some"):
        library.datasets.chosen(EpisodeFilter(), SEEN)
    add(library, success=False)
    add(library, success=True)
    with pytest.raises(InputError, match=r"left out: 1 failed, 1 without images of the right camera\.$"):
        library.datasets.chosen(EpisodeFilter(), SEEN)
    add(library, frames=2, task="push")
    add(library, frames=2, task="reach")
    problem = library.datasets.preview(EpisodeFilter(), Wanted(camera="right", one_task=True)).problem
    assert problem.endswith("these are 1 of push, 1 of reach; choose one task.")
    few = library.datasets.preview(EpisodeFilter(task="push"), Wanted(camera="right", least=2)).problem
    assert few == "Nothing can be trained because only 1 of at least 2 episodes is there."


@pytest.mark.parametrize(("representation", "kept"), [("gt-2d", 1), ("gt-3d", 2), ("e2e", 1)])
def test_what_sees_through_a_camera_needs_one(library: Library, representation: str, kept: int) -> None:
    seen = add(library, frames=2, success=True).id
    add(library, success=True)
    found = library.datasets.preview(
        EpisodeFilter(), wants(PolicyConfig(representation=representation, camera="right"))
    )
    assert seen in found.kept and len(found.kept) == kept
    assert [each.reason for each in found.left_out] == ["without images of the right camera"] * (2 - kept)
