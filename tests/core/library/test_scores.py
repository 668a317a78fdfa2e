"""The score of a policy: Table III, matched trials, and where its attempts and demonstrations began."""

from __future__ import annotations

import math

import msgspec
import pytest

from core.attempts.outcome import Outcome
from core.attempts.workspace import Coordinate
from core.episodes.recorder import Recorder
from core.geometry import SE3
from core.library import EpisodeFilter, Library, new_id
from core.library.attempts import AttemptRow
from core.library.scores import Training, matched
from core.messages import Disturbance, EpisodeMetadata, TargetError
from core.tasks import StartRange
from tests.core.episodes.making import feed, metadata

FIRST, SECOND = "01JP0000000000000000000001", "01JP0000000000000000000002"
STARTS = StartRange("box", (0.5, 0.7), (-0.2, 0.2), (math.radians(60.0), math.radians(120.0)))


def record(library: Library, success: bool, start: tuple[float, float] = (0.0, 90.0), **changes: object) -> str:
    y, heading = start
    pose = SE3.from_rotation_vector((0.0, 0.0, math.radians(heading)), (0.6, y, 0.0)).as_tuple()
    name, disturbance = str(changes.pop("object_name", "box")), Disturbance(str(changes.pop("disturbance", "none")))
    info: EpisodeMetadata = metadata(new_id(), start_poses={name: pose}, simulated=True, **changes)
    _, path = library.episodes.begin(info)
    recorder = Recorder(path, info, [], synchronous=True)
    feed(recorder, [], 2)
    error = TargetError(0.0 if success else 0.02, 0.01) if info.policy else None
    summary = recorder.finish(success, judged=success, final_error=error)
    summary = msgspec.structs.replace(summary, disturbance=disturbance, disturbed=disturbance is not Disturbance.NONE)
    return library.episodes.complete(summary).id


def attempt(library: Library, policy: str, success: bool, seed: int, **changes: object) -> str:
    given = {"demonstrator": "policy", "policy": policy, "seed": seed, "distribution": "test"}
    return record(library, success, **{**given, **changes})


def trained(library: Library, policy: str, object_name: str = "box") -> None:
    """A policy that has learned from four demonstrations, one of them disturbed."""
    for y, heading in ((-0.1, 80.0), (0.1, 80.0), (-0.1, 100.0), (0.1, 100.0)):
        record(library, True, (y, heading), disturbance="manual" if y > 0 else "none", object_name=object_name)
    dataset = library.datasets.freeze("four", EpisodeFilter())
    run = library.runs.begin("policy", dataset.id, {}, 0)
    described = {"name": "steady", "created_utc_ns": 1, "network": {}, "kind": "policy", "run": run.id}
    folder = library.models.folder(policy)
    folder.mkdir(parents=True)
    (folder / "model.json").write_bytes(msgspec.json.encode(described))
    library.models.adopt()


def test_a_policy_s_row_has_what_it_did_and_what_it_learned_from(library: Library) -> None:
    trained(library, FIRST)
    for seed, (success, disturbance) in enumerate([(True, "none"), (False, "none"), (True, "manual")]):
        attempt(library, FIRST, success, seed, disturbance=disturbance)
    attempt(library, SECOND, True, 0)
    steady, unknown = library.scores.lines()
    assert (steady.name, steady.task, steady.attempts) == ("steady", "push_box", 3)
    assert (steady.undisturbed.successes, steady.undisturbed.trials) == (1, 2)
    assert (steady.disturbed.successes, steady.disturbed.trials) == (1, 1)
    assert (steady.total.successes, steady.total.trials) == (2, 3)
    assert steady.training == Training(4, pytest.approx(0.0, abs=0.01), True)
    assert (unknown.name, unknown.training) == (SECOND, None), "a policy whose training nobody here knows"


def test_where_it_works_has_starts_errors_and_the_hull_of_the_training(library: Library) -> None:
    trained(library, FIRST)
    near = attempt(library, FIRST, True, 0)
    far = attempt(library, FIRST, False, 1, start=(0.15, 110.0))
    picture = library.scores.where_it_works(FIRST, "push_box", STARTS, (Coordinate.HEADING, Coordinate.Y))
    assert [each.id for each in picture.tried] == [near, far]
    assert picture.tried[1].start == pytest.approx((0.6, 0.15, 110.0))
    assert picture.tried[1].error == TargetError(0.02, 0.01)
    assert len(picture.training) == len(picture.hull) == 4
    assert (picture.inside.successes, picture.outside.successes) == (1, 0)


def row(policy: str, trial: int | None, outcome: Outcome | None) -> AttemptRow:
    given = (new_id(), policy, "push_box", trial, "test", outcome, None, Disturbance.NONE, 0, None, 4.0, 0)
    return AttemptRow(*given)


def test_trials_are_matched_by_their_starts_and_by_how_often_they_were_tried() -> None:
    good, bad = Outcome.SUCCESS, Outcome.FAILURE
    first = [row(FIRST, 0, good), row(FIRST, 1, good), row(FIRST, 1, bad), row(FIRST, 3, None), row(FIRST, None, bad)]
    second = [row(SECOND, 1, bad), row(SECOND, 0, good), row(SECOND, 1, good), row(SECOND, 3, bad)]
    found = matched(first, second)
    assert (found.both, found.first_only, found.second_only, found.neither) == (1, 1, 1, 0)
    assert matched(first, [row(SECOND, 7, good)]).trials == 0
