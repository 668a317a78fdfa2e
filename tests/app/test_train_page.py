"""The Train page in the real window: a policy is asked for, trained, compared, noted, thrown away, brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import close_window, open_window, wait_until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.application import Application
from app.pages.train.lines import COLUMNS, settings
from app.pages.train.page import TrainPage
from commands.record import record
from core.library import EpisodeFilter, Library
from core.processes.jobs import SPECIFICATION
from robot.jobs import MODULES
from tests.app.counting_job import END

EPISODES = 3
STEPS = 120


@pytest.fixture(scope="module")
def opened(qt: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """A window on its Train page; the library has short demonstrations without images, one of them a failure."""
    folder = tmp_path_factory.mktemp("train")
    record(task="reach_t", episodes=EPISODES, cameras="none", library=folder / "library", quiet=True)
    with Library.open(folder / "library") as library:
        library.episodes.label(library.episodes.ids(EpisodeFilter())[:1], success=False)
    application = open_window(qt, folder)
    application.services.library.start()
    application.window.show_page("train")
    yield application
    close_window(application)


@pytest.fixture
def page(opened: Application) -> TrainPage:
    page = opened.window.pages["train"]
    assert isinstance(page, TrainPage)
    wait_until(lambda: page.form.data.found.text())
    return page


def button(page: TrainPage, words: str) -> QPushButton:
    return next(each for each in page.findChildren(QPushButton) if each.text() == words and each.isVisible())


def choose(page: TrainPage, *names: str) -> None:
    """Click rows, with Ctrl from the second on."""
    for number, name in enumerate(names):
        rows = range(page.table.order.rowCount())
        row = next(row for row in rows if page.table._line(row).name == name)
        place = page.table.visualRect(page.table.order.index(row, 1)).center()
        held = Qt.KeyboardModifier.ControlModifier if number else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, held, place)
    wait_until(lambda: {line.name for line in page.table.chosen} == set(names))


def names(page: TrainPage) -> list[str]:
    return [page.table._line(row).name for row in range(page.table.order.rowCount())]


def train(page: TrainPage, name: str, steps: int = STEPS) -> None:
    page.form.policy.steps.setValue(steps)
    page.form.name.setText(name)
    QTest.mouseClick(button(page, "Train"), Qt.MouseButton.LeftButton)


def test_what_is_missing_is_said_before_anything_is_trained(opened: Application, page: TrainPage) -> None:
    assert page._right.currentWidget() is page._no_runs
    assert page.form.data.task.currentData() == "reach_t", "the task of the newest episode"
    assert page.form.policy.config.representation == "e2e", "without a descriptor model"
    wait_until(lambda: "without images of the right camera" in page.form.problem)
    assert page.form.data.found.text() == "0 episodes, 0.0 min"
    assert not opened.services.actions["run.start"].isEnabled()
    page.form.policy.representation.setCurrentIndex(page.form.policy.representation.findData("gt-3d"))
    wait_until(lambda: page.form.problem == "")
    assert page.form.data.found.text().startswith(f"{EPISODES - 1} episodes, ")
    assert page.form.data.reasons == ("left out: failed",)
    assert "known once it has begun" in page.form._estimate.text()
    page.form.data.outcome.setCurrentIndex(2)
    wait_until(lambda: page.form.data.found.text().startswith(f"{EPISODES} episodes, "))
    page.form.data.outcome.setCurrentIndex(0)
    wait_until(lambda: page.form.data.reasons)
    for representation in ("dd-2d", "gt-2d"):
        page.form.policy.representation.setCurrentIndex(page.form.policy.representation.findData(representation))
        wait_until(lambda: "left out: without images of the right camera" in page.form.data.reasons)
        page.form.policy.representation.setCurrentIndex(page.form.policy.representation.findData("gt-3d"))
        wait_until(lambda: page.form.data.reasons == ("left out: failed",))
    page.form.policy.representation.setCurrentIndex(page.form.policy.representation.findData("gt-3d"))
    wait_until(lambda: page.form.problem == "")
    page.form.policy.folded._fields["batch"].setText("none")
    page.form.policy.folded.changed.emit()
    assert page.form.problem == "The setting batch=none cannot be; give a whole number."
    page.form.policy.folded._fields["batch"].clear()
    page.form.policy.folded.changed.emit()
    wait_until(lambda: page.form.problem == "")


def test_a_policy_is_trained_and_its_curve_grows(opened: Application, page: TrainPage) -> None:
    train(page, "first")
    wait_until(lambda: page._trainings.running is not None and page.table.chosen)
    assert page._right.currentWidget() is page._down
    run = page._trainings.running.id
    wait_until(lambda: run in page.curves.colours and len(page.curves.points(run, "loss")) > 0, 60.0)
    wait_until(lambda: page.table.chosen[0].run.status == "done", 60.0)
    (line,) = page.table.chosen
    assert line.model is not None and line.model.kind == "policy" and line.model.name == "first"
    assert line.dataset.startswith("reach_t ") and line.method == "gt-3d" and line.network == "mlp"
    assert float(page.curves.points(run, "loss")[-1, 0]) > 0
    assert page.curves.loss.curves, "the curve is drawn"
    wait_until(lambda: any("'first'" in words for words in opened.window.toasts.texts))
    wait_until(lambda: "It takes about" in page.form._estimate.text())
    assert opened.services.actions["run.deploy"].isEnabled()


def test_runs_wait_their_turn_are_compared_sorted_and_found(
    opened: Application, page: TrainPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODULES, "policy", "tests.app.counting_job")
    for number, name in enumerate(("second", "third", "fourth")):
        page.form.policy.seed.setValue(number)
        train(page, name, 1000 + number)
        wait_until(lambda name=name: name in names(page))
    wait_until(lambda: len(page._trainings.waiting) == 2)
    choose(page, "fourth")
    QTest.keyClick(page.table, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert [run.name for run in page._trainings.waiting] == ["fourth", "third"]
    choose(page, "third")
    QTest.keyClick(page.table, Qt.Key.Key_E)
    wait_until(lambda: page.table.chosen and page.table.chosen[0].run.status == "cancelled")
    choose(page, "second")
    wait_until(lambda: "Runs" in COLUMNS[0].words(page.table.chosen[0]))
    (Path(page.table.chosen[0].run.path) / END).touch()
    wait_until(lambda: page._trainings.running is not None and page._trainings.running.name == "fourth")
    choose(page, "second", "fourth")
    QTest.keyClick(page.table, Qt.Key.Key_M)
    wait_until(lambda: len(page.curves.colours) == 2)
    second = page.table.chosen[-1].run.id
    wait_until(lambda: page.curves.points(second, "validation_loss").tolist() == [[0, 2], [1, 1], [2, 2 / 3]])
    QTest.keyClick(page.table, Qt.Key.Key_M)
    differing = dict(settings(page.table.chosen))
    assert set(differing) == {"seed", "steps"} and differing["seed"] == ("2", "0")
    page.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert names(page) == ["first", "fourth", "second", "third"]
    QTest.keyClick(page.table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(page.words, "policy SEC")
    assert names(page) == ["second"]
    page.words.clear()
    page.table.setFocus()
    choose(page, "fourth")
    QTest.keyClick(page.table, Qt.Key.Key_P)
    wait_until(lambda: page.table.chosen and page.table.chosen[0].run.status == "paused")
    QTest.keyClick(page.table, Qt.Key.Key_R)
    wait_until(lambda: page._trainings.running is not None and page._trainings.standing.remaining_s is not None)
    QTest.keyClick(page.table, Qt.Key.Key_E)
    wait_until(lambda: page._trainings.running is None)


def test_runs_are_renamed_noted_thrown_away_and_brought_back(opened: Application, page: TrainPage) -> None:
    library = opened.services.library.library
    assert library is not None
    choose(page, "first")
    QTest.keyClick(page.table, Qt.Key.Key_F2)
    QTest.keyClicks(page.details.name, "best so far")
    QTest.keyClick(page.details.name, Qt.Key.Key_Return)
    wait_until(lambda: "best so far" in names(page))
    wait_until(lambda: library.models.list("policy")[0].name == "best so far")
    QTest.keyClick(page.table, Qt.Key.Key_N)
    QTest.keyClicks(page.details.note, "keep it")
    QTest.keyClick(page.details.note, Qt.Key.Key_Return)
    wait_until(lambda: page.table.chosen[0].run.notes == "keep it")
    page.table.setFocus()
    choose(page, "second", "third")
    QTest.keyClick(page.table, Qt.Key.Key_Delete)
    wait_until(lambda: set(names(page)) == {"best so far", "fourth"})
    wait_until(lambda: any("2 runs are in the trash" in words for words in opened.window.toasts.texts))
    QTest.keyClick(page.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: len(names(page)) == 4)
    assert {line.name for line in page.table.chosen} == {"second", "third"}
    for _ in range(2):
        QTest.keyClick(page.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: "first" in names(page))
    assert (
        library.runs.get(page.table.chosen[0].run.id).notes == "" and library.models.list("policy")[0].name == "first"
    )


def test_the_form_fits_the_kind_of_training(page: TrainPage) -> None:
    QTest.mouseClick(button(page, "Descriptors"), Qt.MouseButton.LeftButton)
    wait_until(lambda: page.form._estimate.text() == "It takes about 5 min.")
    assert not page.form.policy.isVisible() and page.form.descriptors.isVisible()
    assert page.form.data.found.text().startswith(f"{EPISODES} episodes"), "descriptors learn from failures too"
    QTest.mouseClick(button(page, "Policy"), Qt.MouseButton.LeftButton)
    assert page.form.policy.isVisible()


def test_what_a_closed_window_left_goes_on_with_one_click(
    qt: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODULES, "policy", "tests.app.counting_job")
    with Library.open(tmp_path / "library") as library:
        for name in ("first", "second"):
            run = library.runs.begin("policy", None, {}, 0, name)
            (Path(run.path) / SPECIFICATION).write_text("{}")
    application = open_window(qt, tmp_path)
    application.services.library.start()
    application.window.show_page("train")
    page = application.window.pages["train"]
    wait_until(lambda: page.left_runs.isVisible())
    assert "2 trainings were interrupted" in page.left_runs.words and "'first', 'second'" in page.left_runs.words
    QTest.mouseClick(button(page, "Go on"), Qt.MouseButton.LeftButton)
    wait_until(lambda: page._trainings.running is not None and page._trainings.running.name == "first")
    wait_until(lambda: [run.name for run in page._trainings.waiting] == ["second"])
    wait_until(lambda: not page.left_runs.isVisible())
    close_window(application)


def test_an_empty_library_leads_to_recording(qt: object, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    application.services.library.start()
    application.window.show_page("train")
    page = application.window.pages["train"]
    wait_until(lambda: page._right.currentWidget() is page._no_episodes)
    wait_until(lambda: page.form.problem.startswith("Nothing can be trained because no episode matches"))
    close_window(application)
