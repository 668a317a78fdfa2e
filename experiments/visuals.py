"""Table I's dense descriptors and end-to-end again, each visual variation by itself, in trials alone."""

from __future__ import annotations

from experiments.cells import Cell, Scale
from experiments.experiment import Experiment
from experiments.table1 import METHODS, TITLES, tried
from robot.simulation.variations import VISUALS


def _cells(scale: Scale) -> tuple[Cell, ...]:
    return tuple(
        Cell(f"{METHODS[method]}: {visual}", title, tried(method, task, scale, (visual,)))
        for task, title in TITLES.items()
        for method in ("dd-2d", "dd-3d", "e2e")
        for visual in VISUALS
    )


TABLE1_VISUALS = Experiment("Table I under visual variations that no demonstration had", _cells)
