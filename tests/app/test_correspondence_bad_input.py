"""What a model cannot be asked about is one sentence where it is asked, and the page goes on; drawing 16 points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from conftest import close_window, open_window, wait_until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.application import Application
from app.pages.correspondence.page import CorrespondencePage
from tests.robot.correspondence.small import (
    add_episode,
    add_model,
    blackened,
    cut_short,
    of_another_dimension,
    small_library,
    without_depth,
)


@dataclass(frozen=True)
class Bench:
    """The window with its page, and the episodes and models of its library by name."""

    window: Application
    page: CorrespondencePage
    episodes: dict[str, str]
    models: dict[str, str]

    def said(self, words: str) -> bool:
        return any(words in text for text in self.window.window.toasts.texts)

    def show(self, name: str) -> None:
        """An episode of that name in the source."""
        self.page.scenes.choose(0)
        self.page.scenes.choose_episode(self.episodes[name], False)
        wait_until(lambda: self.page.scenes.panels[0].episode == self.episodes[name])

    def works(self) -> bool:
        """Whether a good image is described and matched."""
        self.show("good")
        wait_until(lambda: self.page.stage.content(0) is not None and self.page.stage.content(1) is not None, 60.0)
        self.page.stage.point_at(74.0, 55.0)
        self.page.stage.probe()
        return self.page.stage.match_in(1) is not None


@pytest.fixture(scope="module")
def opened(qt: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bad")
    root = small_library(folder / "library")
    episodes = {
        "no depth": add_episode(root, change=without_depth),
        "intrinsics": add_episode(root, focal=-150.0),
        "black": add_episode(root, change=blackened),
        "no object": add_episode(root, card=False),
        "one camera": add_episode(root, roles=("right",)),
        "other": add_episode(root, 20),
        "good": add_episode(root),
    }
    models = {name: str(add_model(root, name)) for name in ("damaged", "another", "good")}
    application = open_window(qt, folder)
    application.services.library.start()
    application.window.show_page("correspondence")
    page = application.window.pages["correspondence"]
    assert isinstance(page, CorrespondencePage)
    wait_until(lambda: page.scenes.panels and page.stage.content(0) is not None, 60.0)
    bench = Bench(application, page, episodes, models)
    page.scenes.show((page.scenes.panels[0], page.scenes._book.get(episodes["good"]).at("left", 0.0)))
    yield bench
    close_window(application)


@pytest.mark.parametrize(
    ("name", "words"), [("intrinsics", "calibrate it"), ("black", "is black; choose another image")]
)
def test_an_image_that_cannot_be_used_says_so_in_its_panel(opened: Bench, name: str, words: str) -> None:
    opened.show(name)
    wait_until(lambda: words in opened.page.stage.source.message, 30.0)
    assert opened.works()


@pytest.mark.parametrize(("name", "words"), [("no depth", "needs depth"), ("no object", "No object is marked")])
def test_points_cannot_be_drawn_where_no_object_is_known(opened: Bench, name: str, words: str) -> None:
    opened.show(name)
    wait_until(lambda: opened.page.stage.content(0) is not None, 30.0)
    QTest.keyClick(opened.page, Qt.Key.Key_H)
    wait_until(lambda: opened.said(words), 30.0)
    assert opened.page.gathering.points == () and opened.works()


def test_sixteen_points_are_drawn_from_the_object(opened: Bench) -> None:
    assert opened.works()
    wait_until(lambda: opened.page.stage.content(0).mask is not None, 30.0)
    QTest.keyClick(opened.page, Qt.Key.Key_H)
    wait_until(lambda: len(opened.page.gathering.points) == 16)
    points = np.array([(point.u, point.v) for point in opened.page.gathering.points])
    assert ((points >= (45, 28)) & (points <= (102, 70))).all(), "on the card"
    opened.page.stage.probe()
    assert sum(mark.shape == "point" for mark in opened.page.stage.targets[0].marks) == 16
    opened.page.gathering.clear()


def test_an_episode_of_one_camera_is_compared_like_any_other(opened: Bench) -> None:
    opened.show("one camera")
    wait_until(lambda: opened.page.stage.content(0) is not None, 30.0)
    opened.page.stage.point_at(74.0, 55.0)
    opened.page.stage.probe()
    assert opened.page.stage.match_in(1) is not None


@pytest.mark.parametrize("name", ["damaged", "another"])
def test_a_spoiled_model_says_so_and_another_can_be_chosen(opened: Bench, name: str) -> None:
    spoil, words = {
        "damaged": (cut_short, "cut short or damaged"),
        "another": (of_another_dimension, "does not fit its description"),
    }[name]
    folder = opened.window.services.library.root / "models" / opened.models[name].rsplit("/", 1)[-1]
    spoil(folder)
    opened.page.desk.use(str(folder))
    wait_until(lambda: opened.said(words), 30.0)
    opened.page.desk.use(opened.models["good"])
    assert opened.works()


def test_a_training_that_cannot_be_says_why_and_can_be_asked_for_again(opened: Bench) -> None:
    library = opened.window.services.library
    useless = [opened.episodes[name] for name in ("good", "other", "one camera", "no object", "black")]
    done: list[object] = []
    library.write(lambda found: found.episodes.trash(useless), done.append)
    QTest.keyClick(opened.page, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: opened.said("calibrate it and record again"), 30.0)
    assert opened.page.desk.training.state is None
    assert opened.window.services.actions["training.start"].isEnabled()
    assert library.library is not None and library.library.runs.list() == ()
    library.write(lambda found: found.episodes.restore(useless), done.append)
    wait_until(lambda: len(done) == 2)
    assert opened.works()
