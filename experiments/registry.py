"""The experiments by name."""

from __future__ import annotations

from experiments.claims import CLAIMS_OF_V_B
from experiments.experiment import Experiment
from experiments.figure4 import FIGURE4
from experiments.figure5 import FIGURE5, FIGURE6
from experiments.gallery import Gallery
from experiments.table1 import TABLE1
from experiments.table2 import TABLE2
from experiments.visuals import TABLE1_VISUALS

EXPERIMENTS: dict[str, Experiment | Gallery] = {
    "table1": TABLE1,
    "table1-visuals": TABLE1_VISUALS,
    "table2": TABLE2,
    "figure4": FIGURE4,
    "figure5": FIGURE5,
    "figure6": FIGURE6,
    "claims": CLAIMS_OF_V_B,
}
