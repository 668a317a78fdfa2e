"""One experiment from what is missing to its results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import InputError
from experiments.cells import Cell, Scale
from experiments.engine import Engine
from experiments.pipeline import Pipeline
from experiments.registry import EXPERIMENTS
from experiments.results import Results, Table
from experiments.steps import Trials
from experiments.store import Store
from robot.rig import RigConfig


class Run:
    """An experiment at a scale. ``root`` is where its work lies, ``results`` where what it finds is written; several
    experiments share both. ``folder`` is where its own page is."""

    def __init__(
        self, name: str, scale: Scale, root: Path, results: Path, rig: RigConfig, say: Callable[[str], None]
    ) -> None:
        self._root, self._rig, self._say = root, rig, say
        self._results = Results(results, name, EXPERIMENTS[name], scale)
        self.folder = self._results.folder

    def finish(self, only: str = "", address: str | None = None, workers: int | None = None) -> Table:
        """Do the cells that are missing (and hold the words ``only``); a figure is written as soon as it is known."""
        if not any(only in cell.name for cell in self._results.cells):
            raise InputError(f"No cell's name holds '{only}'; run it without --only to see their names.")
        wanted = [cell for cell in self._results.missing if only in cell.name]
        if wanted:
            with Store(self._root) as store, Engine(address, workers) as engine:
                self._say(f"{len(wanted)} cells on {engine.cores} cores of {engine.machines} machine(s).")
                self._do(wanted, store, Pipeline(store, engine, self._rig, self._say))
        return self._results.write()

    def _do(self, wanted: list[Cell], store: Store, pipeline: Pipeline) -> None:
        for step in pipeline.run(tuple(trials for cell in wanted for trials in cell.trials)):
            if not isinstance(step, Trials):
                continue
            self._results.add(step, store.done(step) or pipeline.failed[step.key])
            for name, found in self._results.findings.items():
                if step in found.cell.trials:
                    self._say(f"{name}: {found.words}")
