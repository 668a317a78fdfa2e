"""Scanning from the Teleoperate page: what lies there is named, the arm sweeps, the scan is an episode."""

from __future__ import annotations

import pytest
from conftest import wait_until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.application import Application
from app.pages.teleoperate.page import TeleoperatePage
from app.pages.teleoperate.recording import Phase
from core.messages import Source
from core.static_scenes import SCAN

pytestmark = pytest.mark.realtime


def test_a_scan_is_begun_from_its_panel_stopped_and_kept(live: Application) -> None:
    live.window.show_page("teleoperate")
    page = live.window.pages["teleoperate"]
    assert isinstance(page, TeleoperatePage)
    actions, station = live.services.actions, live.services.station
    actions["scene.scan"].trigger()
    assert page.scan.names.text() == "sugar_box, mug, soup_can, foam_brick, ball"
    page.scan.names.setText(" , ")
    QTest.keyClick(page.scan.names, Qt.Key.Key_Return)
    wait_until(lambda: any("Name what lies in the scene" in words for words in live.window.toasts.texts))
    assert page.flow.phase is Phase.IDLE

    page.scan.names.setText("mug, shoe/red")
    QTest.keyClick(page.scan.names, Qt.Key.Key_Return)
    wait_until(lambda: page.flow.phase is Phase.RECORDING)
    assert page.scan.stop.isVisible()
    assert not page.scan.names.isVisible()
    assert not actions["record.success"].isEnabled()
    wait_until(lambda: station.status.recording is not None and station.status.recording.frames > 0, 60.0)
    assert station.status.source is Source.SCAN
    wait_until(lambda: "of the way" in page.scan.words)
    QTest.mouseClick(page.scan.stop, Qt.MouseButton.LeftButton)
    wait_until(lambda: page.flow.phase is Phase.IDLE)
    wait_until(lambda: any(words.startswith("The scan has") for words in live.window.toasts.texts))
    wait_until(lambda: station.status.source is None)
    assert page.scan.names.isVisible()

    library = live.services.library.library
    assert library is not None
    wait_until(lambda: library.episodes.list().total == 1)
    (row,) = library.episodes.list().rows
    assert (row.demonstrator, row.tags) == (SCAN, ("mug", "shoe/red"))
    assert row.frames > 0
    actions["scene.scan"].trigger()
    assert not page.scan.isVisible()
