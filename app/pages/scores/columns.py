"""What the tables of scores and of attempts say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from app.pages.episodes.model import when_words
from app.widgets.lines_table import Column, Sign
from core.attempts import words
from core.attempts.outcome import Outcome
from core.attempts.statistics import Score
from core.library.attempts import AttemptRow
from core.library.scores import ScoreLine
from core.messages import Disturbance
from core.tasks import TaskInfo

_OUTCOMES: dict[Outcome | None, tuple[str, Sign]] = {
    Outcome.SUCCESS: ("Success", ("success", True)),
    Outcome.FAILURE: ("Failure", ("failure", False)),
    Outcome.ABORTED: ("Aborted", ("stop", None)),
    Outcome.ERROR: ("Error", ("warning", None)),
    None: ("Not judged", ("unlabelled", None)),
}
_DISTURBANCES = {Disturbance.NONE: "none", Disturbance.SCRIPTED: "scripted", Disturbance.MANUAL: "by hand"}


def score_columns(tasks: Mapping[str, TaskInfo]) -> tuple[Column, ...]:
    """Those of the paper's Table III. ``tasks``, by name, may become known later."""

    def title(line: ScoreLine) -> str:
        return tasks[line.task].title if line.task in tasks else line.task

    def criterion(line: ScoreLine) -> str:
        return tasks[line.task].judged if line.task in tasks else ""

    return (
        Column("Policy", lambda line: line.name.casefold(), lambda line: line.name, 76, 34),
        Column("Task", title, title, 28, 24),
        Column("Criterion", criterion, criterion, 40, 20),
        Column("Trained with\ndisturbances", trained_words, trained_words, 27, 26),
        *_score_columns("", lambda line: line.undisturbed),
        *_score_columns("\ndisturbed", lambda line: line.disturbed),
        Column("Mean time", lambda line: _known(line.total, line.total.mean_s), _mean_words, 22, 21, True),
        Column("Demon-\nstrations", _demonstrations, lambda line: _said(_demonstrations(line), ",d"), 18, 17, True),
        Column("Minutes", _minutes, lambda line: _said(_minutes(line), ".1f"), 16, 15, True),
    )


def _score_columns(kind: str, of: Callable[[ScoreLine], Score]) -> tuple[Column, ...]:
    def share(line: ScoreLine) -> str:
        score = of(line)
        return f"{words.percent(score)}  ({words.interval(score)})" if score.trials else ""

    return (
        Column(f"Attempts{kind}", lambda line: of(line).trials, lambda line: f"{of(line).trials:,}", 20, 19, True),
        Column(
            f"Successes{kind}",
            lambda line: _known(of(line), of(line).successes),
            lambda line: f"{of(line).successes:,}" if of(line).trials else "",
            22,
            21,
            True,
        ),
        Column(f"% (95 %){kind}", lambda line: _known(of(line), of(line).rate), share, 38, 37, True),
    )


def trained_words(line: ScoreLine) -> str:
    """Whether the demonstrations were disturbed; empty where nobody knows them."""
    return "" if line.training is None else "yes" if line.training.disturbed else "no"


def _known(score: Score, value: Any) -> Any:
    return value if score.trials else None


def _mean_words(line: ScoreLine) -> str:
    return f"{line.total.mean_s:.1f} s" if line.total.trials else ""


def _demonstrations(line: ScoreLine) -> int | None:
    return None if line.training is None else line.training.demonstrations


def _minutes(line: ScoreLine) -> float | None:
    return None if line.training is None else line.training.minutes


def _said(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _distance_mm(attempt: AttemptRow) -> float | None:
    return None if attempt.final_error is None else 1000.0 * attempt.final_error.distance_m


def _angle_deg(attempt: AttemptRow) -> float | None:
    return None if attempt.final_error is None else math.degrees(attempt.final_error.angle_rad)


def _outcome_words(attempt: AttemptRow) -> str:
    said = _OUTCOMES[attempt.outcome][0]
    seen = Outcome.SUCCESS if attempt.judged else Outcome.FAILURE
    judged = attempt.judged is not None and attempt.outcome in (Outcome.SUCCESS, Outcome.FAILURE)
    overruled = judged and attempt.outcome is not seen
    return f"{said}, overruled" if overruled else said


def _stop_words(attempt: AttemptRow) -> str:
    return (attempt.stop_reason or "").replace("_", " ")


def _place(attempt: AttemptRow) -> int:
    return list(_OUTCOMES).index(attempt.outcome)


def _sign(attempt: AttemptRow) -> Sign:
    return _OUTCOMES[attempt.outcome][1]


ATTEMPT_COLUMNS = (
    Column("Outcome", _place, _outcome_words, 36, 26, sign=_sign),
    Column("Trial", lambda a: a.trial, lambda a: _said(a.trial, "d"), 14, 14, True),
    Column("Time", lambda a: a.duration_s, lambda a: f"{a.duration_s:.1f} s", 16, 15, True),
    Column("Off by", _distance_mm, lambda a: f"{_distance_mm(a):.1f} mm" if a.final_error else "", 19, 18, True),
    Column("Turned by", _angle_deg, lambda a: f"{_angle_deg(a):.1f}°" if a.final_error else "", 21, 20, True),
    Column("Disturbance", lambda a: a.disturbance, lambda a: _DISTURBANCES[a.disturbance], 25, 24),
    Column("Taken over", lambda a: a.interventions, lambda a: _said(a.interventions or None, "d"), 23, 22, True),
    Column("Stopped by", _stop_words, _stop_words, 30, 24),
    Column("When", lambda a: a.created_utc_ns, lambda a: when_words(a.created_utc_ns), 32, 28),
)
