"""An experiment: the cells that it measures, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from experiments.cells import Cell, Scale
from experiments.found import Found

Findings = Mapping[str, Found]
"""By the name of their cells; those that nothing is known of are left out."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something on the page besides the table: Markdown, and the files that it shows, by name."""

    page: str
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A table or figure of the paper.

    ``cells`` of a scale, in the order of the page; ``compared``: pairs of cells' names that were tried on the same
    starts and are tested against each other; ``parts``: what is told of the findings before the table.
    """

    title: str
    cells: Callable[[Scale], tuple[Cell, ...]]
    compared: tuple[tuple[str, str], ...] = ()
    parts: Callable[[Findings], Part] = lambda _: Part("")
