"""Experiments: alike steps are one, nothing is done twice, what fails is told, figures stand beside the paper's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.policies.config import MLP
from experiments.cells import Cell, Experiment, Scale
from experiments.engine import Engine
from experiments.pipeline import Pipeline
from experiments.registry import EXPERIMENTS
from experiments.results import Results, failed, judged
from experiments.steps import FIRST_TRIAL, Demonstrations, Policy, Trial, Trials, in_order
from experiments.store import Store
from robot.rig import DEFAULT_RIG, load_rig

SHOWN = Demonstrations("reach_t", 2, (), 10.0)
TINY = msgspec.structs.replace(MLP, representation="gt-3d", steps=8, batch=4, points=4)
TRIED = Trials(Policy(SHOWN, TINY), 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(workers=1) as running:
        yield running


def cells(*names: str) -> tuple[Cell, ...]:
    """Cells that are tried on the same starts."""
    return tuple(Cell(name, "Reach T", msgspec.structs.replace(TRIED, seed=k), 94.1) for k, name in enumerate(names))


def rows(*successes: bool) -> list[Trial]:
    return [
        Trial(FIRST_TRIAL + k, success, 5.0, None if success else "workspace") for k, success in enumerate(successes)
    ]


@pytest.mark.parametrize("scale", Scale)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_alike_steps_are_done_once_and_in_order(name: str, scale: Scale) -> None:
    wanted = EXPERIMENTS[name].cells(scale)
    steps = in_order(tuple(cell.trials for cell in wanted))
    places = {step.key: place for place, step in enumerate(steps)}
    assert len(places) == len(steps) and {cell.trials.key for cell in wanted} <= set(places)
    assert all(places[needed.key] < places[step.key] for step in steps for needed in step.needs)
    assert len([step for step in steps if isinstance(step, Demonstrations)]) < len(wanted)
    assert len({cell.name for cell in wanted}) == len(wanted)
    assert {name for pair in EXPERIMENTS[name].compared for name in pair} <= {cell.name for cell in wanted}


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
        done = store.done(TRIED)
        assert done is not None
        (row,) = msgspec.convert(done.result, list[Trial])
        assert row.seed == FIRST_TRIAL
        assert "camera" in pipeline.failed[unknown.key] and store.done(unknown) is None
        library = store.library(SHOWN)
        assert library.episodes.list().total == 2 and len(library.models.list("policy")) == 1
    before = len(said)
    with Store(tmp_path) as store:
        assert list(Pipeline(store, engine, load_rig(DEFAULT_RIG), said.append).run((TRIED,))) == [TRIED]
    assert len(said) == before, "nothing was begun again"


def test_figures_stand_beside_the_papers_and_are_compared_on_the_same_starts(tmp_path: Path) -> None:
    wanted = cells("with noise", "no noise")
    experiment = Experiment("A table", lambda _: wanted, (("with noise, Reach T", "no noise, Reach T"),))
    results = Results(tmp_path, experiment, Scale.SMOKE, "main.py experiment a")
    results.add(judged(wanted[0], rows(*[True] * 6)))
    assert [cell.row for cell in results.missing] == ["no noise"]
    results.add(judged(wanted[1], rows(*[False] * 6)))
    (compared,) = results.table.compared
    assert (compared.first_alone, compared.second_alone, compared.p) == (6, 0, pytest.approx(2 / 64))
    page = (tmp_path / "table.md").read_text()
    assert "100.0 [61, 100] *94.1*" in page and "workspace 6" in page
    assert (tmp_path / "table.csv").read_text().count("\n") == 3


def test_what_failed_is_tried_again_and_what_was_found_stays(tmp_path: Path) -> None:
    wanted = cells("one", "two")
    experiment = Experiment("A table", lambda _: wanted)
    results = Results(tmp_path, experiment, Scale.SMOKE, "")
    results.add(judged(wanted[0], rows(True)))
    results.add(failed(wanted[1], "The disk is full."))
    assert "The disk is full." in (tmp_path / "table.md").read_text()
    again = Results(tmp_path, experiment, Scale.SMOKE, "")
    assert [cell.row for cell in again.missing] == ["two"]
    changed = Experiment("A table", lambda _: cells("one", "one and a half", "two")[1:])
    assert len(Results(tmp_path, changed, Scale.SMOKE, "").missing) == 2
