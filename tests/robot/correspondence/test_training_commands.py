"""From recorded episodes to a judged model, by the commands alone; and pairs that truly correspond."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.correspondence.checkpoint import load_model
from core.correspondence.config import LAPTOP
from core.correspondence.pairs import FrameLoader
from core.learning.settings import with_settings
from core.library import Library
from core.library.annotations import LabelMark
from core.library.query import EpisodeFilter
from core.processes.jobs import Ask, JobContext, carry_out
from robot.correspondence.job import train
from robot.correspondence.start import begin
from robot.rig import load_rig
from robot.simulation.ground_truth import GroundTruthPairs
from tests.robot.correspondence.conftest import ROOT, command

SMALL = ("--minutes", 0, "--set", "steps=2", "--set", "batch_pairs=1", "--set", "moments=3", "--set", "crop=96")


@pytest.fixture
def library(recorded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(recorded, tmp_path / "library")


def test_a_model_is_trained_listed_and_judged(library: Path, tmp_path: Path) -> None:
    trained = command("train", "correspondence", "--library", library, *SMALL)
    assert trained["steps"] == 2
    assert set(trained["metrics"]["pck"]) == {"3", "5", "10", "20"}
    (run,) = command("runs", "list", "--kind", "correspondence", "--library", library)["runs"]
    assert (run["id"], run["status"], run["seed"]) == (trained["run"], "done", 0)
    given = ("--library", library, "--pairs", 2, "--points", 20, "--report", tmp_path / "report")
    judged = command("evaluate", "correspondence", "--model", trained["model"], *given)
    assert judged["pairs"] == 2
    assert 0 <= judged["pck"]["3"] <= judged["pck"]["20"] <= 1
    assert 0 < judged["median_px"] < 640
    assert "PCK@10" in (tmp_path / "report" / "report.html").read_text()
    within = command("evaluate", "correspondence", "--model", trained["model"], *given[:6], "--by", "reprojection")
    assert (within["origin"], within["pairs"]) == ("reprojection", 2)
    with Library.open(library) as opened:
        first, second = opened.episodes.ids()
        marks = [LabelMark(episode, "left", 0, 320.0, 240.0) for episode in (first, second)]
        opened.annotations.add("corner", tuple(marks))
    labelled = command("evaluate", "correspondence", "--model", trained["model"], *given[:2], "--by", "labels")
    assert (labelled["origin"], labelled["pairs"], labelled["points"]) == ("labels", 1, 1)
    with Library.open(library, writable=False) as opened:
        (model,) = opened.models.list("descriptor")
        assert (model.id, model.run) == (trained["model"], trained["run"])
        assert (Path(model.path) / "model.safetensors").exists()
        assert opened.datasets.list()[0].episodes == 2


def test_an_interrupted_training_keeps_its_best_model(library: Path) -> None:
    words = [sys.executable, str(ROOT / "main.py"), "train", "correspondence", "--library", str(library)]
    words += ["--minutes", "30", "--set", "batch_pairs=1", "--set", "moments=2", "--set", "crop=96"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("step"):
            break
    process.send_signal(signal.SIGINT)
    words_left = process.stderr.read()
    assert process.wait() == 130, words_left
    (run,) = command("runs", "list", "--library", library)["runs"]
    assert run["status"] == "cancelled"
    with Library.open(library, writable=False) as opened:
        assert len(opened.models.list()) == 1


def test_wrong_wishes_cost_one_sentence_and_status_2(library: Path) -> None:
    for wish, word in (
        (("--loss", "hinge"), "info-nce"),
        (("--set", "stepps=3"), "steps"),
        (("--dataset", "no"), "no"),
    ):
        words = [sys.executable, str(ROOT / "main.py"), "train", "correspondence", "--library", str(library), *wish]
        result = subprocess.run(words, capture_output=True, text=True, check=False)
        assert result.returncode == 2
        assert word in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_pairs_show_the_same_point_of_the_box(recorded: Path) -> None:
    episodes = [(path.stem, str(path)) for path in sorted((recorded / "episodes").glob("*.mcap"))]
    drawn = GroundTruthPairs(episodes, ("right", "left"), None)
    across, within = drawn.draw(3, 40, seed=1), drawn.draw(2, 40, seed=2, same_scene=True)
    drawn.close()
    assert all(pair.source.episode != pair.target.episode for pair in across)
    assert all(pair.source.episode == pair.target.episode for pair in within)
    loader = FrameLoader()
    differences = []
    for pair in across:
        source, target = loader.load(pair.source).frame.rgb, loader.load(pair.target).frame.rgb
        for uv_a, uv_b in zip(pair.uv_source, pair.uv_target[:, 0], strict=True):
            a, b = (image[round(float(uv[1])), round(float(uv[0]))] for image, uv in ((source, uv_a), (target, uv_b)))
            differences.append(np.abs(a.astype(float) - b.astype(float)).mean())
    loader.close()
    assert np.median(differences) < 25
    assert all(not np.isnan(pair.uv_target[:, 0]).any() for pair in across), "both images show the very point"


def test_a_training_whose_parent_is_killed_can_be_resumed(library: Path) -> None:
    words = [sys.executable, str(ROOT / "main.py"), "train", "correspondence", "--library", str(library)]
    words += ["--minutes", "0", "--set", "steps=6", "--set", "batch_pairs=1", "--set", "moments=2", "--set", "crop=96"]
    words += ["--set", "validate_every_s=0"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "PCK" in line:
            break
    process.kill()
    process.wait()
    process.stderr.read()
    (run,) = command("runs", "list", "--library", library)["runs"]
    with Library.open(library):
        pass
    (run,) = command("runs", "list", "--library", library)["runs"]
    assert run["status"] == "paused", run
    trained = command("train", "correspondence", "--library", library, "--resume", run["id"])
    assert trained["run"] == run["id"]
    assert trained["steps"] == 6


def test_two_ranks_train_one_model(library: Path) -> None:
    small = {"minutes": "0", "steps": "2", "batch_pairs": "1", "moments": "3", "crop": "96"}
    config = with_settings(LAPTOP, small)
    with Library.open(library) as opened:
        run = begin(opened, load_rig(), config, EpisodeFilter())
        words = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "robot.correspondence.job", run.path]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        result = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
        )
        assert result.returncode == 0, result.stderr
    with Library.open(library) as opened:
        assert opened.runs.get(run.id).status == "done"
        (model,) = opened.models.list("descriptor")
        network, description = load_model(Path(model.path))
    assert description.steps == 2
    assert network.config == config.network


def test_a_pause_while_the_episodes_are_looked_at_is_at_once(library: Path) -> None:
    asked = {"minutes": "0", "steps": "2", "moments": "3", "crop": "96"}
    with Library.open(library) as opened:
        run = begin(opened, load_rig(), with_settings(LAPTOP, asked), EpisodeFilter())

    class Paused(JobContext):
        def __init__(self) -> None:
            self.folder = Path(run.path)

        def asked(self) -> Ask:
            return Ask.PAUSE

    ended = carry_out(train, Paused())
    assert ended.status == "paused" and "begins anew" in ended.message
