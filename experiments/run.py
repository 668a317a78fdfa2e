"""One experiment from what is missing to its results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from core.errors import InputError
from experiments.cells import Scale
from experiments.engine import Engine
from experiments.gallery import Gallery, GalleryResults
from experiments.pipeline import Pipeline
from experiments.registry import EXPERIMENTS
from experiments.results import Results
from experiments.steps import Step
from experiments.store import Done, Store
from experiments.tables import Table
from robot.rig import RigConfig


class Findings(Protocol):
    """What becomes of an experiment: ``folder`` is where its page is, ``names`` are those of its cells or pictures."""

    folder: Path

    @property
    def names(self) -> tuple[str, ...]: ...
    def missing(self, only: str) -> tuple[Step, ...]:
        """The steps that are to be done for what has these words in its name."""

    def add(self, step: Step, came: Done | str) -> tuple[str, ...]:
        """Write down what came of a step, or why nothing did; sentences about it."""

    def write(self) -> Table:
        """Write the page as it stands now."""


def results_of(name: str, scale: Scale, root: Path) -> Findings:
    """What is known of an experiment in a folder that several share."""
    experiment = EXPERIMENTS[name]
    if isinstance(experiment, Gallery):
        return GalleryResults(root, name, experiment, scale)
    return Results(root, name, experiment, scale)


def renew(scale: Scale, root: Path) -> None:
    """Write all pages of a scale anew that are in this folder: experiments share what is measured."""
    for results in (results_of(name, scale, root) for name in EXPERIMENTS):
        if results.folder.exists():
            results.write()


class Run:
    """An experiment at a scale. ``root`` is where its work lies, which several experiments share."""

    def __init__(self, results: Findings, root: Path, rig: RigConfig, say: Callable[[str], None]) -> None:
        self._results, self._root, self._rig, self._say = results, root, rig, say

    def finish(self, only: str = "", address: str | None = None, workers: int | None = None) -> Table:
        """Do what is missing (of what holds the words ``only``); a figure is written as soon as it is known."""
        if not any(only in name for name in self._results.names):
            raise InputError(f"Nothing here is called '{only}'; choose from: {'; '.join(self._results.names)}.")
        wanted = self._results.missing(only)
        if wanted:
            with Store(self._root) as store, Engine(address, workers) as engine:
                self._say(f"{len(wanted)} figures on {engine.cores} cores of {engine.machines} machine(s).")
                self._do(wanted, store, Pipeline(store, engine, self._rig, self._say))
        return self._results.write()

    def _do(self, wanted: tuple[Step, ...], store: Store, pipeline: Pipeline) -> None:
        for step in pipeline.run(wanted):
            for sentence in self._results.add(step, store.done(step) or pipeline.failed[step.key]):
                self._say(sentence)
