"""What cannot be learned from or judged costs one sentence that says what to do, and an exit status."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from commands.common import run_app
from main import app
from tests.robot.correspondence.small import (
    add_episode,
    add_model,
    blackened,
    cut_short,
    of_another_dimension,
    small_library,
    without_depth,
)

FAULTS = {
    "no depth": ({"change": without_depth}, "no depth"),
    "wrong intrinsics": ({"focal": -150.0}, "calibrate it"),
    "empty masks": ({"card": False}, "no image shows an object"),
    "one camera": ({"roles": ("right",)}, "two fixed cameras"),
    "black images": ({"change": blackened}, "black images of the right camera"),
}
SMALL = ("--minutes", 0, "--set", "steps=2", "--set", "batch_pairs=1", "--set", "moments=2", "--set", "crop=64")
SIZE = ("--set", "network.width=160", "--set", "network.height=120")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Libraries by their fault, each with a model; made when they are asked for."""
    made: dict[str, Path] = {}

    def library(fault: str) -> Path:
        if fault not in made:
            made[fault] = small_library(tmp_path_factory.mktemp("faulty") / "library")
            add_episode(made[fault], **FAULTS[fault][0])
            add_model(made[fault])
        return made[fault]

    return library


def sentence(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit status and what stands on standard error: one line."""
    status = run_app(app, [str(argument) for argument in (*arguments, "--quiet")])
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.endswith(".")
    return status, line


@pytest.mark.parametrize("fault", FAULTS)
def test_judging_says_what_is_wrong(
    faulty: Callable[[str], Path], fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    library = faulty(fault)
    (model,) = (library / "models").iterdir()
    given = ("--model", model.name, "--library", library, "--by", "reprojection", "--pairs", 1)
    status, line = sentence(capsys, "evaluate", "correspondence", *given)
    assert status == 2 and FAULTS[fault][1] in line


@pytest.mark.parametrize(("fault", "status"), [("no depth", 2), ("wrong intrinsics", 2), ("black images", 1)])
def test_training_says_what_is_wrong(
    faulty: Callable[[str], Path], fault: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found, line = sentence(capsys, "train", "correspondence", "--library", faulty(fault), *SMALL, *SIZE)
    assert found == status and FAULTS[fault][1] in line


def test_one_camera_is_enough_to_train(faulty: Callable[[str], Path]) -> None:
    library = faulty("one camera")
    given = ("--library", str(library), "--name", "alone", "--quiet")
    assert run_app(app, ["train", "correspondence", *given, *map(str, (*SMALL, *SIZE))]) == 0
    assert len(list((library / "models").iterdir())) == 2


@pytest.mark.parametrize(
    ("spoil", "words"), [(cut_short, "cut short or damaged"), (of_another_dimension, "does not fit its description")]
)
def test_a_spoiled_model_says_so(
    tmp_path: Path, spoil: Callable[[Path], None], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    model = add_model(small_library(tmp_path / "library"))
    spoil(model)
    given = ("--model", model.name, "--library", tmp_path / "library")
    status, line = sentence(capsys, "evaluate", "correspondence", *given)
    assert status == 2 and words in line


def test_a_model_that_came_from_another_library_is_taken_in(tmp_path: Path) -> None:
    model = add_model(small_library(tmp_path / "library"))
    path = model / "model.json"
    path.write_text(path.read_text().replace('"run": ""', '"run": "01M84CVXJVXMEGC6K9V7W2TZFQ"'))
    other = small_library(tmp_path / "other")
    model.rename(other / "models" / model.name)
    assert run_app(app, ["models", "rename", model.name, "mine", "--library", str(other), "--quiet"]) == 0
