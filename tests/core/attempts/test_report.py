"""The report: one page that needs nothing else, and tables that a spreadsheet reads."""

from __future__ import annotations

import csv
import math
from html.parser import HTMLParser
from pathlib import Path

from core.attempts.outcome import Outcome
from core.attempts.report import write_report
from core.attempts.statistics import score
from core.attempts.workspace import Coordinate, Tried, workspace_map
from core.library.attempts import AttemptRow
from core.library.scores import Evidence, ScoreLine, Training
from core.messages import Disturbance, TargetError
from core.tasks import StartRange, TaskInfo

STARTS = StartRange("box", (0.6, 0.7), (-0.2, 0.2), (math.radians(60.0), math.radians(120.0)))
TASK = TaskInfo("reach", "Reach & hold", "", 15.0, 1.0, "never", "within 1 cm", "after 15 s", starts=STARTS)
SQUARE = [(0.65, y, heading) for y in (-0.1, 0.1) for heading in (80.0, 100.0)]


def evidence(name: str, outcomes: list[bool]) -> Evidence:
    """Attempts at trials 0, 1, ... in the middle of the range; failures end 2 cm away."""
    rows, tried = [], []
    for trial, success in enumerate(outcomes):
        outcome = Outcome.SUCCESS if success else Outcome.FAILURE
        error = TargetError(0.0 if success else 0.02)
        rows.append(
            AttemptRow(
                f"E{trial}",
                name,
                "reach",
                trial,
                "test",
                outcome,
                success,
                Disturbance.NONE,
                0,
                None,
                4.0,
                0,
                final_error=error,
            )
        )
        tried.append(Tried(f"E{trial}", (0.65, 0.0, 90.0), outcome, error, 4.0))
    counted = score((success, 4.0) for success in outcomes)
    line = ScoreLine(name, name, "reach", len(rows), counted, score(()), counted, Training(4, 1.5, True))
    return Evidence(line, TASK, tuple(rows), workspace_map(STARTS, (Coordinate.HEADING, Coordinate.Y), tried, SQUARE))


class _Words(HTMLParser):
    """The words of a page; whatever it would fetch is noted."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.fetched, self.drawn = "", [], 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.drawn += tag == "svg"
        self.fetched += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words += f"{data} "


def test_the_report_has_the_table_the_comparison_and_the_pictures_and_fetches_nothing(tmp_path: Path) -> None:
    good, poor = evidence("steady <1>", [True] * 10), evidence("poor", [True] * 2 + [False] * 8)
    page = _Words()
    page.feed(write_report(tmp_path / "report", [good, poor], "today").read_text())
    for said in (
        "steady <1>",
        "Reach & hold",
        "within 1 cm",
        "20.0",
        "5.7 to 51.0",
        "'steady <1>' succeeds more often",
    ):
        assert said in page.words
    assert "Inside the hull: 2 of 10, 20.0 % (5.7 to 51.0); outside: no attempts." in page.words
    assert (page.drawn, page.fetched) == (2, [])


def test_the_tables_have_a_row_for_every_policy_and_every_attempt(tmp_path: Path) -> None:
    write_report(tmp_path, [evidence("steady", [True, False])], "today")
    (scores,) = csv.DictReader((tmp_path / "scores.csv").open())
    assert (scores["name"], scores["undisturbed_attempts"], scores["undisturbed_successes"]) == ("steady", "2", "1")
    assert (scores["disturbed_attempts"], scores["disturbed_percent"]) == ("0", "")
    assert (scores["demonstrations"], scores["trained_with_disturbances"]) == ("4", "yes")
    rows = list(csv.DictReader((tmp_path / "attempts.csv").open()))
    assert [(row["trial"], row["outcome"], row["signed_distance"]) for row in rows] == [
        ("0", "success", "0.0"),
        ("1", "failure", "-0.8"),
    ]
