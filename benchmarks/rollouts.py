"""Rollouts a minute against workers, as experiments do them on Ray: ``python -m benchmarks.rollouts [TRIALS]``.

A GT-3D policy that has learned next to nothing reaches until its time is up, 15 simulated seconds, without a picture
being drawn. Worlds are built before the clock starts. Bar: two workers do at least 1.5 times what one does, where
there are two cores.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import msgspec

from benchmarks.machine import write
from core.clock import NANOSECONDS, monotonic_ns
from core.policies.config import MLP
from experiments.engine import Engine
from experiments.pipeline import Pipeline
from experiments.steps import FIRST_TRIAL, Demonstrations, Policy, Step, Trials
from experiments.store import Store
from robot.rig import DEFAULT_RIG, load_rig

_BAR = 1.5
_POLICY = Policy(
    Demonstrations("reach_tr", 2, (), 10.0), msgspec.structs.replace(MLP, representation="gt-3d", steps=8, batch=4)
)


def main(trials: int) -> int:
    cores = len(os.sched_getaffinity(0))
    every = sorted({1, 2, *(workers for workers in (4, 8, 16, 32) if workers <= cores), cores})
    with tempfile.TemporaryDirectory() as folder:
        per_minute = {workers: _measured(Path(folder), workers, trials) for workers in every}
    write("rollouts", {"trials": trials, "rollouts_per_minute": per_minute, "bar_of_two": _BAR}, "ray", "mujoco")
    return 1 if cores > 1 and per_minute[2] < _BAR * per_minute[1] else 0


def _measured(folder: Path, workers: int, trials: int) -> float:
    """Rollouts a minute on so many workers, each with trials that nobody has done yet."""
    first = FIRST_TRIAL + 10_000 * workers
    with Store(folder) as store, Engine(workers=workers) as engine:
        pipeline = Pipeline(store, engine, load_rig(DEFAULT_RIG), lambda said: print(said, file=sys.stderr))

        def do(step: Step) -> float:
            began_ns = monotonic_ns()
            list(pipeline.run((step,)))
            return (monotonic_ns() - began_ns) / NANOSECONDS

        do(Trials(_POLICY, 10 * workers, seed=first))
        return round(60.0 * trials / do(Trials(_POLICY, trials, seed=first + 5_000)), 1)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 40))
