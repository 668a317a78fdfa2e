"""Attempts by the command line: in parallel, in the catalogue, found again, and refused in a sentence."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.episodes.reader import EpisodeReader
from core.library import EpisodeFilter, Library
from tests.robot.correspondence.conftest import ROOT, command


@pytest.fixture(scope="module")
def tried(seen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a policy that has learned next to nothing."""
    library = shutil.copytree(seen, tmp_path_factory.mktemp("tried") / "library")
    words = ("--representation", "gt-3d", "--steps", 8, "--set", "batch=4")
    command("train", "policy", "--library", library, *words)
    return library


def policy_of(library: Path) -> str:
    with Library.open(library, writable=False) as opened:
        return opened.models.list("policy")[0].id


def test_attempts_are_episodes_of_the_catalogue_that_no_training_takes(tried: Path) -> None:
    policy = policy_of(tried)
    given = ("--library", tried, "--policy", policy[:20], "--trials", 2, "--workers", 2, "--seed", 40)
    result = command("rollout", *given, "--cameras", "none")
    assert {"attempts", "successes", "trials", "rate", "wilson95"} <= set(result)
    assert (result["trials"], result["rate"]) == (2, result["successes"] / 2)
    assert [each["seed"] for each in result["attempts"]] == [40, 41]
    assert {each["outcome"] for each in result["attempts"]} <= {"success", "failure"}
    assert all(each["disturbance"] == "none" and each["duration_s"] > 0 for each in result["attempts"])
    listed = command("episodes", "list", "--library", tried, "--policy", policy)["episodes"]
    assert {row["id"] for row in listed} == {each["id"] for each in result["attempts"]}
    assert {(row["demonstrator"], row["distribution"], row["frames"]) for row in listed} == {("policy", "test", 0)}
    with EpisodeReader(Path(listed[0]["path"])) as reader:
        arrays = reader.arrays()
    assert set(arrays["wanted_source"]) <= {"", "policy"}
    with Library.open(tried, writable=False) as opened:
        every = opened.attempts.list()
    assert all(each.final_error is not None and "sugar_box" in each.start_poses for each in every)
    assert all((each.outcome == "success") <= (each.final_error.distance_m <= 0.012) for each in every)
    (row,) = command("attempts", "tally", "--library", tried)["rows"]
    assert (row["policy"], row["task"], row["attempts"]) == (policy, "reach_tr", 2)
    found = command("attempts", "compare", "--library", tried, policy, policy)
    assert (found["trials"], found["p_value"]) == (2, 1.0)
    page = Path(command("attempts", "report", tried / "report", "--library", tried)["path"])
    assert "on every tick: the end effector within 1.2 cm" in page.read_text()
    preview = command("datasets", "preview", "--library", tried, "--representation", "gt-3d")
    assert len(preview["kept"]) == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--task", "push_plate"), "is told where the sugar_box is, and the task 'push_plate' has none"),
        (("--task", "reach_q"), "There is no task 'reach_q'"),
        (("--distribution", "wild"), "There is no distribution 'wild'"),
        (("--cameras", "ceiling"), "has no camera 'ceiling'"),
        (("--policy", "01ZZ"), "There is no policy '01ZZ'"),
    ],
)
def test_what_cannot_be_tried_is_said_in_a_sentence(tried: Path, words: tuple[str, ...], sentence: str) -> None:
    given = [] if "--policy" in words else ["--policy", policy_of(tried)]
    line = [sys.executable, str(ROOT / "main.py"), "rollout", "--library", str(tried), *given, *words]
    result = subprocess.run(line, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
    with Library.open(tried, writable=False) as opened:
        assert not [row for row in opened.episodes.list(EpisodeFilter()).rows if row.status == "recording"]
