"""What an experiment found, beside the paper's figures: JSON, CSV, a page and a plot, written anew after every cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import msgspec

from core.attempts.comparison import compare
from core.attempts.statistics import wilson95
from core.clock import utc_iso, utc_ns
from core.machine import machine_words
from core.platform import replace_file
from experiments.cells import Cell, Experiment, Scale
from experiments.steps import FIRST_TRIAL, Trial


class Found(msgspec.Struct, frozen=True):
    """One cell. ``key``: of its trials; ``failed_seeds``: of trials that failed; ``error``: why there is no figure."""

    row: str
    column: str
    key: str
    paper: float | None
    successes: int = 0
    trials: int = 0
    wilson95: tuple[float, float] = (0.0, 1.0)
    failed_seeds: tuple[int, ...] = ()
    stopped: dict[str, int] = {}
    demonstrations: int = 0
    steps: int = 0
    machine: str = ""
    finished: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        return f"{self.row}, {self.column}"

    @property
    def words(self) -> str:
        if self.error:
            return "failed"
        low, high = (100 * end for end in self.wilson95)
        return f"{100 * self.successes / self.trials:.1f} [{low:.0f}, {high:.0f}]"


class Compared(msgspec.Struct, frozen=True):
    """McNemar's exact test of two cells that were tried on the same starts."""

    first: str
    second: str
    first_alone: int
    second_alone: int
    p: float


class Table(msgspec.Struct, frozen=True):
    """All that is known of an experiment at one scale."""

    title: str
    scale: str
    command: str
    cells: tuple[Found, ...]
    compared: tuple[Compared, ...] = ()


def judged(cell: Cell, rows: Sequence[Trial]) -> Found:
    """The figure of a cell whose trials are over. A trial that something else ended counts as no success."""
    successes = sum(bool(row.success) for row in rows)
    stopped: dict[str, int] = {}
    for row in rows:
        if row.stop_reason is not None:
            stopped[row.stop_reason] = stopped.get(row.stop_reason, 0) + 1
    return Found(
        row=cell.row,
        column=cell.column,
        key=cell.trials.key,
        paper=cell.paper,
        successes=successes,
        trials=len(rows),
        wilson95=wilson95(successes, len(rows)),
        failed_seeds=tuple(row.seed for row in rows if not row.success),
        stopped=stopped,
        demonstrations=cell.trials.policy.demonstrations.episodes,
        steps=cell.trials.policy.config.steps,
        machine=machine_words(),
        finished=utc_iso(utc_ns())[:10],
    )


def failed(cell: Cell, reason: str) -> Found:
    """A cell without a figure, and why."""
    return Found(cell.row, cell.column, cell.trials.key, cell.paper, error=reason)


class Results:
    """A folder with ``table.json``, ``table.csv`` and ``table.md``. What was found elsewhere stays while its key
    holds."""

    def __init__(self, folder: Path, experiment: Experiment, scale: Scale, command: str) -> None:
        self.folder, self._experiment, self._scale, self._command = folder, experiment, scale, command
        folder.mkdir(parents=True, exist_ok=True)
        self._cells = experiment.cells(scale)
        wanted = {cell.name: cell.trials.key for cell in self._cells}
        self._found = {found.name: found for found in self._before() if wanted.get(found.name) == found.key}
        self._found = {name: found for name, found in self._found.items() if not found.error}

    @property
    def missing(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self._cells if cell.name not in self._found)

    def add(self, found: Found) -> None:
        """Note a cell and write everything anew."""
        self._found[found.name] = found
        self.write()

    def write(self) -> Table:
        table = self.table
        replace_file(self.folder / "table.json", msgspec.json.format(msgspec.json.encode(table)) + b"\n")
        replace_file(self.folder / "table.csv", _csv(table).encode())
        replace_file(self.folder / "table.md", page(table).encode())
        return table

    @property
    def table(self) -> Table:
        cells = tuple(self._found[cell.name] for cell in self._cells if cell.name in self._found)
        by_name = {cell.name: cell for cell in cells if not cell.error}
        pairs = [pair for pair in self._experiment.compared if set(pair) <= set(by_name)]
        compared = tuple(_compared(first, second, by_name[first], by_name[second]) for first, second in pairs)
        return Table(self._experiment.title, self._scale, self._command, cells, compared)

    def _before(self) -> tuple[Found, ...]:
        try:
            return msgspec.json.decode((self.folder / "table.json").read_bytes(), type=Table).cells
        except (OSError, msgspec.MsgspecError):
            return ()


def page(table: Table) -> str:
    """The table in Markdown: success in percent with its 95 % Wilson interval, the paper's figure in italics."""
    rows = list(dict.fromkeys(cell.row for cell in table.cells))
    columns = list(dict.fromkeys(cell.column for cell in table.cells))
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    lines = [
        f"# {table.title}",
        "",
        f"Scale {table.scale}; `{table.command}`. Success in percent [95 % Wilson interval], ",
    ]
    lines[-1] += "then the paper's figure in italics."
    lines += ["", "| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in rows:
        shown = [_shown(cells.get((row, column))) for column in columns]
        lines.append(f"| {row} | " + " | ".join(shown) + " |")
    lines += ["", "| cell | demonstrations | steps | trials | stopped | machine | date |", "|---" * 7 + "|"]
    lines += [_details(cell) for cell in table.cells]
    if table.compared:
        lines += [
            "",
            "| compared on the same starts | first alone succeeds | second alone | p (exact McNemar) |",
            "|---" * 4 + "|",
        ]
        lines += [
            f"| {each.first} against {each.second} | {each.first_alone} | {each.second_alone} | {each.p:.2g} |"
            for each in table.compared
        ]
    return "\n".join(lines) + "\n"


def _shown(cell: Found | None) -> str:
    if cell is None:
        return ""
    return cell.words if cell.paper is None else f"{cell.words} *{cell.paper:g}*"


def _details(cell: Found) -> str:
    stopped = ", ".join(f"{reason} {count}" for reason, count in cell.stopped.items())
    told = cell.error or stopped
    return (
        f"| {cell.name} | {cell.demonstrations} | {cell.steps} | {cell.trials} | {told} | {cell.machine} "
        f"| {cell.finished} |"
    )


def _csv(table: Table) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ["row", "column", "successes", "trials", "low", "high", "paper", "demonstrations", "steps", "error"]
    )
    for cell in table.cells:
        writer.writerow(
            [
                cell.row,
                cell.column,
                cell.successes,
                cell.trials,
                *cell.wilson95,
                cell.paper,
                cell.demonstrations,
                cell.steps,
                cell.error,
            ]
        )
    return text.getvalue()


def _compared(first: str, second: str, one: Found, other: Found) -> Compared:
    seeds = range(FIRST_TRIAL, FIRST_TRIAL + min(one.trials, other.trials))
    found = compare((seed not in one.failed_seeds, seed not in other.failed_seeds) for seed in seeds)
    return Compared(first, second, found.first_only, found.second_only, found.p_value)
