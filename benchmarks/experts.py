"""How often the scripted experts succeed, disturbances on, and how fast physics runs.

``python -m benchmarks.experts [EPISODES] [WORKERS] [train|test]``. Bar: at least 98 of 100 in every task.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from benchmarks.machine import write
from core.clock import LockstepClock, monotonic_ns
from core.messages import EpisodeMetadata
from robot.lockstep import LockstepSpec
from robot.lockstep_pool import Job, generate
from robot.rig import load_rig
from robot.simulation.rig import SimulatedRig
from robot.simulation.tasks import TASKS

_BAR = 0.98
_PHYSICS_S = 5


def main(episodes: int, workers: int, distribution: str) -> int:
    rows = []
    print(f"{'task':12} {'success':>11} {'episodes/min':>13} {'physics':>16}", file=sys.stderr)
    for task in TASKS.entries():
        row = _experts(task, episodes, workers, distribution) | _physics(task)
        rows.append(row)
        print(
            f"{task:12} {row['successes']:>4} of {episodes:>3} {row['episodes_per_minute']:>13}"
            f" {row['physics_times_real_time']:>8} x real",
            file=sys.stderr,
        )
    figures = {"episodes": episodes, "workers": workers, "distribution": distribution, "tasks": rows}
    write("experts", figures, "mujoco", "mink", "daqp")
    return 0 if all(row["successes"] >= _BAR * episodes for row in rows) else 1


def _experts(task: str, episodes: int, workers: int, distribution: str) -> dict[str, Any]:
    """Seeds 0 to ``episodes`` - 1 through the real control loop, without cameras."""
    jobs = (
        Job(None, EpisodeMetadata(str(seed), task, 0, "lockstep", "", seed=seed, distribution=distribution), True)
        for seed in range(episodes)
    )
    start_ns = monotonic_ns()
    results = list(generate(LockstepSpec(load_rig(), task, cameras=()), jobs, workers))
    wall_s = (monotonic_ns() - start_ns) / 1e9
    return {
        "task": task,
        "successes": sum(bool(success) for _, success in results),
        "failed_seeds": sorted(job.metadata.seed or 0 for job, success in results if not success),
        "wall_s": round(wall_s, 1),
        "episodes_per_minute": round(60 * episodes / wall_s),
    }


def _physics(task: str) -> dict[str, Any]:
    """Physics alone, in one process: the arm holds, the objects lie in contact with the table."""
    rig = SimulatedRig(task, LockstepClock(), cameras=(), synchronous=True)
    rig.reset(0)
    rig.begin_episode(disturbances=True)
    rig.advance(0)
    start_ns = monotonic_ns()
    for tick in range(1, 200 * _PHYSICS_S + 1):
        rig.advance(tick * 5_000_000)
    return {"physics_times_real_time": round(_PHYSICS_S / ((monotonic_ns() - start_ns) / 1e9), 1)}


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    arguments = sys.argv[1:]
    sys.exit(
        main(
            int(arguments[0]) if arguments else 100,
            int(arguments[1]) if len(arguments) > 1 else 2,
            arguments[2] if len(arguments) > 2 else "train",
        )
    )
