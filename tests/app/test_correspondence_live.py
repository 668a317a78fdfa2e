"""Live cameras through the page: described again and again, paused, frozen, never labelled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import close_window, open_window, wait_until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.application import Application
from app.pages.correspondence.origin import LIVE
from app.pages.correspondence.page import CorrespondencePage
from robot.inspector_messages import LiveFrame
from tests.robot.correspondence.small import add_episode, add_model, small_library

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def opened(qt: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder: Path = tmp_path_factory.mktemp("live")
    root = small_library(folder / "library")
    for shift in (0, 20):
        add_episode(root, shift)
    add_model(root)
    application = open_window(qt, folder)
    application.services.library.start()
    application.services.station.start()
    wait_until(lambda: application.services.station.ready is not None, 60.0)
    application.window.show_page("correspondence")
    yield application
    close_window(application)


@pytest.fixture
def page(opened: Application) -> CorrespondencePage:
    page = opened.window.pages["correspondence"]
    assert isinstance(page, CorrespondencePage)
    wait_until(lambda: page.scenes.panels, 30.0)
    return page


def newest(page: CorrespondencePage) -> int:
    """When the described live image was taken; 0 before there is one."""
    content = page.stage.content(0)
    return content.frame.capture_ns if content is not None and isinstance(content.shown, LiveFrame) else 0


def test_a_live_camera_is_asked_paused_frozen_and_never_labelled(opened: Application, page: CorrespondencePage) -> None:
    page.scenes.choose(0)
    page.origin.episodeChosen.emit(LIVE)
    assert isinstance(page.scenes.panels[0], LiveFrame)
    wait_until(lambda: newest(page), 60.0)
    first = newest(page)
    wait_until(lambda: newest(page) > first)
    page.stage.point_at(320.0, 240.0)
    page.stage.probe()
    assert page.stage.match_in(1) is not None
    QTest.keyClick(page, Qt.Key.Key_F)
    kept = page.stage._frozen
    then = newest(page)
    wait_until(lambda: newest(page) > then)
    assert page.stage.frozen and page.stage._frozen is kept, "live images move on under the kept descriptor"
    QTest.keyClick(page, Qt.Key.Key_F)
    QTest.keyClick(page, Qt.Key.Key_T)
    page.stage.labelled.emit(0, 320.0, 240.0)
    assert page.labelling.marks == {}
    wait_until(lambda: any("live image cannot be labelled" in words for words in opened.window.toasts.texts))
    QTest.keyClick(page, Qt.Key.Key_T)


def test_leaving_the_page_rests_its_live_panels(opened: Application, page: CorrespondencePage) -> None:
    opened.window.show_page("episodes")
    assert opened.services.inspector._paused
    opened.window.show_page("correspondence")
    wait_until(lambda: not opened.services.inspector._paused)
    then = newest(page)
    wait_until(lambda: newest(page) > then, 30.0)
