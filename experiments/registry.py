"""The experiments by name."""

from __future__ import annotations

from experiments.experiment import Experiment
from experiments.figure4 import FIGURE4
from experiments.table1 import TABLE1
from experiments.table2 import TABLE2

EXPERIMENTS: dict[str, Experiment] = {"table1": TABLE1, "table2": TABLE2, "figure4": FIGURE4}
