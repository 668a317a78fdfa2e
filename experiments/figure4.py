"""Figure 4: how far from its target every attempt ended, over where its object began; Reach T + R."""

from __future__ import annotations

from core.attempts import words
from core.attempts.outcome import Outcome
from core.attempts.picture import pictures_svg
from core.attempts.workspace import Tried, WorkspaceMap, planes, workspace_map
from experiments.cells import Cell, Scale, shown, trials
from experiments.experiment import Experiment, Findings, Part
from experiments.found import Found
from robot.simulation.tasks import TASKS

_TASK = "reach_tr"
_ROWS = {"gt-3d": "GT-3D", "gt-2d": "GT-2D", "dd-2d": "DD-2D", "e2e": "E2E"}
_EPISODES = (30, 50, 200)
_PAPER = {("gt-2d", 30): 73.3, ("dd-2d", 30): 73.3, ("gt-3d", 200): 100.0, ("gt-2d", 200): 95.6}
_PAPER |= {("dd-2d", 200): 97.8, ("e2e", 200): 32.2}
_PICTURE = "figure4.svg"


def _column(episodes: int) -> str:
    return f"{episodes} demonstrations"


def _cells(scale: Scale) -> tuple[Cell, ...]:
    return tuple(
        Cell(row, _column(episodes), trials(shown(_TASK, episodes, scale), name, scale), _PAPER.get((name, episodes)))
        for name, row in _ROWS.items()
        for episodes in _EPISODES
    )


def map_of(found: Found) -> WorkspaceMap:
    """Where a cell's attempts began and how far from their target they ended, one dot an attempt of any seed."""
    starts = TASKS.get(found.task).info.starts
    tried = [
        Tried(str(trial.seed), trial.start, _outcome(trial.success), trial.error, trial.duration_s)
        for trial in found.trials
        if trial.start is not None
    ]
    return workspace_map(starts, planes(starts)[0], tried, found.measured[0].tried.training)


def _outcome(success: bool | None) -> Outcome:
    if success is None:
        return Outcome.ERROR
    return Outcome.SUCCESS if success else Outcome.FAILURE


def _drawn(findings: Findings) -> Part:
    maps = {name: map_of(found) for name, found in findings.items() if found.measured}
    columns = [_column(episodes) for episodes in _EPISODES]
    grid = {row: [maps.get(f"{row}, {column}") for column in columns] for row in _ROWS.values()}
    lines = ["| | inside the hull of the demonstrations | outside |", "|---|---|---|"]
    lines += [
        f"| {name} | {words.successes(each.inside)} | {words.successes(each.outside)} |" for name, each in maps.items()
    ]
    legend = (
        "A disc succeeded, a square did not. Colour: min(0, 1.2 - (distance / 1 cm + angle / 5 degrees)) at the end, "
        "cut off at -2: dark blue is perfect, red is far. Grey crosses: where the demonstrations began; dashed: their "
        "hull in this plane."
    )
    return Part(f"![Figure 4]({_PICTURE})\n\n{legend}\n\n" + "\n".join(lines), {_PICTURE: pictures_svg(columns, grid)})


FIGURE4 = Experiment("Figure 4: where Reach T + R succeeds", _cells, parts=_drawn)
