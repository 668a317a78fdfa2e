"""How many rows and columns make the most of the room. Numbers only."""

from __future__ import annotations

import math
from dataclasses import dataclass

ASPECT = 4.0 / 3.0
GAP = 2
_WEIGHT = 0.4
"""Of room that is left for a view beside the tiles, against room in tiles."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tiles in groups: those of one group stand in one column, or in one row (``across``). Sizes in pixels."""

    columns: int
    rows: int
    group: int
    across: bool
    width: int
    height: int

    def cell(self, index: int) -> tuple[int, int]:
        """Column and row of a tile: groups from left to right, then the next line of them."""
        number, member = divmod(index, self.group)
        if self.across:
            line, place = divmod(number, self.columns // self.group)
            return place * self.group + member, line
        line, place = divmod(number, self.columns)
        return place, line * self.group + member


def best_tiling(count: int, group: int, width: int, height: int, beside: float = 0.0, gutter: int = 0) -> Tiling:
    """The largest tiles in that room. ``beside``: share of the width that another view has at least; ``gutter``: pixels
    for the names of a group's members, which then may stand either way; without one they stand in a column."""
    groups = max(1, math.ceil(count / group))
    ways = (False, True) if gutter else (False,)
    return max(
        (
            _tiling(groups, lines, group, across, width, height, beside, gutter)
            for across in ways
            for lines in range(1, groups + 1)
        ),
        key=lambda tiling: _worth(tiling, count, width, height, beside),
    )


def _tiling(
    groups: int, lines: int, group: int, across: bool, width: int, height: int, beside: float, gutter: int
) -> Tiling:
    per_line = math.ceil(groups / lines)
    columns, rows = (per_line * group, lines) if across else (per_line, lines * group)
    room = width * (1.0 - beside) - (0 if across else gutter)
    tall = height - (gutter if across else 0)
    tile = max(1.0, min((room - GAP * columns) / columns, (tall - GAP * (rows - 1)) / rows * ASPECT))
    return Tiling(columns, rows, group, across, int(tile), int(tile / ASPECT))


def _worth(tiling: Tiling, count: int, width: int, height: int, beside: float) -> float:
    rest = max(0, width - tiling.columns * (tiling.width + GAP)) * height if beside else 0
    return count * tiling.width * tiling.height + _WEIGHT * rest
