"""Experiments: alike steps are one, nothing is done twice, what fails is told, figures stand beside the paper's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.messages import TargetError
from core.policies.config import MLP
from experiments.cells import Cell, Scale
from experiments.claims import CLAIMS
from experiments.engine import Engine
from experiments.experiment import Experiment
from experiments.found import Found
from experiments.measured import Measured
from experiments.pipeline import Pipeline
from experiments.registry import EXPERIMENTS
from experiments.results import Results
from experiments.steps import FIRST_TRIAL, Demonstrations, Policy, Trial, Trials, Tried, in_order
from experiments.store import Done, Store
from robot.rig import DEFAULT_RIG, load_rig

SHOWN = Demonstrations("reach_t", 2, (), 10.0)
TINY = msgspec.structs.replace(MLP, representation="gt-3d", steps=8, batch=4, points=4)
MIDDLE = (0.65, 0.0, 90.0)
TRIED = Trials(Policy(SHOWN, TINY), 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(workers=1) as running:
        yield running


def cells(*names: str) -> tuple[Cell, ...]:
    """Cells that are tried on the same starts."""
    return tuple(
        Cell(name, "Reach T", (msgspec.structs.replace(TRIED, count=k + 1),), 94.1) for k, name in enumerate(names)
    )


def done(*successes: bool, in_view: bool = True, distance_m: float = 0.0) -> Done:
    """Trials from the middle of the range, of a policy that was shown a triangle around it."""
    rows = [
        Trial(FIRST_TRIAL + k, success, 5.0, None if success else "workspace", in_view, MIDDLE, TargetError(distance_m))
        for k, success in enumerate(successes)
    ]
    triangle = ((0.65, -0.2, 80.0), (0.65, -0.2, 100.0), (0.65, 0.2, 90.0))
    return Done(msgspec.to_builtins(Tried(tuple(rows), triangle)), 1.0)


@pytest.mark.parametrize("scale", Scale)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_alike_steps_are_done_once_and_in_order(name: str, scale: Scale) -> None:
    wanted = EXPERIMENTS[name].cells(scale)
    trials = [step for cell in wanted for step in cell.trials]
    steps = in_order(tuple(trials))
    places = {step.key: place for place, step in enumerate(steps)}
    assert len(places) == len(steps) and {step.key for step in trials} <= set(places)
    assert all(places[needed.key] < places[step.key] for step in steps for needed in step.needs)
    assert len([step for step in steps if isinstance(step, Demonstrations)]) < len(wanted)
    assert len({cell.name for cell in wanted}) == len(wanted)
    assert {name for pair in EXPERIMENTS[name].compared for name in pair} <= {cell.name for cell in wanted}


def test_at_paper_scale_every_cell_has_three_seeds_of_training() -> None:
    (cell,) = (cell for cell in EXPERIMENTS["figure4"].cells(Scale.PAPER) if cell.name == "DD-2D, 30 demonstrations")
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


def test_figures_stand_beside_the_papers_and_are_compared_on_the_same_starts(tmp_path: Path) -> None:
    wanted = cells("with noise", "no noise")
    experiment = Experiment("A table", lambda _: wanted, (("with noise, Reach T", "no noise, Reach T"),))
    results = Results(tmp_path, "a", experiment, Scale.SMOKE)
    results.add(wanted[0].trials[0], done(*[True] * 6))
    assert [cell.row for cell in results.missing] == ["no noise"]
    results.add(wanted[1].trials[0], done(*[False] * 6))
    (compared,) = results.write().compared
    assert (compared.first_alone, compared.second_alone, compared.p) == (6, 0, pytest.approx(2 / 64))
    page = (results.folder / "table.md").read_text()
    assert "100.0 [61, 100] *94.1*" in page and "workspace 6" in page
    assert (results.folder / "table.csv").read_text().count("\n") == 3


def test_both_rules_are_counted_of_all_trials_and_of_those_in_view() -> None:
    (cell,) = cells("one")
    measured = [
        Measured("", 8, "", "", 1.0, msgspec.convert(each.result, Tried))
        for each in (done(True, True, distance_m=0.013), done(False, in_view=False))
    ]
    found = Found(cell, tuple(measured))
    line = found.figures()
    assert (line["successes"], line["trials"], line["seeds"]) == (2, 3, 2)
    assert (line["in_view_successes"], line["in_view_trials"]) == (2, 2)
    assert (line["script_successes"], line["script_trials"]) == (1, 3), "1.3 cm is too far, 0 is not"
    assert (line["script_in_view_successes"], line["script_in_view_trials"]) == (0, 2)


def test_figure_4_is_drawn_with_what_is_known(tmp_path: Path) -> None:
    results = Results(tmp_path, "figure4", EXPERIMENTS["figure4"], Scale.LAPTOP)
    results.add(results.cells[0].trials[0], done(True, True, False))
    picture = (results.folder / "figure4.svg").read_text()
    assert "inside 2 of 3, 66.7 %" in picture and picture.count("not yet measured") == len(results.cells) - 1
    page = (results.folder / "table.md").read_text()
    assert "![Figure 4](figure4.svg)" in page and "| GT-3D, 30 demonstrations | 2 of 3, 66.7 %" in page


def test_claims_are_judged_by_the_interval_of_the_difference(tmp_path: Path) -> None:
    results = Results(tmp_path, "claims", EXPERIMENTS["claims"], Scale.LAPTOP)
    cells = {cell.name: cell for cell in results.cells}
    results.write()
    page = (results.folder / "table.md").read_text()
    assert "With 30 demonstrations dense descriptors beat AE and E2E with 200" in page
    assert page.count("not yet measured") == sum(len(claim.pairs) for claim in CLAIMS)
    for name, successes in (("DD-2D, Reach T+R, 30 demonstrations", 40), ("AE, Reach T+R", 4), ("E2E, Reach T+R", 39)):
        results.add(cells[name].trials[0], done(*[k < successes for k in range(50)]))
    lines = (results.folder / "table.md").read_text().splitlines()
    of_few = [line for line in lines if line.startswith(("| With 30", "|  | DD-2D, Reach T+R, 30 demonstrations:"))]
    verdicts = {name: line for line in of_few for name in ("AE,", "AE, mask,", "E2E,") if f"| {name} Reach T+R" in line}
    assert verdicts["AE,"].endswith("| +72.0 [+55, +82] | **holds** |")
    assert verdicts["AE, mask,"].endswith("|  | not yet measured |")
    assert verdicts["E2E,"].endswith("| the trials do not tell |")


def test_what_failed_is_tried_again_and_what_was_found_stays_for_whoever_asks(tmp_path: Path) -> None:
    wanted = cells("one", "two")
    experiment = Experiment("A table", lambda _: wanted)
    results = Results(tmp_path, "a", experiment, Scale.SMOKE)
    results.add(wanted[0].trials[0], done(True))
    results.add(wanted[1].trials[0], "The disk is full.")
    assert "The disk is full." in (results.folder / "table.md").read_text()
    again = Results(tmp_path, "a", experiment, Scale.SMOKE)
    assert [cell.row for cell in again.missing] == ["two"]
    other = Results(tmp_path, "b", Experiment("Another", lambda _: cells("renamed", "else")), Scale.SMOKE)
    assert [cell.row for cell in other.missing] == ["else"]
