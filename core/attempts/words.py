"""Figures of attempts in words, the same in tables, reports and commands."""

from __future__ import annotations

from core.attempts.comparison import Comparison
from core.attempts.statistics import Score

SURE = 0.05
"""Below this, chance alone hardly explains a difference."""


def percent(score: Score) -> str:
    """The share of successes in percent; empty when nothing was tried."""
    return f"{100 * score.rate:.1f}" if score.trials else ""


def interval(score: Score) -> str:
    """The 95 % interval in percent; empty when nothing was tried."""
    low, high = (100 * end for end in score.wilson95)
    return f"{low:.1f} to {high:.1f}" if score.trials else ""


def successes(score: Score) -> str:
    """How many of how many, with the share and its interval."""
    if not score.trials:
        return "no attempts"
    return f"{score.successes} of {score.trials}, {percent(score)} % ({interval(score)})"


def verdict(comparison: Comparison, first: str, second: str) -> str:
    """What a comparison says, in a sentence."""
    p = f"p = {comparison.p_value:.3f}" if comparison.p_value >= 0.001 else "p < 0.001"
    trials = f"{comparison.trials} matched trials, McNemar's exact test: {p}"
    if comparison.p_value >= SURE:
        return f"Nothing tells them apart yet ({trials})."
    better = first if comparison.first_only > comparison.second_only else second
    return f"'{better}' succeeds more often ({trials})."
