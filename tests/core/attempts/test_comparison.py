"""Two policies on matched trials."""

from __future__ import annotations

import pytest

from core.attempts.comparison import Comparison, compare


def test_only_trials_that_end_differently_tell_policies_apart() -> None:
    pairs = [(True, True)] * 20 + [(True, False)] * 9 + [(False, True)] * 1 + [(False, False)] * 10
    found = compare(pairs)
    assert found == Comparison(20, 9, 1, 10, pytest.approx(22 / 1024))
    assert found.trials == 40


def test_policies_that_never_differ_are_not_told_apart() -> None:
    assert compare([(True, True), (False, False)]).p_value == 1.0
