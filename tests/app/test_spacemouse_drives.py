"""A SpaceMouse drives the arm from the page that is looked at, and from no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import close_window, wait_until
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.pages.teleoperate.page import TeleoperatePage
from core.clock import monotonic_ns
from robot.teleoperation import spacemouse
from robot.teleoperation.driver import DriveState
from tests.robot.conftest import BLIND_RIG
from tests.robot.teleoperation.plug import FULL, MOVE, Plug, navigator

pytestmark = pytest.mark.realtime

RIG = BLIND_RIG + '[[teleoperation.devices]]\ndriver = "spacemouse"\n'


class Pushed(Plug):
    """A cap that is pushed away, and says so a hundred times a second."""

    pushed = 0
    said = 0
    _said_ns = 0

    def read(self, size: int) -> bytes:
        if monotonic_ns() - self._said_ns > 10_000_000:
            self._said_ns = monotonic_ns()
            self.said += 1
            self.send(MOVE, 0, -self.pushed, 0)
        return super().read(size)


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Pushed:
    plug = Pushed()
    monkeypatch.setattr(spacemouse, "open_first", lambda: navigator(plug))
    return plug


@pytest.fixture
def window(qt: QApplication, tmp_path: Path, plug: Pushed) -> Iterator[Application]:
    rig = tmp_path / "rig.toml"
    rig.write_text(RIG)
    application = Application(qt, tmp_path / "library", rig, 0, tmp_path / "settings.json")
    application.window.begin()
    application.window.show()
    wait_until(lambda: application.window.activateWindow() or application.window.isActiveWindow())
    application.services.station.start()
    station = application.services.station
    wait_until(lambda: station.ready is not None and station.step is not None, 60.0)
    yield application
    plug.pulled = True
    close_window(application)


def test_it_drives_the_page_that_is_looked_at_and_no_other(window: Application, plug: Pushed) -> None:
    page = window.window.pages["teleoperate"]
    assert isinstance(page, TeleoperatePage)
    station, driver = window.services.station, page.driving.driver
    window.window.show_page("episodes")
    plug.pushed = FULL
    QApplication.processEvents()
    window.window.show_page("teleoperate")
    page.setFocus()
    wait_until(lambda: window.window.isActiveWindow())
    page.driving.tick()
    assert driver.state is DriveState.IDLE, "the cap was pushed before, and must come to rest first"
    plug.pushed = 0
    before = station.step.state.pose.p[0]
    said = plug.said
    wait_until(lambda: plug.said > said + 2)
    plug.pushed = FULL
    wait_until(lambda: station.step.state.pose.p[0] - before > 0.02)
    plug.pushed = 0
    page.let_go()
    assert driver.state is DriveState.IDLE
