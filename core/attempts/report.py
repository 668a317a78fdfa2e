"""The evidence as files: one HTML page that needs nothing else, and tables for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from html import escape
from itertools import combinations
from pathlib import Path

from core.attempts import words
from core.attempts.picture import TEXT_STYLE, picture_svg
from core.attempts.statistics import Score
from core.attempts.workspace import WorkspaceMap, signed_distance
from core.library.attempts import AttemptRow
from core.library.scores import Evidence, ScoreLine, matched

PAGE, SCORES, ATTEMPTS = "report.html", "scores.csv", "attempts.csv"
_STYLE = (
    TEXT_STYLE
    + """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; } td, th { padding: .3rem .8rem; text-align: left; }
th { border-bottom: 1px solid #999; font-weight: 600; vertical-align: bottom; } td { border-bottom: 1px solid #ddd; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.total td { font-weight: 600; border-top: 1px solid #999; } caption { text-align: left; color: #555; }
.pictures { display: flex; flex-wrap: wrap; gap: 2rem; }
figure { margin: 0; } figcaption { max-width: 30rem; }
"""
)


def write_report(folder: Path, evidence: Sequence[Evidence], made: str) -> Path:
    """Write the page and the tables into a folder; returns the page's path. ``made``: when, in words."""
    write_tables(folder, evidence)
    page = folder / PAGE
    page.write_text(_page(evidence, made), encoding="utf-8")
    return page


def write_tables(folder: Path, evidence: Sequence[Evidence]) -> Path:
    """Write ``scores.csv`` and ``attempts.csv`` into a folder; returns the path of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder / SCORES, _SCORE_COLUMNS, (_score_values(each) for each in evidence))
    _write_csv(
        folder / ATTEMPTS, _ATTEMPT_COLUMNS, (_attempt_values(each, row) for each in evidence for row in each.attempts)
    )
    return folder / SCORES


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


_SCORE = ("attempts", "successes", "percent", "wilson95_low", "wilson95_high")
_SCORE_COLUMNS = (
    *("policy", "name", "task", "criterion", "trained_with_disturbances"),
    *(f"{kind}_{name}" for kind in ("undisturbed", "disturbed", "total") for name in _SCORE),
    *("mean_time_s", "demonstrations", "demonstration_minutes"),
)


def _score_values(evidence: Evidence) -> list[object]:
    line, training = evidence.line, evidence.line.training
    return [
        *(line.policy, line.name, line.task, _criterion(evidence), _trained(line)),
        *(value for score in (line.undisturbed, line.disturbed, line.total) for value in _figures(score)),
        round(line.total.mean_s, 3) if line.total.trials else "",
        *(("", "") if training is None else (training.demonstrations, round(training.minutes, 2))),
    ]


def _figures(score: Score) -> list[object]:
    if not score.trials:
        return [0, 0, "", "", ""]
    return [score.trials, score.successes, *(round(100 * value, 2) for value in (score.rate, *score.wilson95))]


_ATTEMPT_COLUMNS = (
    *("episode", "policy", "name", "task", "trial", "distribution", "outcome", "judged", "disturbance"),
    *("interventions", "stop_reason", "duration_s", "final_distance_m", "final_angle_rad", "signed_distance"),
)


def _attempt_values(evidence: Evidence, row: AttemptRow) -> list[object]:
    error = row.final_error
    far = ("", "", "") if error is None else (error.distance_m, error.angle_rad, signed_distance(error))
    return [
        *(row.id, row.policy, evidence.line.name, row.task, row.trial, row.distribution, row.outcome, row.judged),
        *(row.disturbance, row.interventions, row.stop_reason, row.duration_s, *far),
    ]


def _criterion(evidence: Evidence) -> str:
    return evidence.task.judged if evidence.task is not None else ""


def _trained(line: ScoreLine) -> str:
    return "" if line.training is None else "yes" if line.training.disturbed else "no"


def _page(evidence: Sequence[Evidence], made: str) -> str:
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Scores of policies</title>"
        f"<style>{_STYLE}</style><h1>Scores of policies</h1><p>{escape(made)}. Intervals are 95 % Wilson intervals; "
        "attempts that ended for reasons that are not the policy's are not counted.</p>"
        f"{_table(evidence)}{_comparisons(evidence)}{_pictures(evidence)}</html>"
    )


_HEADINGS = (
    *("Policy", "Task", "Criterion", "Trained with disturbances", "Attempts", "Successes", "%", "95 % interval"),
    *("Attempts, disturbed", "Successes", "%", "95 % interval", "Mean time", "Demonstrations", "Minutes"),
)
_FIRST_NUMBER = 4


def _table(evidence: Sequence[Evidence]) -> str:
    rows = "".join(_row(_cells(each)) for each in evidence)
    totals = [sum(getattr(each.line, kind).trials for each in evidence) for kind in ("undisturbed", "disturbed")]
    total = ["Total", "", "", "", str(totals[0]), "", "", "", str(totals[1]), "", "", "", "", "", ""]
    return f"<table>{_row(_HEADINGS, 'th')}{rows}{_row(total, kind='total')}</table>"


def _cells(evidence: Evidence) -> list[str]:
    line, training, task = evidence.line, evidence.line.training, evidence.task
    shown = ("", "") if training is None else (f"{training.demonstrations:,}", f"{training.minutes:.1f}")
    return [
        *(line.name, task.title if task is not None else line.task, _criterion(evidence), _trained(line)),
        *(value for score in (line.undisturbed, line.disturbed) for value in _score_cells(score)),
        *(f"{line.total.mean_s:.1f} s" if line.total.trials else "", *shown),
    ]


def _score_cells(score: Score) -> list[str]:
    if not score.trials:
        return ["0", "", "", ""]
    return [str(score.trials), str(score.successes), words.percent(score), words.interval(score)]


def _row(cells: Sequence[str], tag: str = "td", kind: str = "") -> str:
    said = (
        f"<{tag}{' class=n' if index >= _FIRST_NUMBER else ''}>{escape(cell)}</{tag}>"
        for index, cell in enumerate(cells)
    )
    return f"<tr class='{kind}'>{''.join(said)}</tr>"


def _comparisons(evidence: Sequence[Evidence]) -> str:
    """Every two policies that were tried at the same starts of a task."""
    parts = [_comparison(*pair) for pair in combinations(evidence, 2) if pair[0].line.task == pair[1].line.task]
    return f"<h2>Compared on matched trials</h2>{''.join(parts)}" if any(parts) else ""


def _comparison(first: Evidence, second: Evidence) -> str:
    found = matched(first.attempts, second.attempts)
    if not found.trials:
        return ""
    one, other = first.line.name, second.line.name
    rows = (
        ("", f"{other} succeeds", f"{other} fails"),
        (f"{one} succeeds", str(found.both), str(found.first_only)),
        (f"{one} fails", str(found.second_only), str(found.neither)),
    )
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<p>{escape(words.verdict(found, one, other))}</p><table>{body}</table>"


def _pictures(evidence: Sequence[Evidence]) -> str:
    drawn = [each for each in evidence if each.picture is not None and each.picture.tried]
    figures = "".join(_figure(each.line, each.picture) for each in drawn if each.picture is not None)
    if not figures:
        return ""
    explanation = (
        "Each mark is an attempt at the start of its object: a disc succeeded, a square did not. Colour is how far "
        "from its target it ended, min(0, 1.2 - (distance / 1 cm + angle / 5 degrees)), cut off at -2: dark blue is "
        "perfect, red is far, grey is not known. Grey crosses are the starts of the training, the dashed line is "
        "their hull."
    )
    return f"<h2>Where they work</h2><p>{explanation}</p><div class='pictures'>{figures}</div>"


def _figure(line: ScoreLine, picture: WorkspaceMap) -> str:
    caption = (
        f"<b>{escape(line.name)}</b>, {escape(line.task)}. Inside the hull: {words.successes(picture.inside)}; "
        f"outside: {words.successes(picture.outside)}."
    )
    return f"<figure>{picture_svg(picture)}<figcaption>{caption}</figcaption></figure>"
