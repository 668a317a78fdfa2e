"""A real window on an offscreen screen, with its own library and settings; a real station where a test asks for one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QDeadlineTimer, QEvent, QEventLoop
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.main_window import SCHEME
from app.pages.correspondence.page import CorrespondencePage
from app.settings import Settings
from app.theme import Scheme
from core.library.episodes import Episodes
from robot.rig import DEFAULT_RIG


@pytest.fixture(scope="session")
def qt() -> QApplication:
    application = QApplication.instance() or QApplication(["reticle"])
    application.setQuitOnLastWindowClosed(False)
    return application


@pytest.fixture(scope="session", autouse=True)
def _short_recordings() -> Iterator[None]:
    """These recordings take seconds: ten minutes' worth of room must not be what a small disk fails by."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Episodes, "bytes_per_second", lambda *_: 1e6)
        yield


@pytest.fixture(autouse=True)
def _errors_in_slots_fail_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An exception in a slot does not reach pytest by itself."""
    errors: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: errors.append(error))
    yield
    if errors:
        raise errors[0]


def wait_until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Run the event loop until something is so; fails after the deadline."""
    deadline = QDeadlineTimer(round(timeout_s * 1000))
    while not condition():
        if deadline.hasExpired():
            raise AssertionError(f"not so after {timeout_s:.0f} s")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)


def open_window(qt: QApplication, folder: Path, scheme: Scheme = Scheme.DARK, rig: Path = DEFAULT_RIG) -> Application:
    """A window that is shown; neither station nor library is started."""
    settings = Settings(folder / "settings.json")
    settings.put(SCHEME, scheme)
    settings.save()
    application = Application(qt, folder / "library", rig, 0, settings.path)
    application.window.begin()
    application.window.resize(1280, 800)
    application.window.show()
    wait_until(lambda: application.window.activateWindow() or application.window.isActiveWindow())
    return application


def close_window(application: Application) -> None:
    """Close and destroy, so that the next test's window gets the focus."""
    application.window.close()
    QApplication.processEvents()
    application.window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def correspondence_window(qt: QApplication, folder: Path) -> Iterator[Application]:
    """A window on its Correspondence page, every image of the first comparison described; closed in the end."""
    application = open_window(qt, folder)
    application.services.library.start()
    application.window.show_page("correspondence")
    page = application.window.pages["correspondence"]
    assert isinstance(page, CorrespondencePage)
    wait_until(lambda: described(page), 60.0)
    yield application
    close_window(application)


def described(page: CorrespondencePage) -> bool:
    """Whether every panel shows its image with descriptors."""
    panels, stage = page.scenes.panels, page.stage
    return bool(panels) and all(
        (content := stage.content(panel)) is not None and content.shown == shown for panel, shown in enumerate(panels)
    )


@pytest.fixture
def window(qt: QApplication, tmp_path: Path) -> Iterator[Application]:
    """A window without station and library."""
    application = open_window(qt, tmp_path)
    yield application
    close_window(application)


@pytest.fixture(scope="module")
def rig() -> Path:
    """The rig of ``live``; a module may have another one."""
    return DEFAULT_RIG


@pytest.fixture(scope="module")
def live(qt: QApplication, rig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """A window with a simulated rig and a library, shared by the tests of a module."""
    application = open_window(qt, tmp_path_factory.mktemp("live"), rig=rig)
    application.services.library.start()
    application.services.station.start()
    wait_until(lambda: application.services.station.ready is not None, 60.0)
    wait_until(lambda: application.services.library.library is not None)
    wait_until(
        lambda: application.services.station.step is not None and application.services.station.status is not None
    )
    yield application
    close_window(application)
