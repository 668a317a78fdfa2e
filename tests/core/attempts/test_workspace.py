"""Where a policy works: the authors' distance, the hull of what was shown, and where to show more."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.attempts.collecting import collect_next, marks, struck_off
from core.attempts.outcome import Outcome
from core.attempts.workspace import Coordinate, Tried, planes, signed_distance, start_of, varying, workspace_map
from core.geometry import SE3
from core.messages import Floats, TargetError
from core.tasks import StartRange

STARTS = StartRange("box", (0.6, 0.7), (-0.2, 0.2), (math.radians(60.0), math.radians(120.0)))
PLANE = (Coordinate.HEADING, Coordinate.Y)
SQUARE: list[Floats] = [(0.65, y, heading) for y in (-0.1, 0.1) for heading in (80.0, 100.0)]


def tried(y: float, heading: float, outcome: Outcome | None) -> Tried:
    return Tried("one", (0.65, y, heading), outcome, None, 4.0)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TargetError(0.0, 0.0), 0.0),
        (TargetError(0.012, 0.0), 0.0),
        (TargetError(0.012, math.radians(2.0)), -0.4),
        (TargetError(0.02, math.radians(5.0)), -1.8),
        (TargetError(0.5, 1.0), -2.0),
    ],
)
def test_the_signed_distance_is_the_authors(error: TargetError, expected: float) -> None:
    assert signed_distance(error) == pytest.approx(expected)


def test_a_start_is_where_the_task_s_object_stood_and_how_it_was_turned() -> None:
    pose = SE3.from_rotation_vector((0.0, 0.0, math.radians(70.0)), (0.62, -0.1, 0.02)).as_tuple()
    assert start_of({"box": pose}, STARTS) == pytest.approx((0.62, -0.1, 70.0))
    assert start_of({"mug": pose}, STARTS) is None
    turned = StartRange("box", (0.6, 0.7), (0.0, 0.0), (math.radians(150.0), math.radians(210.0)))
    pose = SE3.from_rotation_vector((0.0, 0.0, math.radians(-160.0)), (0.62, 0.0, 0.0)).as_tuple()
    assert start_of({"box": pose}, turned) == pytest.approx((0.62, 0.0, 200.0))
    assert varying(turned) == (Coordinate.X, Coordinate.HEADING)
    assert planes(turned) == ((Coordinate.HEADING, Coordinate.X),)
    assert planes(STARTS)[0] == PLANE


def test_success_is_counted_inside_and_outside_of_the_hull_apart() -> None:
    attempts = [
        tried(0.0, 90.0, Outcome.SUCCESS),
        tried(0.1, 90.0, Outcome.SUCCESS),
        tried(0.0, 90.0, Outcome.ABORTED),
        tried(0.15, 90.0, Outcome.FAILURE),
        tried(0.0, 70.0, Outcome.SUCCESS),
    ]
    picture = workspace_map(STARTS, PLANE, attempts, SQUARE)
    assert sorted(map(tuple, picture.hull.tolist())) == [(80.0, -0.1), (80.0, 0.1), (100.0, -0.1), (100.0, 0.1)]
    assert (picture.inside.successes, picture.inside.trials) == (2, 2)
    assert (picture.outside.successes, picture.outside.trials) == (1, 2)


@pytest.mark.parametrize("training", [[], SQUARE[:2], [(0.65, y, 90.0) for y in (0.0, 0.1, 0.2)]])
def test_where_demonstrations_span_no_area_everything_is_outside(training: list[Floats]) -> None:
    picture = workspace_map(STARTS, PLANE, [tried(0.0, 90.0, Outcome.SUCCESS)], training)
    assert (len(picture.hull), picture.inside.trials, picture.outside.trials) == (0, 0, 1)


def test_the_next_demonstrations_are_wanted_outside_of_the_hull_first_and_apart_from_one_another() -> None:
    picture = workspace_map(STARTS, PLANE, [], SQUARE)
    wanted = collect_next(picture, picture.training, 10)
    outside = (np.abs(wanted[:, 1]) > 0.1) | (np.abs(wanted[:, 2] - 90.0) > 10.0)
    assert len(wanted) == 10 and outside.all()
    unit = (wanted - [0.6, -0.2, 60.0]) / [0.1, 0.4, 60.0]
    assert np.all((unit > -1e-9) & (unit < 1.0 + 1e-9))
    gaps = np.linalg.norm(unit[:, None] - unit[None], axis=-1)[~np.eye(10, dtype=bool)]
    assert gaps.min() > 0.2
    assert np.array_equal(wanted, collect_next(picture, picture.training, 10)), "asked twice, the answer is the same"
    anew = collect_next(picture, np.concatenate([picture.training, wanted]), 10)
    gaps = np.linalg.norm((wanted[:, None] - anew[None]) / [0.1, 0.4, 60.0], axis=-1)
    assert gaps.min() > 0.05, "what has been shown meanwhile is not asked for again"


def test_inside_the_hull_they_are_wanted_where_failures_gather() -> None:
    corners: list[Floats] = [(x, y, h) for x in (0.6, 0.7) for y in (-0.2, 0.2) for h in (60.0, 120.0)]
    failures = [tried(0.1 + 0.01 * step, 80.0, Outcome.FAILURE) for step in range(5)]
    successes = [tried(-0.1, 100.0, Outcome.SUCCESS)] * 20
    picture = workspace_map(STARTS, PLANE, failures + successes, corners)
    (first,) = collect_next(picture, picture.training, 1)
    assert abs(first[1] - 0.12) < 0.06 and abs(first[2] - 80.0) < 9.0


def test_a_demonstration_strikes_off_the_nearest_start_or_the_first_where_nobody_knows_its_own() -> None:
    wanted = np.array([[0.6, -0.2, 60.0], [0.65, 0.0, 90.0], [0.7, 0.2, 120.0]])
    assert struck_off(wanted, (0.66, 0.03, 95.0), STARTS)[:, 1].tolist() == [-0.2, 0.2]
    assert struck_off(wanted, None, STARTS)[:, 1].tolist() == [0.0, 0.2]
    assert len(struck_off(wanted[:0], None, STARTS)) == 0


def test_a_start_is_marked_on_the_table_by_a_ring_and_a_stroke_along_the_heading() -> None:
    ((ring, stroke),) = marks(np.array([[0.6, -0.1, 90.0]]))
    assert np.linalg.norm(ring - [0.6, -0.1, 0.0], axis=1) == pytest.approx(np.full(len(ring), 0.015))
    assert stroke[1] - stroke[0] == pytest.approx([0.0, 0.045, 0.0])
