"""Collect here next: starts are marked in the live views, and each demonstration strikes one off."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import wait_until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.application import Application
from app.pages.teleoperate.page import TeleoperatePage
from app.pages.teleoperate.recording import Phase
from app.views.rgbd import RgbdView
from core.attempts.collecting import WantedStarts

pytestmark = pytest.mark.realtime


def marked(page: TeleoperatePage) -> list[int]:
    """How many starts each of the cameras' views shows."""
    views = [view for view in page.views.findChildren(RgbdView) if view.isVisible()]
    return [len(view._wanted) for view in views]


def test_wanted_starts_are_marked_until_they_were_demonstrated(live: Application) -> None:
    page = live.window.pages["teleoperate"]
    assert isinstance(page, TeleoperatePage)
    ready = live.services.station.ready
    assert ready is not None
    task = next(each for each in ready.tasks if each.name == "push_plate")
    assert task.starts is not None
    live.window.show_page("episodes")
    at = np.array([[0.56, -0.19, 0.0], [0.64, -0.13, 0.0]])
    live.services.collect_here(WantedStarts(task, task.starts, at))
    assert live.window.current_page == "teleoperate"
    wait_until(lambda: page.collecting.isVisible(), 60.0)
    assert "put the plate on the bright ring" in page.collecting.words and page.collecting.words.endswith("2 left.")
    wait_until(lambda: set(marked(page)) == {2})

    live.services.actions["record.toggle"].trigger()
    wait_until(lambda: page.flow.phase is Phase.RECORDING, 60.0)
    wait_until(lambda: set(marked(page)) == {0})
    live.services.actions["record.toggle"].trigger()
    wait_until(lambda: page.collecting.words.endswith("1 left."), 60.0)
    wait_until(lambda: set(marked(page)) == {1})
    QTest.mouseClick(page.collecting.done, Qt.MouseButton.LeftButton)
    assert not page.collecting.isVisible()
    wait_until(lambda: set(marked(page)) == {0})
