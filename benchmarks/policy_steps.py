"""What a training step costs: descriptor set optimisation against end-to-end dense optimisation, in one run.

``python -m benchmarks.policy_steps [--folder DIR]``. Both train DD-2D from the same demonstrations and batch; the
paper (section III-B) says one to two orders of magnitude. Bar: at least ten times. The folder is one of ``main.py
experiment``, whose demonstrations and descriptors are used where they are there.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.machine import write
from core.errors import ReticleError
from experiments.cells import SIZES, Scale, shown
from experiments.engine import Engine
from experiments.kinds import DATASET
from experiments.pipeline import Pipeline
from experiments.steps import Descriptors
from experiments.store import Store
from robot.rig import DEFAULT_RIG, load_rig

_MAIN = Path(__file__).parents[1] / "main.py"
_BAR = 10.0
_BATCH = 16
_STEPS = {"fixed": 4000, "set": 160, "dense": 16}


def main(folder: Path) -> int:
    library = seen(folder)
    step_ms = {}
    for mode, steps in _STEPS.items():
        given = ("--dataset", DATASET, "--representation", "dd-2d", "--mode", mode, "--steps", steps)
        step_ms[mode] = round(trained(library, *given, "--set", f"batch={_BATCH}")["step_ms"], 2)
    ratio = step_ms["dense"] / step_ms["set"]
    figures = {"batch": _BATCH, "steps": _STEPS, "step_ms": step_ms, "dense_to_set": round(ratio, 1), "bar": _BAR}
    write("policy_steps", figures, "torch")
    return 0 if ratio >= _BAR else 1


def seen(folder: Path) -> Path:
    """The library of 30 demonstrations with a descriptor model that has learned from them."""
    demonstrations = shown("reach_tr", 30, Scale.LAPTOP)
    descriptors = Descriptors(demonstrations, SIZES[Scale.LAPTOP].descriptors)
    with Store(folder) as store, Engine() as engine:
        pipeline = Pipeline(store, engine, load_rig(DEFAULT_RIG), lambda said: print(said, file=sys.stderr))
        list(pipeline.run((descriptors,)))
        for reason in pipeline.failed.values():
            raise ReticleError(reason)
        return store.library(demonstrations).root


def trained(library: Path, *words: object) -> Any:
    """What ``train policy`` answers."""
    asked = [sys.executable, str(_MAIN), "train", "policy", "--library", str(library), *map(str, words)]
    return msgspec.json.decode(subprocess.run([*asked, "--json", "--quiet"], check=True, stdout=subprocess.PIPE).stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.folder is not None:
        sys.exit(main(given.folder))
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(Path(temporary)))
