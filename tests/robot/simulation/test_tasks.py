"""Every task: resets inside their ranges, a judge that wants success to hold, an expert that succeeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.attempts.workspace import COORDINATES, limits_of, start_of, varying
from core.geometry import SE3, yaw_of
from core.messages import EpisodeMetadata
from core.tasks import TaskInfo
from robot.lockstep import LockstepRig, LockstepSpec
from robot.rig import load_rig
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.reach import X_OE_GOAL
from robot.simulation.task import Distribution, Judge, Moment, flat_pose, load_task
from robot.simulation.tasks import TASKS

_NAMES = sorted(TASKS.entries())
_SEEDS = {"reach_t": 2, "reach_tr": 3, "push_box": 3, "push_plate": 3, "free": 2}


@pytest.mark.parametrize("name", _NAMES)
def test_the_expert_succeeds_with_disturbances_on(name: str) -> None:
    rig = LockstepRig(LockstepSpec(load_rig(), name, cameras=()))
    for seed in range(_SEEDS.get(name, 2)):
        metadata = EpisodeMetadata(
            id=str(seed), task=name, created_utc_ns=0, clock="", rig="", seed=seed, distribution="test"
        )
        assert rig.record_expert(None, metadata, disturbances=True), f"seed {seed}"


@pytest.mark.parametrize("name", _NAMES)
def test_tasks_say_when_they_are_disturbed_judged_and_stopped(name: str) -> None:
    info: TaskInfo = TASKS.get(name).info
    assert info.name == name
    assert all((info.title, info.prompt, info.disturbed_until, info.judged, info.stops))
    assert set(info.objects) == {thing.name for thing in load_task(name).objects}


@pytest.mark.parametrize("distribution", list(Distribution))
@pytest.mark.parametrize(
    ("name", "thing", "x", "y", "yaw_deg"),
    [
        ("reach_t", "sugar_box", (0.6, 0.7), (-0.2, 0.2), (90, 90)),
        ("reach_tr", "sugar_box", (0.6, 0.7), (-0.2, 0.2), (60, 120)),
        ("push_box", "sugar_box", (0.58, 0.62), (-0.24, -0.14), (60, 120)),
        ("push_plate", "plate", (0.55, 0.65), (-0.2, -0.12), (-180, 180)),
    ],
)
def test_resets_stay_in_the_published_ranges(
    name: str,
    thing: str,
    x: tuple[float, float],
    y: tuple[float, float],
    yaw_deg: tuple[float, float],
    distribution: Distribution,
) -> None:
    task = load_task(name)
    rng = np.random.default_rng(0)
    poses = [task.start_poses(rng, distribution)[thing] for _ in range(300)]
    xs, ys = np.array([pose.p[0] for pose in poses]), np.array([pose.p[1] for pose in poses])
    yaws = np.rad2deg([yaw_of(pose) for pose in poses])
    for values, (low, high) in ((xs, x), (ys, y), (yaws, yaw_deg)):
        assert values.min() >= low - 1e-9
        assert values.max() <= high + 1e-9
        assert np.ptp(values) >= 0.8 * (high - low)


@pytest.mark.parametrize("name", _NAMES)
def test_what_a_task_says_of_its_starts_is_so(name: str) -> None:
    task, rng = load_task(name), np.random.default_rng(1)
    starts = task.info.starts
    for distribution in Distribution if starts is not None else ():
        for _ in range(100):
            start = start_of({each: X.as_tuple() for each, X in task.start_poses(rng, distribution).items()}, starts)
            for coordinate, value, (low, high) in zip(COORDINATES, start, limits_of(starts), strict=True):
                assert coordinate not in varying(starts) or low - 1e-9 <= value <= high + 1e-9


def test_reach_draws_near_the_middle_for_training_and_evenly_for_tests() -> None:
    task = load_task("reach_t")
    spread = {}
    for distribution in Distribution:
        rng = np.random.default_rng(0)
        spread[distribution] = np.std([task.start_poses(rng, distribution)["sugar_box"].p[1] for _ in range(800)])
    assert spread[Distribution.TRAIN] < 0.95 * spread[Distribution.TEST]


def _reach_moment(elapsed_s: float, offset: SE3) -> Moment:
    X_WO = flat_pose(0.65, 0.0, SUGAR_BOX.rest_z_m, 1.5)
    return Moment(elapsed_s, X_WO @ X_OE_GOAL @ offset, 0.0, {"sugar_box": X_WO})


def test_success_must_hold_without_a_break() -> None:
    judge = Judge(load_task("reach_tr"))
    near, far = SE3.translation(0.0, 0.0, 0.011), SE3.translation(0.0, 0.0, 0.013)
    for elapsed_s, offset in ((0.0, near), (0.9, near), (0.95, far), (1.1, near), (2.0, near)):
        judge.update(_reach_moment(elapsed_s, offset))
        assert not judge.success
    judge.update(_reach_moment(2.1, near))
    assert judge.success
    assert judge.finished


def test_an_attempt_ends_when_its_time_is_up() -> None:
    judge = Judge(load_task("reach_tr"))
    far = SE3.translation(0.0, 0.0, 0.05)
    judge.update(_reach_moment(14.9, far))
    assert not judge.finished
    judge.update(_reach_moment(15.0, far))
    assert judge.finished
    judge.update(_reach_moment(15.1, SE3.identity()))
    judge.update(_reach_moment(17.0, SE3.identity()))
    assert not judge.success


def test_tasks_tell_how_far_from_their_target_they_are() -> None:
    turned = SE3.from_rotation_vector((0.0, 0.0, 0.1), (0.0, 0.0, 0.02))
    far = load_task("reach_tr").error(_reach_moment(0.0, turned))
    assert (far.distance_m, far.angle_rad) == (pytest.approx(0.02), pytest.approx(0.1))
    assert load_task("reach_t").error(_reach_moment(0.0, turned)).angle_rad == 0.0
    box = Moment(0.0, SE3.identity(), 0.0, {"sugar_box": flat_pose(0.6, 0.1, 0.02, np.deg2rad(80.0))})
    far = load_task("push_box").error(box)
    assert (far.distance_m, far.angle_rad) == (pytest.approx(0.034), pytest.approx(np.deg2rad(10.0)))


@pytest.mark.parametrize(("degrees", "met"), [(1.9, True), (2.1, False)])
def test_reach_with_rotation_wants_two_degrees(degrees: float, met: bool) -> None:
    turned = SE3.from_rotation_vector((0.0, 0.0, np.deg2rad(degrees)))
    assert load_task("reach_tr").reached(_reach_moment(0.0, turned)) is met
    assert load_task("reach_t").reached(_reach_moment(0.0, turned))


@pytest.mark.parametrize(
    ("y", "yaw_deg", "met"), [(0.135, 91.5, True), (0.133, 90.0, False), (0.2, 92.5, False), (0.2, -90.0, False)]
)
def test_the_box_must_be_past_the_line_and_straight(y: float, yaw_deg: float, met: bool) -> None:
    moment = Moment(0.0, SE3.identity(), 0.0, {"sugar_box": flat_pose(0.6, y, 0.02, np.deg2rad(yaw_deg))})
    assert load_task("push_box").reached(moment) is met


def test_disturbances_end_where_the_tasks_say() -> None:
    box, plate = load_task("push_box"), load_task("push_plate")
    moment = Moment(0.0, SE3.identity(), 0.0, {})
    for y, acts in ((0.04, True), (0.06, False)):
        assert box.disturbances_act(replace(moment, X_WO={"sugar_box": flat_pose(0.6, y, 0.02)})) is acts
    for y, acts in ((0.09, True), (0.11, False)):
        assert plate.disturbances_act(replace(moment, X_WO={"plate": flat_pose(0.61, y, 0.01)})) is acts


def test_free_play_scatters_things_without_overlap() -> None:
    task = load_task("free")
    for seed in range(50):
        poses = task.start_poses(np.random.default_rng(seed), Distribution.TRAIN)
        for a in task.objects:
            for b in task.objects:
                if a is not b:
                    gap = np.linalg.norm(poses[a.name].p[:2] - poses[b.name].p[:2]) - a.radius_m - b.radius_m
                    assert gap > 0.0
