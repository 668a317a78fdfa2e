"""Two policies on the same trials: what only one of them can do, and whether that may be chance."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Comparison(msgspec.Struct, frozen=True):
    """The 2x2 table of matched trials, and the two-sided p value of McNemar's exact test of "equally good"."""

    both: int
    first_only: int
    second_only: int
    neither: int
    p_value: float

    @property
    def trials(self) -> int:
        return self.both + self.first_only + self.second_only + self.neither


def compare(pairs: Iterable[tuple[bool, bool]]) -> Comparison:
    """Success of both policies on each trial (McNemar, Psychometrika 12, 1947; exact: binomial over the unequal)."""
    from scipy.stats import binomtest

    every = list(pairs)
    only_first, only_second = every.count((True, False)), every.count((False, True))
    unequal = only_first + only_second
    p_value = float(binomtest(only_first, unequal, 0.5).pvalue) if unequal else 1.0
    return Comparison(every.count((True, True)), only_first, only_second, every.count((False, False)), p_value)
