"""What an experiment found, beside the paper's figures: JSON, CSV, a page and its pictures."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec

from core.platform import replace_file
from experiments.cells import Cell, Scale
from experiments.experiment import Experiment, Findings
from experiments.found import Found
from experiments.measured import Measurements
from experiments.page import page
from experiments.steps import Trials
from experiments.store import Done

_CELLS = "cells"


class Compared(msgspec.Struct, frozen=True):
    """McNemar's exact test of two cells that were tried on the same starts."""

    first: str
    second: str
    first_alone: int
    second_alone: int
    p: float


class Table(msgspec.Struct, frozen=True):
    """All that is known of an experiment at one scale. ``cells``: see ``Found.figures``."""

    title: str
    scale: str
    command: str
    cells: tuple[dict[str, Any], ...]
    compared: tuple[Compared, ...] = ()


class Results:
    """A folder that several experiments share: in ``cells`` what was measured, and a folder for each with
    ``table.json``, ``table.csv``, ``table.md`` and its pictures."""

    def __init__(self, root: Path, name: str, experiment: Experiment, scale: Scale) -> None:
        self.folder = root / f"{name}-{scale}"
        self._command = f"main.py experiment {name} --scale {scale}"
        self._experiment, self._scale = experiment, scale
        self._measurements = Measurements(root / _CELLS)
        self._errors: dict[str, str] = {}
        self.cells = experiment.cells(scale)

    @property
    def missing(self) -> tuple[Cell, ...]:
        """Cells of which not everything is measured."""
        return tuple(cell for cell in self.cells if not all(map(self._measurements.get, cell.trials)))

    def add(self, step: Trials, came: Done | str) -> None:
        """Note what came of trials, or why nothing did, and write everything anew."""
        match came:
            case str():
                self._errors[step.key] = came
            case Done():
                self._measurements.keep(step, came)
        self.write()

    def write(self) -> Table:
        """Write the table as it stands now."""
        findings = self.findings
        table, part = self._table(findings), self._experiment.parts(findings)
        self.folder.mkdir(parents=True, exist_ok=True)
        files = {
            "table.json": msgspec.json.format(msgspec.json.encode(table)).decode() + "\n",
            "table.csv": _csv(table),
            **part.files,
            "table.md": page(table.title, f"Scale {table.scale}; `{table.command}`.", part.page, findings)
            + _comparisons(table),
        }
        for name, text in files.items():
            replace_file(self.folder / name, text.encode())
        return table

    @property
    def findings(self) -> Findings:
        """All cells of which something is known, in the order of the page."""
        every = (self._find(cell) for cell in self.cells)
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


def _csv(table: Table) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for line in table.cells for name in line))
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(table.cells)
    return text.getvalue()
