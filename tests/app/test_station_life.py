"""The station dies, the window closes: nothing is lost, everything is said."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import close_window, open_window, wait_until
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.pages.teleoperate.page import TeleoperatePage
from app.pages.teleoperate.recording import Phase
from core.clock import utc_ns
from core.episodes.recorder import Recorder
from core.errors import StopReason
from core.library import Library
from core.messages import EpisodeMetadata

pytestmark = pytest.mark.realtime


@pytest.fixture
def running(qt: QApplication, tmp_path: Path) -> Iterator[Application]:
    application = open_window(qt, tmp_path)
    application.services.library.start()
    application.services.station.start()
    wait_until(lambda: application.services.station.running, 60.0)
    wait_until(lambda: application.services.library.library is not None)
    yield application
    close_window(application)


def page_of(application: Application) -> TeleoperatePage:
    page = application.window.pages["teleoperate"]
    assert isinstance(page, TeleoperatePage)
    return page


def record_for_a_second(application: Application) -> None:
    """A machine that stalls stops the arm: as a person would, re-arm it and record then."""
    flow, station = page_of(application).flow, application.services.station

    def recording() -> bool:
        status = station.status
        if status is not None and flow.phase is Phase.IDLE:
            application.services.actions["rearm"].trigger() if status.stop_reason else flow.start()
        return status is not None and status.recording is not None and status.recording.elapsed_s > 1.2

    wait_until(recording, 60.0)


def test_a_killed_station_is_said_recovered_and_restarted(running: Application) -> None:
    station, library = running.services.station, running.services.library
    record_for_a_second(running)
    os.kill(station.ready.pid, signal.SIGKILL)
    wait_until(lambda: any("killed by signal 9" in text for text in running.window.toasts.texts))
    assert running.window.strip.restart.isVisible()
    assert page_of(running).flow.phase is Phase.IDLE
    wait_until(lambda: library.library.episodes.list().total == 1 and recovered(library.library), 30.0)
    running.services.reveal_episode(library.library.episodes.ids()[0])
    assert running.window.current_page == "episodes"
    running.window.show_page("teleoperate")
    running.window.strip.restart.click()
    wait_until(lambda: station.running and station.status is not None, 60.0)
    wait_until(lambda: not running.window.strip.restart.isVisible())
    record_for_a_second(running)
    page_of(running).flow.toggle()
    wait_until(lambda: page_of(running).flow.phase is Phase.LABELLING, 30.0)
    wait_until(lambda: library.library.episodes.list().total == 2)


def recovered(library: Library) -> bool:
    return library.episodes.list().rows[0].status == "recovered"


def test_closing_the_window_while_recording_completes_the_row(qt: QApplication, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    application.services.library.start()
    application.services.station.start()
    wait_until(lambda: application.services.station.running, 60.0)
    record_for_a_second(application)
    close_window(application)
    with Library.open(tmp_path / "library") as library:
        (row,) = library.episodes.list().rows
        assert row.status == "complete" and row.steps > 50
        with library.episodes.open(row.id) as reader:
            assert reader.frame_count("right") > 0


def test_what_a_crash_interrupted_is_said_at_the_next_start(qt: QApplication, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library") as library:
        episode, path = library.episodes.begin(EpisodeMetadata("", "free", utc_ns(), "wall", ""))
        recorder = Recorder(path, library.episodes.details(episode).metadata, [])
        recorder.finish(stop_reason=StopReason.PARENT_DIED)
    application = open_window(qt, tmp_path)
    application.services.library.start()
    wait_until(lambda: "1 interrupted recording was saved." in application.window.toasts.texts)
    application.window.toasts._toasts[0]._act()
    assert application.window.current_page == "episodes"
    close_window(application)


def test_a_rig_that_cannot_open_is_said_with_its_reason(qt: QApplication, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    application.services.station._spec = type(application.services.station._spec)("", str(tmp_path / "none.toml"))
    application.services.station.start()
    wait_until(lambda: any("none.toml" in text for text in application.window.toasts.texts), 30.0)
    close_window(application)


def test_a_library_in_use_is_said_and_can_be_tried_again(qt: QApplication, tmp_path: Path) -> None:
    with Library.open(tmp_path / "library"):
        application = open_window(qt, tmp_path)
        application.services.library.start()
        wait_until(lambda: application.window.toasts.texts)
    application.services.library.start()
    wait_until(lambda: application.services.library.library is not None)
    close_window(application)


def test_replay_drives_the_arm_and_stops_with_the_space_bar(running: Application) -> None:
    station, library = running.services.station, running.services.library
    page = page_of(running)
    record_for_a_second(running)
    page.flow.toggle()
    wait_until(lambda: library.library.episodes.list().total == 1 and page.flow.phase is Phase.LABELLING, 30.0)
    running.window.show_page("episodes")
    episodes = running.window.pages["episodes"]
    wait_until(lambda: episodes.table.selectionModel().hasSelection())
    running.services.actions["play.robot"].trigger()
    wait_until(lambda: station.status.source == "replay")
    QTest.keyClick(episodes.table, " ")
    wait_until(lambda: station.status.stop_reason == "operator")


def test_a_replay_in_another_scene_is_only_refused_and_the_scene_is_offered(running: Application) -> None:
    station, library, window = running.services.station, running.services.library, running.window
    record_for_a_second(running)
    page_of(running).flow.toggle()
    wait_until(lambda: library.library.episodes.list().total == 1 and page_of(running).flow.phase is Phase.LABELLING)
    loaded: list[object] = []
    station.taskLoaded.connect(loaded.append)
    running.services.choose_task("push_box")
    wait_until(lambda: loaded, 30.0)
    window.show_page("episodes")
    wait_until(lambda: window.pages["episodes"].table.selectionModel().hasSelection())
    running.services.actions["play.robot"].trigger()
    wait_until(lambda: any("holds other objects" in text for text in window.toasts.texts))
    assert window.current_page == "episodes"
    assert not any("replays the episode" in text or "push_box" in text for text in window.toasts.texts)
    (offer,) = [toast for toast in window.toasts._toasts if toast.message.button == "Load the scene"]
    offer._act()
    wait_until(lambda: len(loaded) == 2, 30.0)
    assert loaded[-1].task.name == page_of(running).flow.choices.task == "free"
