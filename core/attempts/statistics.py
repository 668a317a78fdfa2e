"""What many attempts tell: how often a policy succeeds, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import fmean
from typing import Any

import msgspec


class Score(msgspec.Struct, frozen=True):
    """Of ``trials`` attempts. ``rate`` and its 95 % Wilson interval lie in [0, 1]; ``mean_s`` is their mean time."""

    successes: int
    trials: int
    rate: float
    wilson95: tuple[float, float]
    mean_s: float


def score(attempts: Iterable[tuple[bool, float]]) -> Score:
    """Of success and duration (s) of each attempt; without any nothing is known, and the interval is all there is."""
    every = list(attempts)
    if not every:
        return Score(0, 0, 0.0, (0.0, 1.0), 0.0)
    successes = sum(success for success, _ in every)
    return Score(
        successes,
        len(every),
        successes / len(every),
        wilson95(successes, len(every)),
        fmean(duration_s for _, duration_s in every),
    )


def wilson95(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share (Wilson, JASA 22, 1927)."""
    from scipy.stats import binomtest

    interval: Any = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def difference95(first: Score, second: Score) -> tuple[float, float]:
    """The 95 % interval of the first rate minus the second, of independent trials.

    Hybrid score (Newcombe, Statistics in Medicine 17, 1998, method 10), made of both Wilson intervals.
    """
    (low1, high1), (low2, high2) = first.wilson95, second.wilson95
    difference = first.rate - second.rate
    return (
        difference - math.hypot(first.rate - low1, high2 - second.rate),
        difference + math.hypot(high1 - first.rate, second.rate - low2),
    )
