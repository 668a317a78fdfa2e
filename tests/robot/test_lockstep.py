"""Simulated time: the same seed gives the same episode, whatever the machine and the number of workers."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.episodes.reader import EpisodeReader
from core.episodes.truth import read_truth
from core.library.library import Library
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), *map(str, arguments)]


def record(library: Path, *arguments: object) -> dict:
    options = ("record", "--library", library, "--json", "--quiet", "--task", "reach_t")
    result = subprocess.run(command(*options, *arguments), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def poses(path: str) -> np.ndarray:
    with EpisodeReader(Path(path)) as reader:
        arrays = reader.arrays()
    return np.concatenate([arrays["q"], arrays["sent_X_WE"]], axis=1)


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    one = record(tmp_path / "one", "--episodes", 2, "--cameras", "none", "--seed", 5)
    two = record(tmp_path / "two", "--episodes", 2, "--cameras", "none", "--seed", 5, "--workers", 2)
    assert one["successes"] == two["successes"] == 2
    for first, second in zip(one["episodes"], two["episodes"], strict=True):
        np.testing.assert_array_equal(poses(first["path"]), poses(second["path"]))
    assert not np.array_equal(poses(one["episodes"][0]["path"]), poses(one["episodes"][1]["path"]))


def test_an_expert_episode_has_frames_steps_truth_and_a_row(tmp_path: Path) -> None:
    recorded = record(tmp_path, "--cameras", "right", "--rate", 5)["episodes"][0]
    assert recorded["success"] is True
    assert recorded["dropped"] == 0
    with EpisodeReader(Path(recorded["path"])) as reader:
        stamps = reader.stamps("right")
        assert len(stamps) == recorded["frames"] == pytest.approx(recorded["duration_s"] * 5, abs=2)
        np.testing.assert_allclose(np.diff(stamps) / 1e9, 0.2, atol=1e-6)
        ticks = reader.arrays()["stamp_ns"]
        assert reader.metadata.clock == "lockstep"
        assert reader.metadata.seed == 0
        assert set(reader.metadata.start_poses) == {"sugar_box"}
    np.testing.assert_allclose(np.diff(ticks) / 1e9, 0.005, atol=2e-3)
    truth = read_truth(Path(recorded["path"]))
    assert len(truth["stamp_ns"]) == len(truth["sugar_box"]) == len(ticks)
    with Library.open(tmp_path, writable=False) as library:
        row = library.episodes.get(recorded["id"])
        assert (row.status, row.success, row.demonstrator) == ("complete", True, "expert")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--task", "fly"), "choose one of: "),
        (("--task", "free", "--demonstrator", "cat"), "use expert"),
        (("--task", "free", "--distribution", "exam"), "train or test"),
        (("--task", "free", "--cameras", "ceiling"), "right, left, wrist"),
        (("--task", "free", "--visuals", "fog"), "light, background, clutter, occlusion"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    options = command("record", "--library", tmp_path, "--episodes", 1, *arguments)
    result = subprocess.run(options, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("episodes/*"))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_what_is_finished_and_nothing_half_done(tmp_path: Path, how: signal.Signals) -> None:
    options = command("record", "--library", tmp_path, "--task", "reach_t", "--episodes", 50, "--cameras", "none")
    process = subprocess.Popen(options, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "1 of 50" in process.stderr.readline()
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1] == "reticle: Interrupted; what was finished is kept."
    with Library.open(tmp_path) as library:
        page = library.episodes.list()
        assert {row.status for row in page.rows} == {"complete"}
        assert 1 <= page.total < 50
        assert library.report.recovered == library.report.missing == []
    assert wait_for(lambda: not list((tmp_path / "episodes").glob("*.part")))


def test_a_file_that_cannot_grow_fails_in_one_sentence_and_what_was_written_is_kept(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk that is full."""
    options = command(
        "record", "--library", tmp_path, "--task", "reach_t", "--episodes", 3, "--cameras", "right", "--quiet"
    )
    result = subprocess.run(
        ["bash", "-c", 'ulimit -f 4000 && exec "$@"', "bash", *options], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "disk" in result.stderr.strip().splitlines()[-1]
    with Library.open(tmp_path) as library:
        page = library.episodes.list()
        assert page.total == 1
        assert page.rows[0].success is None
