"""A recorder killed at any point loses no completed episode and at most two frames. benchmarks/kills.py does 200."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.library import Library
from tests.core.library.killing import MOST_LOST, POINTS, kill_once


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at(point: str, tmp_path: Path) -> None:
    for seed in range(2):
        outcome = kill_once(tmp_path / "library", tmp_path / "notes", point, seed, live=point == "clock")
        assert outcome.problems == []
        assert outcome.lost_frames <= MOST_LOST
    with Library.open(tmp_path / "library") as library:
        report = library.verify()
        assert (report.damaged, report.missing) == ([], [])
