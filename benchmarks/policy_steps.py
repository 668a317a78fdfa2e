"""What a training step costs: descriptor set optimisation against end-to-end dense optimisation, in one run.

``python -m benchmarks.policy_steps [--folder DIR]``. Both train DD-2D from the same demonstrations and batch; the
paper (section III-B) says one to two orders of magnitude. Bar: at least ten times.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import write
from benchmarks.policies import CELLS, command, recorded

_BAR = 10.0
_BATCH = 16
_STEPS = {"fixed": 4000, "set": 160, "dense": 16}


def main(folder: Path) -> int:
    data = CELLS["reach_tr 30 dd-2d"].data
    library = recorded(data, folder)
    step_ms = {}
    for mode, steps in _STEPS.items():
        given = ("--dataset", data.name, "--representation", "dd-2d", "--mode", mode, "--steps", steps)
        trained = command("train", "policy", "--library", library, *given, "--set", f"batch={_BATCH}")
        step_ms[mode] = round(trained["step_ms"], 2)
    ratio = step_ms["dense"] / step_ms["set"]
    figures = {"batch": _BATCH, "steps": _STEPS, "step_ms": step_ms, "dense_to_set": round(ratio, 1), "bar": _BAR}
    write("policy_steps", figures, "torch")
    return 0 if ratio >= _BAR else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.folder is not None:
        sys.exit(main(given.folder))
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(Path(temporary)))
