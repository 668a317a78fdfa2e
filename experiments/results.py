"""What an experiment found, beside the paper's figures: JSON, CSV, a page and its pictures."""

from __future__ import annotations

from pathlib import Path

from experiments.cells import Cell, Scale
from experiments.experiment import Experiment, Findings
from experiments.found import Found
from experiments.measured import Measurements
from experiments.page import page
from experiments.steps import Step, Trials
from experiments.store import Done
from experiments.tables import Compared, Table, write_table

_CELLS = "cells"


class Results:
    """A folder that several experiments share: in ``cells`` what was measured, and a folder for each with
    ``table.json``, ``table.csv``, ``table.md`` and its pictures."""

    def __init__(self, root: Path, name: str, experiment: Experiment, scale: Scale) -> None:
        self.folder = root / f"{name}-{scale}"
        self._command = f"main.py experiment {name} --scale {scale}"
        self._experiment, self._scale = experiment, scale
        self._measurements = Measurements(root / _CELLS)
        self._errors: dict[str, str] = {}
        self._cells = experiment.cells(scale)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all cells."""
        return tuple(cell.name for cell in self._cells)

    def missing(self, only: str = "") -> tuple[Step, ...]:
        """The trials that are not measured, of cells whose names hold the words."""
        wanted = (step for cell in self._cells if only in cell.name for step in cell.trials)
        return tuple(step for step in wanted if self._measurements.get(step) is None)

    def add(self, step: Step, came: Done | str) -> tuple[str, ...]:
        """Note what came of trials, or why nothing did, and write everything anew; what is to be said of it."""
        if not isinstance(step, Trials):
            return ()
        if isinstance(came, str):
            self._errors[step.key] = came
        else:
            self._measurements.keep(step, came)
        self.write()
        return tuple(f"{name}: {found.words}" for name, found in self.findings.items() if step in found.cell.trials)

    def write(self) -> Table:
        """Write the table as it stands now."""
        findings = self.findings
        table, part = self._table(findings), self._experiment.parts(findings)
        told = page(table.title, table.made, part.page, findings) + _comparisons(table)
        write_table(self.folder, table, told, {name: text.encode() for name, text in part.files.items()})
        return table

    @property
    def findings(self) -> Findings:
        """All cells of which something is known, in the order of the page."""
        every = (self._find(cell) for cell in self._cells)
        return {found.cell.name: found for found in every if found.measured or found.error}

    def _find(self, cell: Cell) -> Found:
        known = (self._measurements.get(step) for step in cell.trials)
        errors = (self._errors.get(step.key, "") for step in cell.trials)
        return Found(cell, tuple(each for each in known if each is not None), next(filter(None, errors), ""))

    def _table(self, findings: Findings) -> Table:
        pairs = [pair for pair in self._experiment.compared if all(name in findings for name in pair)]
        compared = (_compared(findings[first], findings[second]) for first, second in pairs)
        lines = tuple(found.figures() for found in findings.values())
        return Table(self._experiment.title, self._scale, self._command, lines, tuple(compared))


def _compared(first: Found, second: Found) -> Compared:
    found = first.against(second)
    return Compared(first.cell.name, second.cell.name, found.first_only, found.second_only, found.p_value)


def _comparisons(table: Table) -> str:
    if not table.compared:
        return ""
    lines = [
        "",
        "| compared on the same starts | first alone succeeds | second alone | p (exact McNemar) |",
        "|---" * 4 + "|",
    ]
    lines += [
        f"| {each.first} against {each.second} | {each.first_alone} | {each.second_alone} | {each.p:.2g} |"
        for each in table.compared
    ]
    return "\n".join(lines) + "\n"
