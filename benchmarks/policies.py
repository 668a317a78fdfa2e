"""How often policies succeed in simulation, against our own bars: cells of the paper's tables, at laptop scale.

``python -m benchmarks.policies [CELL ...] [--folder DIR]``. The cells are measured as ``main.py experiment`` measures
them, from nothing, and written where it is committed (docs/results); a cell that is there already is not done again.
``results/policies.json`` has what an earlier version of this benchmark measured, from pictures once a second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.cells import Scale
from experiments.run import Run, results_of
from robot.rig import DEFAULT_RIG, load_rig

_RESULTS = Path(__file__).parents[1] / "docs" / "results"
BARS = {
    ("table1", "Ground truth 3-D points, Reach T"): 97.0,
    ("table1", "Ground truth 2-D coordinates, Reach T"): 97.0,
    ("table1", "Ground truth 3-D points, Reach T+R"): 97.0,
    ("table1", "Ground truth 2-D coordinates, Reach T+R"): 97.0,
    ("table1", "Ground truth 2-D coordinates, Push box"): 95.0,
    ("table1", "Ground truth 3-D points, Push plate"): 90.0,
    ("table1", "Dense descriptors, 3-D (RGBD), Push plate"): 90.0,
    ("table2", "with noise, DD-2D, 30 demonstrations"): 73.3,
}
"""Percent that must succeed, by experiment and cell."""


def main(chosen: Sequence[str], folder: Path, results: Path) -> int:
    known = [cell for _, cell in BARS]
    unknown = set(chosen) - set(known)
    if unknown:
        print(f"There is no cell '{min(unknown)}'; choose from: {'; '.join(known)}.", file=sys.stderr)
        return 2
    wanted = {place: bar for place, bar in BARS.items() if not chosen or place[1] in chosen}
    below = 0
    for (experiment, cell), bar in wanted.items():
        line = measured(experiment, cell, folder, results)
        below += line["percent"] is None or line["percent"] < bar
        interval = f"[{line['low']}, {line['high']}]"
        print(f"{cell}: {line['successes']} of {line['trials']}, {line['percent']} % {interval}, bar {bar} %")
    return 1 if below else 0


def measured(experiment: str, cell: str, folder: Path, results: Path) -> dict[str, Any]:
    """The figures of a cell, which is done first where it is missing."""
    findings = results_of(experiment, Scale.LAPTOP, results)
    table = Run(findings, folder, load_rig(DEFAULT_RIG), lambda said: print(said, file=sys.stderr)).finish(cell)
    return next(line for line in table.cells if f"{line['row']}, {line['column']}" == cell)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("cells", nargs="*")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.folder is not None:
        sys.exit(main(asked.cells, asked.folder, _RESULTS))
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(asked.cells, Path(temporary), _RESULTS))
