"""One experiment from what is missing to its results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from core.errors import InputError
from experiments.cells import Cell, Scale
from experiments.engine import Engine
from experiments.pipeline import Pipeline
from experiments.registry import EXPERIMENTS
from experiments.results import Results, Table, failed, judged
from experiments.steps import Trial
from experiments.store import Done, Store
from robot.rig import RigConfig


class Run:
    """An experiment at a scale, in a folder that several share; ``folder`` is where its results are."""

    def __init__(self, name: str, scale: Scale, root: Path, rig: RigConfig, say: Callable[[str], None]) -> None:
        self._root, self._rig, self._say = root, rig, say
        self.folder = root / "results" / f"{name}-{scale}"
        self._results = Results(self.folder, EXPERIMENTS[name], scale, f"main.py experiment {name} --scale {scale}")

    def finish(self, only: str = "", address: str | None = None, workers: int | None = None) -> Table:
        """Do the cells that are missing (and hold the words ``only``); a figure is written as soon as it is known."""
        wanted = [cell for cell in self._results.missing if only in cell.name]
        if only and not wanted and not any(only in cell.name for cell in self._results.table.cells):
            raise InputError(f"No cell's name holds '{only}'; run it without --only to see their names.")
        if wanted:
            with Store(self._root) as store, Engine(address, workers) as engine:
                self._say(f"{len(wanted)} cells on {engine.cores} cores of {engine.machines} machine(s).")
                pipeline = Pipeline(store, engine, self._rig, self._say)
                for step in pipeline.run(tuple(cell.trials for cell in wanted)):
                    done = store.done(step)
                    for cell in wanted:
                        if cell.trials.key == step.key:
                            self._add(cell, pipeline.failed.get(step.key, "") if done is None else done)
        return self._results.write()

    def _add(self, cell: Cell, came: Done | str) -> None:
        """Note what came of a cell's trials, or why nothing did."""
        match came:
            case str():
                found = failed(cell, came)
            case Done():
                found = judged(cell, msgspec.convert(came.result, list[Trial]))
        self._results.add(found)
        self._say(f"{cell.name}: {found.words}")
