"""The Scores page in the real window: it counts as attempts come in, compares, shows where policies work, writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import close_window, open_window, wait_until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.application import Application
from app.pages.scores.page import ScoresPage
from core.library import Library
from robot.simulation.tasks import task_infos
from tests.core.library.test_scores import FIRST, SECOND, attempt, trained

_POSES = [(-0.05 + 0.01 * trial, 85.0 + trial) for trial in range(10)]


@pytest.fixture(scope="module")
def opened(qt: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """A window on its Scores page; the library has two policies tried at the same ten starts."""
    folder = tmp_path_factory.mktemp("scores")
    application = open_window(qt, folder)
    application.services.library.start()
    application.window.show_page("scores")
    page = application.window.pages["scores"]
    assert isinstance(page, ScoresPage)
    wait_until(lambda: page._stack.currentWidget() is page._empty)
    application.services.library.write(_fill, lambda _: application.services.library.episodesChanged.emit(()))
    page.know_tasks(task_infos().values())
    wait_until(lambda: len(page.attempts.lines.lines) == 10)
    yield application
    close_window(application)


def _fill(library: Library) -> None:
    trained(library, FIRST, object_name="sugar_box")
    for trial, start in enumerate(_POSES):
        attempt(library, FIRST, True, trial, start=start, object_name="sugar_box")
    for trial, start in enumerate(_POSES):
        attempt(library, SECOND, trial >= 8, trial, start=start, object_name="sugar_box")


@pytest.fixture
def page(opened: Application) -> ScoresPage:
    page = opened.window.pages["scores"]
    assert isinstance(page, ScoresPage)
    page.scores.choose([(FIRST, "push_box")])
    wait_until(lambda: [attempt.policy for attempt in page.attempts.lines.lines] == [FIRST] * 10)
    return page


def cells(page: ScoresPage, row: int) -> dict[str, str]:
    columns, line = page.scores.lines.columns, page.scores.lines.lines[row]
    return {column.title.replace("\n", " "): column.words(line) for column in columns}


def test_the_table_has_the_columns_of_table_three(page: ScoresPage) -> None:
    first, second = cells(page, 0), cells(page, 1)
    assert (first["Policy"], first["Task"], first["Trained with disturbances"]) == ("steady", "Push the box", "yes")
    assert "past y = 0.134 m" in first["Criterion"]
    assert (first["Attempts"], first["Successes"], first["Demon- strations"]) == ("10", "10", "4")
    assert (second["% (95 %)"], second["Attempts disturbed"]) == ("20.0  (5.7 to 51.0)", "0")
    assert (second["Demon- strations"], second["Minutes"]) == ("", ""), "nobody knows what it learned from"
    assert "20 attempts undisturbed, 0 disturbed" in page._count.text()


def test_where_a_policy_works_is_drawn_with_the_hull_of_its_training(page: ScoresPage) -> None:
    panel = page.evidence.panels[0]
    wait_until(lambda: panel.isVisible() and len(panel.plot.tried.points()) == 10)
    assert panel.inside.text() == "Inside the hull: 10 of 10, 100.0 % (72.2 to 100.0)"
    assert len(panel.plot.training.points()) == 4
    assert not page.evidence.panels[1].isVisible()
    page.evidence.plane.setCurrentIndex(1)
    wait_until(lambda: panel.outside.text().startswith("Outside: 10 of 10"))
    page.evidence.plane.setCurrentIndex(0)


def test_two_policies_are_compared_on_the_trials_that_both_have(page: ScoresPage) -> None:
    page.scores.choose([(FIRST, "push_box"), (SECOND, "push_box")])
    wait_until(lambda: page.evidence.comparison.isVisible())
    assert "'steady' succeeds more often (10 matched trials, McNemar's exact test: p = 0.008)" in (
        page.evidence.comparison.words
    )
    assert all(panel.isVisible() for panel in page.evidence.panels)
    page.scores.choose([(SECOND, "push_box")])
    wait_until(lambda: not page.evidence.comparison.isVisible())


def test_a_verdict_is_changed_counted_and_undone(opened: Application, page: ScoresPage) -> None:
    table = page.attempts
    table.setFocus()
    place = table.visualRect(table.model().index(3, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.keyClick(table, Qt.Key.Key_F)
    wait_until(lambda: cells(page, 0)["Successes"] == "9")
    wait_until(lambda: page.attempts.lines.columns[0].words(page.attempts.lines.lines[3]) == "Failure, overruled")
    assert [attempt.trial for attempt in table.chosen] == [3], "what was chosen stays chosen"
    QTest.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: cells(page, 0)["Successes"] == "10")


def test_an_attempt_opens_on_the_episodes_page(opened: Application, page: ScoresPage) -> None:
    chosen = page.attempts.lines.lines[2].id
    page.attempts.choose([chosen])
    opened.services.actions["attempt.open"].trigger()
    assert opened.window.current_page == "episodes"
    table = opened.window.pages["episodes"].table
    wait_until(lambda: (row := table.currentIndex().row()) >= 0 and table.model().episode(row).id == chosen)
    opened.window.show_page("scores")


def test_the_report_and_the_tables_are_written_with_one_key(opened: Application, page: ScoresPage) -> None:
    opened.services.actions["score.report"].trigger()
    reports = Path(opened.services.library.root) / "reports"
    wait_until(lambda: any("The scores are in" in words for words in opened.window.toasts.texts))
    (page_path,) = reports.glob("*/report.html")
    assert "steady" in page_path.read_text()
    assert {path.name for path in page_path.parent.iterdir()} == {"report.html", "scores.csv", "attempts.csv"}
