"""``episodes`` and ``datasets`` as people and programs use them: one object, one sentence, one exit status."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from commands import datasets, episodes, runs
from commands.common import Progress, emit, run_app
from core.errors import LibraryError
from core.library import EpisodeRow, Library
from tests.core.library.making import add, write

Run = Callable[..., tuple[int, Any, str]]

app = typer.Typer()
app.add_typer(episodes.app, name="episodes")
app.add_typer(datasets.app, name="datasets")
app.add_typer(runs.app, name="runs")


@app.command()
def fail(how: str) -> None:
    raise {
        "library": LibraryError("The library is gone."),
        "interrupt": KeyboardInterrupt(),
        "odd": ValueError("x\ny"),
    }[how]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Run:
    """Run a command on the library of the test; its status, its JSON (or text) and its standard error."""
    caplog.set_level(logging.CRITICAL)

    def call(*arguments: str, as_json: bool = True) -> tuple[int, Any, str]:
        extra = ["--library", str(tmp_path / "library"), *(["--json"] if as_json else [])]
        status = run_app(app, [*arguments, *extra])
        captured = capsys.readouterr()
        return status, json.loads(captured.out) if as_json and captured.out else captured.out, captured.err

    return call


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[list[EpisodeRow]]:
    with Library.open(tmp_path / "library") as library:
        found = [
            add(library, frames=8, success=True, task="push_box", notes="red corner", tags=("clean",)),
            add(library, success=False, task="push_plate"),
            add(library, task="free", operator="Bob"),
        ]
    yield found


def test_list_gives_the_promised_object(run: Run, rows: list[EpisodeRow]) -> None:
    status, found, _ = run("episodes", "list")
    assert (status, found["total"]) == (0, 3)
    assert [each["id"] for each in found["episodes"]] == [row.id for row in reversed(rows)]
    promised = {"id", "task", "status", "integrity", "success", "frames", "dropped", "duration_s", "path"}
    assert promised <= found["episodes"][0].keys()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--query", "corn"], [0]),
        (["--task", "push_plate"], [1]),
        (["--success", "true"], [0]),
        (["--success", "false"], [1]),
        (["--success", "none"], [2]),
        (["--tag", "clean"], [0]),
        (["--operator", "Bob"], [2]),
        (["--status", "trashed"], []),
        (["--limit", "1"], [2]),
        (["--ascending", "--limit", "2"], [0, 1]),
        (["--sort", "task", "--ascending"], [2, 0, 1]),
    ],
)
def test_list_filters(run: Run, rows: list[EpisodeRow], options: list[str], expected: list[int]) -> None:
    _, found, _ = run("episodes", "list", *options)
    assert [each["id"] for each in found["episodes"]] == [rows[index].id for index in expected]


def test_people_get_lines(run: Run, rows: list[EpisodeRow]) -> None:
    status, text, told = run("episodes", "list", as_json=False)
    assert status == 0
    assert len(text.splitlines()) == 3
    assert "success" in text
    assert "#clean red corner" in text
    assert told.strip() == "3 of 3 episodes"
    assert "/camera/right/rgb" in run("episodes", "show", rows[0].id, as_json=False)[1]
    assert run("episodes", "list", "--quiet", as_json=False)[1:] == ("", "")


def test_show_label_trim_trash_and_restore_give_the_episode(run: Run, rows: list[EpisodeRow]) -> None:
    wanted = rows[0].id
    assert run("episodes", "show", wanted.lower())[1]["metadata"]["task"] == "push_box"
    labelled = run("episodes", "label", wanted, "--success", "false", "--notes", "n", "--tag", "a", "--trim", "0.05:")[
        1
    ]
    assert (labelled["success"], labelled["notes"], labelled["tags"]) == (False, "n", ["a", "clean"])
    assert (labelled["trim_start_s"], labelled["trim_end_s"]) == (0.05, None)
    assert run("episodes", "label", wanted, "--success", "none", "--remove-tag", "a")[1]["success"] is None
    assert run("episodes", "trash", wanted)[1]["status"] == "trashed"
    assert run("episodes", "list")[1]["total"] == 2
    assert run("episodes", "restore", wanted)[1]["status"] == "complete"


def test_verify_and_recover_report(run: Run, rows: list[EpisodeRow]) -> None:
    with Path(rows[0].path).open("r+b") as file:
        file.seek(rows[0].bytes // 2)
        file.write(b"damage")
    Path(rows[1].path).unlink()
    status, report, told = run("episodes", "verify", "--quiet")
    assert (status, report["checked"]) == (1, 3)
    assert (report["damaged"], report["missing"]) == ([rows[0].id], [rows[1].id])
    assert told.strip().splitlines()[-1] == "reticle: 1 damaged, 1 missing."
    status, report, _ = run("episodes", "recover", "--quiet")
    assert (status, report["recovered"], report["damaged"]) == (0, [rows[0].id], [])
    assert run("episodes", "verify", rows[0].id, "--quiet")[0] == 0


def test_recover_says_what_a_crash_left(run: Run, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        summary = write(library, frames=5)
    part = Path(summary.path + ".part")
    part.write_bytes(Path(summary.path).read_bytes()[:-3000])
    Path(summary.path).unlink()
    status, report, told = run("episodes", "recover")
    assert (status, report["recovered"]) == (0, [summary.id])
    assert f"Recovering {summary.id}" in told


def test_freeze_and_list_data_sets(run: Run, rows: list[EpisodeRow]) -> None:
    status, dataset, _ = run("datasets", "freeze", "good", "--success", "true")
    assert (status, dataset["name"], dataset["episodes"], len(dataset["sha256"])) == (0, "good", 1, 64)
    assert dataset.pop("kinds") == ["1 recorded on simulated at 200 Hz with right 96x64 at 30 Hz."]
    assert run("datasets", "list")[1] == {"datasets": [dataset]}
    assert "good" in run("datasets", "list", as_json=False)[1]
    status, nothing, told = run("datasets", "freeze", "good")
    assert (status, nothing) == (2, "")
    assert told == "reticle: There is a data set 'good' already; choose another name.\n"


def test_a_preview_says_what_is_left_out(run: Run, rows: list[EpisodeRow]) -> None:
    status, found, _ = run("datasets", "preview", "--representation", "dd-2d")
    assert (status, found["kept"]) == (0, [rows[0].id])
    reasons = {each["reason"]: each["episodes"] for each in found["left_out"]}
    assert reasons == {"failed": [rows[1].id], "without images of the right camera": [rows[2].id]}
    said = run("datasets", "preview", as_json=False)[1]
    assert "1 left out: failed\n" in said and "only 1 of at least 2 episodes" in said


def test_runs_are_listed_shown_noted_trashed_and_restored(run: Run, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        made = library.runs.begin("policy", None, {"steps": 3}, 0, "first")
        library.runs.update(made.id, "done", {"train_loss": 0.5})
    assert "first" in run("runs", "list", as_json=False)[1]
    assert run("runs", "note", made.id, "the better one")[1]["run"]["notes"] == "the better one"
    assert run("runs", "rename", made.id, "second")[1]["run"]["name"] == "second"
    said = run("runs", "show", made.id, as_json=False)[1]
    assert all(words in said for words in ("second", "the better one", "steps: 3", "train_loss: 0.5"))
    assert run("runs", "trash", made.id)[0] == 0
    assert run("runs", "list")[1] == {"runs": []}
    assert run("runs", "list", "--trashed")[1] == {"runs": [made.id]}
    assert run("runs", "restore", made.id)[1]["run"]["name"] == "second"
    assert run("runs", "show", "second")[1]["run"]["id"] == made.id
    assert run("runs", "show", "NOBODY")[2] == "reticle: There is no run 'NOBODY'; see 'runs list'.\n"


def test_freezing_what_was_not_recorded_alike_is_said(run: Run, rows: list[EpisodeRow]) -> None:
    status, dataset, told = run("datasets", "freeze", "mixed")
    assert (status, len(dataset["kinds"])) == (0, 2)
    assert "not all recorded alike: 2 recorded on simulated at 200 Hz with no cameras. 1 recorded on" in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["episodes", "show", "nobody"], "There is no episode 'nobody'"),
        (["episodes", "label", "0", "--trim", "soon"], "A trim is two times in seconds"),
        (["episodes", "list", "--sort", "colour"], "cannot be sorted by 'colour'"),
        (["episodes", "list", "--status", "lost"], "There is no status 'lost'"),
        (["episodes", "list", "--limit", "many"], "Invalid value for '--limit'"),
        (["episodes", "list", "--success", "perhaps"], "Invalid value for '--success'"),
        (["episodes", "frobnicate"], "No such command 'frobnicate'"),
    ],
)
def test_bad_input_costs_one_sentence_and_status_two(
    run: Run, rows: list[EpisodeRow], arguments: list[str], sentence: str
) -> None:
    status, output, told = run(*arguments)
    assert (status, output) == (2, "")
    assert sentence in told
    assert len(told.splitlines()) == 1


def test_a_library_that_is_not_there_is_bad_input(run: Run) -> None:
    status, _, told = run("episodes", "list")
    assert status == 2
    assert "There is no library in" in told


def test_a_library_in_use_is_a_failure_with_one_sentence(run: Run, rows: list[EpisodeRow], tmp_path: Path) -> None:
    with Library.open(tmp_path / "library"):
        status, output, told = run("episodes", "trash", rows[0].id)
        assert (status, output) == (1, "")
        assert "is being used by" in told
        assert len(told.splitlines()) == 1
        assert run("episodes", "list")[0] == 0


@pytest.mark.parametrize(("how", "status"), [("library", 1), ("interrupt", 130), ("odd", 1)])
def test_every_end_has_its_status_and_its_sentence(how: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(app, ["fail", how]) == status
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_progress_says_little_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("Counting", 1000) as progress:
        for _ in range(1000):
            progress.advance()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 100
    assert lines[-1] == "Counting: 1000 of 1000"
    with Progress("Counting", 3, quiet=True) as progress:
        progress.advance(3)
    assert capsys.readouterr().err == ""


def test_messages_become_plain_json(rows: list[EpisodeRow], capsys: pytest.CaptureFixture[str]) -> None:
    emit({"episode": rows[0]})
    assert json.loads(capsys.readouterr().out)["episode"]["tags"] == ["clean"]


def test_trims() -> None:
    assert episodes.parse_trim("1.5:12") == (1.5, 12.0)
    assert episodes.parse_trim(":12") == (None, 12.0)
    assert episodes.parse_trim("1.5:") == (1.5, None)
    assert episodes.parse_trim(":") == (None, None)
