"""The experiments by name."""

from __future__ import annotations

from experiments.cells import Experiment
from experiments.table1 import TABLE1
from experiments.table2 import TABLE2

EXPERIMENTS: dict[str, Experiment] = {"table1": TABLE1, "table2": TABLE2}
