"""What an attempt says of its policy, and what many do."""

from __future__ import annotations

import pytest

from core.attempts.outcome import Outcome, outcome, verdict
from core.attempts.statistics import difference95, score
from core.episodes.conduct import Conduct
from core.errors import StopReason
from core.messages import Disturbance, Source


def test_a_policy_fails_by_its_own_faults_and_not_by_what_befalls_it() -> None:
    assert verdict(True, None) is True
    assert verdict(False, None) is False
    assert verdict(False, StopReason.SETPOINT_JUMP) is False
    assert verdict(False, StopReason.OPERATOR) is None
    assert verdict(False, StopReason.OBSERVATION_STALE) is None


@pytest.mark.parametrize(
    ("success", "stop_reason", "integrity", "expected"),
    [
        (True, None, "ok", Outcome.SUCCESS),
        (False, StopReason.COLLISION, "ok", Outcome.FAILURE),
        (True, StopReason.OPERATOR, "ok", Outcome.SUCCESS),
        (None, StopReason.OPERATOR, "ok", Outcome.ABORTED),
        (None, StopReason.DEVICE_FAULT, "ok", Outcome.ERROR),
        (None, None, "recovered", Outcome.ERROR),
        (None, None, "ok", None),
    ],
)
def test_a_verdict_decides_the_outcome_and_without_one_the_way_it_ended(
    success: bool | None, stop_reason: str | None, integrity: str, expected: Outcome | None
) -> None:
    assert outcome(success, stop_reason, integrity) is expected


def test_a_score_is_as_sure_as_its_attempts_are_many() -> None:
    found = score([(True, 4.0), (True, 6.0), (False, 14.0), (True, 8.0)])
    assert (found.successes, found.trials, found.rate, found.mean_s) == (3, 4, 0.75, 8.0)
    assert found.wilson95 == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert score([]).wilson95 == (0.0, 1.0)


def test_a_hand_that_takes_over_from_a_policy_intervenes_once_however_long_it_drives() -> None:
    conduct = Conduct()
    for source in (Source.HAND, Source.POLICY, Source.POLICY, Source.HAND, Source.HAND, Source.POLICY, Source.HAND):
        conduct.driven(source)
    assert conduct.interventions == 2
    for disturbance in (Disturbance.NONE, Disturbance.MANUAL, Disturbance.SCRIPTED):
        conduct.disturbed(disturbance)
    assert conduct.disturbance is Disturbance.MANUAL


def test_the_interval_of_a_difference_is_newcombes() -> None:
    first, second = (score((k < wins, 1.0) for k in range(trials)) for wins, trials in ((56, 70), (48, 80)))
    assert difference95(first, second) == pytest.approx((0.0524, 0.3339), abs=5e-5), "his Table II, (a), method 10"
    assert difference95(second, first) == pytest.approx((-0.3339, -0.0524), abs=5e-5)
