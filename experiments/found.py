"""What is known of a cell, counted by every rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.attempts.comparison import Comparison, compare
from core.attempts.statistics import Score, score
from experiments.cells import Cell
from experiments.measured import Measured
from experiments.steps import Trial

_SCRIPTED = ("reach_t", "reach_tr")
"""Tasks whose rule in the authors' script is known."""


@dataclass(frozen=True, slots=True)
class Found:
    """``measured`` has what is known for each seed of the training; ``error``: why something is missing."""

    cell: Cell
    measured: tuple[Measured, ...]
    error: str = ""

    @property
    def task(self) -> str:
        return self.cell.trials[0].policy.demonstrations.task

    @property
    def demonstrations(self) -> int:
        return self.cell.trials[0].policy.demonstrations.episodes

    @property
    def trials(self) -> Iterator[Trial]:
        return (trial for each in self.measured for trial in each.tried.trials)

    def score(self, *, in_view: bool = False, script: bool = False) -> Score:
        """Of all trials or those in view, by the paper's rule or that of the authors' script.

        A trial that was ended by something that is not the policy's fault counts as no success.
        """
        return score(
            (trial.by_script if script else bool(trial.success), trial.duration_s)
            for trial in self.trials
            if trial.in_view or not in_view
        )

    @property
    def scripted(self) -> bool:
        """Whether the rule of the authors' script is known for its task."""
        return self.task in _SCRIPTED

    @property
    def words(self) -> str:
        """Success in percent, with its 95 % interval."""
        return "failed" if self.error else shown(self.score())

    def against(self, other: Found) -> Comparison:
        """Compared on the same starts, seed of the training by seed."""
        pairs = zip(self.measured, other.measured, strict=False)
        return compare(
            (one.successes[seed], two.successes[seed])
            for one, two in pairs
            for seed in one.successes.keys() & two.successes.keys()
        )

    def figures(self) -> dict[str, Any]:
        """A flat line for JSON and CSV; shares in percent."""
        stopped: dict[str, int] = {}
        for trial in self.trials:
            if trial.stop_reason is not None:
                stopped[trial.stop_reason] = stopped.get(trial.stop_reason, 0) + 1
        last = self.measured[-1] if self.measured else None
        return {
            "row": self.cell.row,
            "column": self.cell.column,
            "paper": self.cell.paper,
            **_figures("", self.score()),
            **_figures("in_view_", self.score(in_view=True)),
            **(_figures("script_", self.score(script=True)) if self.scripted else {}),
            **(_figures("script_in_view_", self.score(in_view=True, script=True)) if self.scripted else {}),
            "task": self.task,
            "demonstrations": self.demonstrations,
            "seeds": len(self.measured),
            "steps": None if last is None else last.steps,
            "stopped": ", ".join(f"{reason} {count}" for reason, count in sorted(stopped.items())),
            "machine": "" if last is None else last.machine,
            "finished": "" if last is None else last.finished,
            "error": self.error,
        }


def shown(given: Score) -> str:
    """A share in percent with its 95 % Wilson interval; empty when nothing was tried."""
    low, high = (100 * end for end in given.wilson95)
    return f"{100 * given.rate:.1f} [{low:.0f}, {high:.0f}]" if given.trials else ""


def _figures(prefix: str, given: Score) -> dict[str, Any]:
    low, high = (round(100 * end, 1) for end in given.wilson95)
    rate = round(100 * given.rate, 1) if given.trials else None
    names = ("successes", "trials", "percent", "low", "high")
    values = (given.successes, given.trials, rate, low, high)
    return {f"{prefix}{name}": value for name, value in zip(names, values, strict=True)}
