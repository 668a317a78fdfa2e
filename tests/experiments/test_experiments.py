"""Experiments: alike steps are one, nothing is done twice, what fails is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.policies.config import MLP
from experiments.cells import Scale
from experiments.engine import Engine
from experiments.figure4 import FIGURE4
from experiments.gallery import Gallery
from experiments.pipeline import Pipeline
from experiments.registry import EXPERIMENTS
from experiments.steps import FIRST_TRIAL, Demonstrations, Policy, Step, Trials, Tried, in_order
from experiments.store import Store
from robot.rig import DEFAULT_RIG, load_rig

SHOWN = Demonstrations("reach_t", 2, (), 10.0)
TINY = msgspec.structs.replace(MLP, representation="gt-3d", steps=8, batch=4, points=4)
TRIED = Trials(Policy(SHOWN, TINY), 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(workers=1) as running:
        yield running


def asked_of(name: str, scale: Scale) -> tuple[list[str], tuple[Step, ...]]:
    """Names of the cells or pictures of an experiment, and the steps that they ask for."""
    experiment = EXPERIMENTS[name]
    if isinstance(experiment, Gallery):
        pictures = experiment.pictures(scale)
        return [each.name for each in pictures], tuple(each.step for each in pictures)
    cells = experiment.cells(scale)
    named = [cell.name for cell in cells]
    assert {name for pair in experiment.compared for name in pair} <= set(named)
    return named, tuple(step for cell in cells for step in cell.trials)


@pytest.mark.parametrize("scale", Scale)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_alike_steps_are_done_once_and_in_order(name: str, scale: Scale) -> None:
    names, wanted = asked_of(name, scale)
    steps = in_order(wanted)
    places = {step.key: place for place, step in enumerate(steps)}
    assert len(places) == len(steps) and {step.key for step in wanted} <= set(places)
    assert all(places[needed.key] < places[step.key] for step in steps for needed in step.needs)
    assert len([step for step in steps if isinstance(step, Demonstrations)]) <= len(wanted)
    assert len(set(names)) == len(names)


def test_at_paper_scale_every_cell_has_three_seeds_of_training() -> None:
    (cell,) = (cell for cell in FIGURE4.cells(Scale.PAPER) if cell.name == "DD-2D, 30 demonstrations")
    policies = [step.policy for step in cell.trials]
    assert [policy.config.seed for policy in policies] == [0, 1, 2]
    assert [policy.descriptors and policy.descriptors.config.seed for policy in policies] == [0, 1, 2]
    assert len({policy.demonstrations.key for policy in policies}) == 1


def test_a_key_is_of_the_content() -> None:
    assert msgspec.structs.replace(SHOWN).key == SHOWN.key
    assert len({SHOWN.key, msgspec.structs.replace(SHOWN, episodes=3).key, TRIED.key, TRIED.policy.key}) == 4


def test_demonstrations_training_and_trials_are_carried_out_once(engine: Engine, tmp_path: Path) -> None:
    said: list[str] = []
    unknown = Trials(Policy(SHOWN, msgspec.structs.replace(TINY, camera="ceiling", representation="gt-2d")), 1)
    with Store(tmp_path) as store:
        pipeline = Pipeline(store, engine, load_rig(DEFAULT_RIG), said.append)
        settled = list(pipeline.run((TRIED, unknown)))
        assert {step.key for step in settled} == {TRIED.key, unknown.key}
        found = store.done(TRIED)
        assert found is not None
        tried = msgspec.convert(found.result, Tried)
        (row,) = tried.trials
        assert row.seed == FIRST_TRIAL and row.start is not None and row.error.distance_m > 0.0
        assert len(tried.training) == SHOWN.episodes
        assert "camera" in pipeline.failed[unknown.key] and store.done(unknown) is None
        library = store.library(SHOWN)
        assert library.episodes.list().total == 2 and len(library.models.list("policy")) == 1
    before = len(said)
    with Store(tmp_path) as store:
        assert list(Pipeline(store, engine, load_rig(DEFAULT_RIG), said.append).run((TRIED,))) == [TRIED]
    assert len(said) == before, "nothing was begun again"
