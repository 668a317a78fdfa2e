"""What experiments find: beside the paper's figures, by every rule, as pictures, and kept for whoever asks."""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from core.correspondence.checkpoint import ModelDescription, save_model
from core.correspondence.config import NetworkConfig
from core.correspondence.network import DescriptorNetwork
from core.messages import TargetError
from core.policies.config import MLP
from experiments.cells import Cell, Scale
from experiments.claims import CLAIMS, CLAIMS_OF_V_B
from experiments.experiment import Experiment
from experiments.figure4 import FIGURE4
from experiments.figure5 import FIGURE5
from experiments.found import Found
from experiments.gallery import GalleryResults
from experiments.looking import look
from experiments.measured import Measured
from experiments.results import Results
from experiments.run import renew
from experiments.steps import FIRST_TRIAL, Demonstrations, Look, Looked, Policy, Trial, Trials, Tried
from experiments.store import Done

TRIED = Trials(Policy(Demonstrations("reach_t", 2, (), 10.0), MLP), 1)
MIDDLE = (0.65, 0.0, 90.0)


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


def test_figures_stand_beside_the_papers_and_are_compared_on_the_same_starts(tmp_path: Path) -> None:
    wanted = cells("with noise", "no noise")
    experiment = Experiment("A table", lambda _: wanted, (("with noise, Reach T", "no noise, Reach T"),))
    results = Results(tmp_path, "a", experiment, Scale.SMOKE)
    results.add(wanted[0].trials[0], done(*[True] * 6))
    assert results.missing() == wanted[1].trials
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
    results = Results(tmp_path, "figure4", FIGURE4, Scale.LAPTOP)
    cells = FIGURE4.cells(Scale.LAPTOP)
    results.add(cells[0].trials[0], done(True, True, False))
    picture = (results.folder / "figure4.svg").read_text()
    assert "inside 2 of 3, 66.7 %" in picture and picture.count("not yet measured") == len(cells) - 1
    page = (results.folder / "table.md").read_text()
    assert "![Figure 4](figure4.svg)" in page and "| GT-3D, 30 demonstrations | 2 of 3, 66.7 %" in page


def test_claims_are_judged_by_the_interval_of_the_difference(tmp_path: Path) -> None:
    results = Results(tmp_path, "claims", CLAIMS_OF_V_B, Scale.LAPTOP)
    cells = {cell.name: cell for cell in CLAIMS_OF_V_B.cells(Scale.LAPTOP)}
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
    assert again.missing() == wanted[1].trials and again.missing("one") == ()
    other = Results(tmp_path, "b", Experiment("Another", lambda _: cells("renamed", "else")), Scale.SMOKE)
    assert other.missing() == wanted[1].trials


def test_what_one_experiment_measured_stands_on_the_pages_of_the_others(tmp_path: Path) -> None:
    Results(tmp_path, "claims", CLAIMS_OF_V_B, Scale.LAPTOP).write()
    (cell,) = (cell for cell in FIGURE4.cells(Scale.LAPTOP) if cell.name == "DD-2D, 30 demonstrations")
    Results(tmp_path, "figure4", FIGURE4, Scale.LAPTOP).add(cell.trials[0], done(*[True] * 3))
    renew(Scale.LAPTOP, tmp_path)
    assert "DD-2D, Reach T+R, 30 demonstrations: 100.0 [44, 100]" in (tmp_path / "claims-laptop/table.md").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells", "claims-laptop", "figure4-laptop"]


def test_a_picture_of_matches_says_how_far_they_are_from_the_right_pixel(tmp_path: Path) -> None:
    config = NetworkConfig(descriptor_dim=4, head_channels=8, width=160, height=120)
    described = ModelDescription(id="M", name="untrained", created_utc_ns=0, network=config)
    save_model(tmp_path / "model", DescriptorNetwork(config), described)
    (box, _) = FIGURE5.pictures(Scale.SMOKE)
    asked = msgspec.structs.replace(
        box.step, looks=(Look("unseen"), Look("light", ("light",))), points=("label",), lines=(("label", "label_head"),)
    )
    jpeg, matches = look(str(tmp_path / "model"), asked)
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (24 + 2 * 240, 3 * 320, 3)
    assert [found.look for found in matches] == ["unseen", "light"]
    assert all(found.apart_px is not None and 0.0 <= found.apart_px < 800.0 for found in matches)
    results = GalleryResults(tmp_path, "figure5", FIGURE5, Scale.SMOKE)
    assert len(results.missing("")) == 2
    (tmp_path / "kept.jpg").write_bytes(jpeg)
    results.add(box.step, Done(msgspec.to_builtins(Looked(str(tmp_path / "kept.jpg"), matches)), 1.0))
    again = GalleryResults(tmp_path, "figure5", FIGURE5, Scale.SMOKE)
    assert again.missing("box") == () and len(again.missing("")) == 1
    page = (results.folder / "table.md").read_text()
    assert f"label, light {matches[1].apart_px:g} px" in page and "Not yet drawn." in page
    assert (results.folder / "box.jpg").read_bytes() == jpeg
