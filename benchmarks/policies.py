"""How often policies succeed in simulation, and what a step of their training costs.

``python -m benchmarks.policies [CELL ...] [--folder DIR]``. Every cell records demonstrations, trains and rolls out on
unseen seeds of the test distribution, disturbances on where the task has them, by the same commands that a person uses.
A cell's figures are written as soon as they are known, and cells that are not named keep theirs. With ``--folder``
demonstrations and descriptor models are kept there and used again. Comparisons on the same seeds: McNemar's exact test.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from scipy.stats import binomtest

from benchmarks.machine import RESULTS
from core.clock import monotonic_ns
from core.machine import machine
from robot.policies.rollouts import attempts

_MAIN = Path(__file__).parents[1] / "main.py"
_FIRST_SEED = 900_000
_WORKERS = 2
_PAPER_SCHEDULE = ("--preset", "paper", "--set", "network.dropout=0", "--set", "look_ahead_s=1.0")


@dataclass(frozen=True, slots=True)
class Data:
    """Demonstrations: ``cameras`` and their ``rate_hz``; ``minutes`` of correspondence training, 0 for none."""

    task: str
    episodes: int
    cameras: str
    rate_hz: int = 1
    minutes: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.task}-{self.episodes}-{self.rate_hz}hz"


@dataclass(frozen=True, slots=True)
class Cell:
    """One policy; ``bar`` is the share of ``trials`` that must succeed, None where there is no bar."""

    data: Data
    representation: str
    options: tuple[str, ...] = ()
    trials: int = 100
    bar: float | None = None


_REACH_T = Data("reach_t", 200, "right")
_REACH_TR = Data("reach_tr", 200, "right")
_REACH_TR_30 = Data("reach_tr", 30, "right,left", 10, 7.0)
_PUSH_BOX = Data("push_box", 50, "left")
_PUSH_PLATE = Data("push_plate", 100, "left")
_PUSH_PLATE_SEEN = Data("push_plate", 100, "right,left", 10, 8.0)
_NO_NOISE, _CONTACT = ("--no-noise",), ("--preset", "contact")
_FIXED = ("--mode", "fixed", "--steps", "15000")

CELLS = {
    "reach_t gt-3d": Cell(_REACH_T, "gt-3d", bar=0.97),
    "reach_t gt-2d": Cell(_REACH_T, "gt-2d", bar=0.97),
    "reach_tr gt-3d": Cell(_REACH_TR, "gt-3d", bar=0.97),
    "reach_tr gt-2d": Cell(_REACH_TR, "gt-2d", bar=0.97),
    "reach_tr gt-2d, no noise": Cell(_REACH_TR, "gt-2d", _NO_NOISE),
    "reach_tr gt-2d, paper's schedule": Cell(_REACH_TR, "gt-2d", _PAPER_SCHEDULE),
    "reach_tr gt-2d, paper's schedule, no noise": Cell(_REACH_TR, "gt-2d", (*_PAPER_SCHEDULE, *_NO_NOISE)),
    "push_box gt-2d lstm": Cell(_PUSH_BOX, "gt-2d", ("--network", "lstm"), bar=0.95),
    "push_box gt-2d mlp": Cell(_PUSH_BOX, "gt-2d", _CONTACT),
    "push_plate gt-3d": Cell(_PUSH_PLATE, "gt-3d", _CONTACT, bar=0.90),
    "push_plate gt-2d": Cell(_PUSH_PLATE, "gt-2d", _CONTACT),
    "push_plate dd-3d": Cell(_PUSH_PLATE_SEEN, "dd-3d", (*_CONTACT, "--mode", "fixed"), bar=0.90),
    "reach_tr 30 dd-2d": Cell(_REACH_TR_30, "dd-2d", _FIXED, 90, bar=0.733),
    "reach_tr 30 dd-2d, no noise": Cell(_REACH_TR_30, "dd-2d", (*_FIXED, *_NO_NOISE), 90),
    "reach_tr 30 gt-2d": Cell(_REACH_TR_30, "gt-2d", trials=90),
    "reach_tr 30 gt-2d, no noise": Cell(_REACH_TR_30, "gt-2d", _NO_NOISE, 90),
    "reach_tr 30 dd-3d": Cell(_REACH_TR_30, "dd-3d", _FIXED, 90),
    "reach_tr 30 ae": Cell(_REACH_TR_30, "ae", trials=30),
    "reach_tr 30 ae-mask": Cell(_REACH_TR_30, "ae-mask", trials=30),
    "reach_tr 30 ae-e2e": Cell(_REACH_TR_30, "ae-e2e", ("--steps", "1500", "--set", "batch=16"), 30),
    "reach_tr 30 e2e": Cell(_REACH_TR_30, "e2e", ("--steps", "1500", "--set", "batch=16"), 30),
}
COMPARED = (
    ("reach_tr gt-2d, paper's schedule", "reach_tr gt-2d, paper's schedule, no noise"),
    ("reach_tr gt-2d", "reach_tr gt-2d, no noise"),
    ("reach_tr 30 gt-2d", "reach_tr 30 gt-2d, no noise"),
    ("reach_tr 30 dd-2d", "reach_tr 30 dd-2d, no noise"),
    ("push_box gt-2d lstm", "push_box gt-2d mlp"),
)


def main(names: Sequence[str], folder: Path) -> int:
    unknown = set(names) - set(CELLS)
    if unknown:
        print(f"There is no cell '{min(unknown)}'; choose from: {', '.join(CELLS)}.", file=sys.stderr)
        return 2
    path = RESULTS / "policies.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    cells: dict[str, Any] = known.get("cells", {})
    for name in names or CELLS:
        cells[name] = measured(CELLS[name], folder) | {"machine": machine("torch", "mujoco")}
        print(line(name, cells[name]), file=sys.stderr)
        figures = {"cells": cells, "compared": [compared(cells, *pair) for pair in COMPARED if set(pair) <= set(cells)]}
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    below = [name for name in names or CELLS if cells[name]["rate"] < (CELLS[name].bar or 0.0)]
    return 1 if below else 0


def measured(cell: Cell, folder: Path) -> dict[str, Any]:
    """Train and roll out one cell."""
    library = recorded(cell.data, folder)
    words = ("--dataset", cell.data.name, "--representation", cell.representation, *cell.options)
    trained = command("train", "policy", "--library", library, *words)
    seeds = range(_FIRST_SEED, _FIRST_SEED + cell.trials)
    began_ns = monotonic_ns()
    found = dict(attempts(library / "models" / trained["policy"], cell.data.task, seeds, workers=_WORKERS))
    successes = sum(rollout.success for rollout in found.values())
    interval = binomtest(successes, cell.trials).proportion_ci(method="wilson")
    return {
        "data": msgspec.to_builtins(cell.data),
        "options": " ".join(map(str, words[2:])),
        "trials": cell.trials,
        "successes": successes,
        "rate": successes / cell.trials,
        "wilson95": [round(interval.low, 4), round(interval.high, 4)],
        "bar": cell.bar,
        "failed_seeds": sorted(seed for seed, rollout in found.items() if not rollout.success),
        "stopped": sorted(str(rollout.stop_reason) for rollout in found.values() if rollout.stop_reason),
        "steps": trained["steps"],
        "step_ms": round(trained["step_ms"], 3),
        "train_s": round(trained["wall_s"], 1),
        "validation_loss": trained["validation_loss"],
        "depth_missing": trained.get("depth_missing"),
        "rollouts_s": round((monotonic_ns() - began_ns) / 1e9, 1),
    }


def recorded(data: Data, folder: Path) -> Path:
    """The library with those demonstrations, and a descriptor model if one is wanted; made once."""
    library = folder / data.name
    if not (library / "made").exists():
        given = ("--task", data.task, "--episodes", data.episodes, "--cameras", data.cameras, "--rate", data.rate_hz)
        command("record", "--library", library, *given, "--workers", _WORKERS)
        command("datasets", "freeze", data.name, "--library", library, "--task", data.task)
        if data.minutes:
            command("train", "correspondence", "--library", library, "--minutes", data.minutes)
        (library / "made").touch()
    return library


def compared(cells: dict[str, Any], first: str, second: str) -> dict[str, Any]:
    """McNemar's exact test of two cells that were tried on the same seeds."""
    lost = [set(cells[name]["failed_seeds"]) for name in (first, second)]
    only_first, only_second = len(lost[1] - lost[0]), len(lost[0] - lost[1])
    trials = only_first + only_second
    p = binomtest(only_first, trials, 0.5).pvalue if trials else 1.0
    return {"first": first, "second": second, "first_alone": only_first, "second_alone": only_second, "p": float(p)}


def line(name: str, cell: dict[str, Any]) -> str:
    low, high = cell["wilson95"]
    bar = "" if cell["bar"] is None else f", bar {100 * cell['bar']:.1f} %"
    share = f"{cell['successes']} of {cell['trials']}, {100 * cell['rate']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{name}: {share}{bar}; {cell['steps']} steps of {cell['step_ms']} ms"


def command(*words: object) -> Any:
    """What a command answers in JSON."""
    asked = [sys.executable, str(_MAIN), *map(str, words), "--json", "--quiet"]
    return msgspec.json.decode(subprocess.run(asked, check=True, stdout=subprocess.PIPE).stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("cells", nargs="*")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.folder is not None:
        sys.exit(main(asked.cells, asked.folder))
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(main(asked.cells, Path(temporary)))
