"""The front page says what the committed result files say, and those are what was measured."""

from __future__ import annotations

import json
from pathlib import Path

from experiments.registry import EXPERIMENTS
from scripts.front_page import README, RESULTS, renewed


def test_the_front_page_is_that_of_the_committed_results() -> None:
    page = README.read_text(encoding="utf-8")
    assert renewed(page) == page, "put it right: python -m scripts.front_page"


def test_every_committed_table_is_of_an_experiment_and_every_figure_has_its_trials() -> None:
    tables = sorted(RESULTS.glob("*/table.json"))
    assert tables
    for path in tables:
        name, _, scale = path.parent.name.rpartition("-")
        assert name in EXPERIMENTS and scale in ("laptop", "paper")
        measured = [line for line in json.loads(path.read_text())["cells"] if line.get("trials")]
        assert all(line["finished"] and line["machine"] and line["steps"] for line in measured)
    assert all(_trials(path) > 0 for path in RESULTS.glob("cells/*.json"))


def _trials(path: Path) -> int:
    return len(json.loads(path.read_text())["tried"]["trials"])
