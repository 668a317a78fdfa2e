"""The window without a rig: pages, words, errors, bindings, what it remembers."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import close_window, open_window, wait_until
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from app.application import Application
from app.input import wants_keys
from app.pages.episodes.page import EpisodesPage
from app.pages.teleoperate.page import TeleoperatePage
from app.status import CameraLines, disk_line, rig_line, stop_sentence
from app.theme import Scheme, is_dark, palette_of
from app.workers.disk import DiskWatch
from app.workers.library import LibraryWorker
from core.errors import InputError, StopReason
from core.messages import ControlMode, Disturbance, Source
from robot.station_messages import (
    CameraStatus,
    Notice,
    Ready,
    Rearm,
    Rearmed,
    RecordingStarted,
    RecordingStatus,
    StationStatus,
    Stopped,
    Trouble,
    name_of,
)
from robot.teleoperation.presets import DriveAction
from robot.teleoperation.triggers import Trigger

READY = Ready("Test rig", True, "arm", (), None, (), (0.0,) * 3, (1.0,) * 3, 1)


def status(**changes: object) -> StationStatus:
    values: dict[str, object] = {
        "stamp_ns": 0,
        "mode": ControlMode.IDLE,
        "lease": 0,
        "source": None,
        "stop_reason": None,
        "braking_reason": None,
        "disturbance": Disturbance.NONE,
        "cameras": (),
        "recording": None,
        "control_rate_hz": 200.0,
        "control_late_p99_ms": 1.0,
        "refused_setpoints": 0,
        "success": None,
    }
    return StationStatus(**{**values, **changes})


def teleoperate(window: Application) -> TeleoperatePage:
    page = window.window.pages["teleoperate"]
    assert isinstance(page, TeleoperatePage)
    return page


def test_pages_are_reached_by_key_and_by_the_rail(window: Application) -> None:
    QTest.keyClick(window.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.window.current_page == "episodes"
    window.window.rail._buttons["teleoperate"].click()
    assert window.window.current_page == "teleoperate"


def test_the_strip_is_there_on_every_page(window: Application) -> None:
    for name in window.window.pages:
        window.window.show_page(name)
        assert window.window.strip.stop_button.isVisible()


def test_f1_lists_every_key_and_escape_closes_it(window: Application) -> None:
    QTest.keyClick(window.window, Qt.Key.Key_F1)
    assert window.window.help.isVisible()
    QTest.keyClick(window.window.help._search, Qt.Key.Key_Escape)
    assert not window.window.help.isVisible()


def test_the_list_of_keys_takes_letters_to_search_for_and_leaves_the_stop_key(window: Application) -> None:
    stops: list[bool] = []
    window.services.actions["stop"].triggered.connect(lambda: stops.append(True))
    QTest.keyClick(window.window, Qt.Key.Key_F1)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert len(stops) == 1
    assert wants_keys(QApplication.focusWidget()), "the covered arm is not driven"
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_G)
    QTest.keyClicks(QApplication.focusWidget(), "rip")
    assert window.window.help._search.text() == "grip"


def test_an_unexpected_error_becomes_a_message_and_the_window_goes_on(window: Application) -> None:
    window.complain(ZeroDivisionError("division by zero"))
    assert window.window.toasts.texts == ["Something went wrong: division by zero."]
    window.complain(InputError("There is no task 'x'; choose another."))
    assert "There is no task 'x'; choose another." in window.window.toasts.texts


def test_deactivating_the_window_releases_held_keys(window: Application) -> None:
    page = teleoperate(window)
    QTest.keyPress(page, Qt.Key.Key_Up)
    assert page.driving.device.held_actions
    QApplication.sendEvent(window.window, QEvent(QEvent.Type.WindowDeactivate))
    assert not page.driving.device.held_actions


def test_auto_repeat_is_swallowed(window: Application) -> None:
    page = teleoperate(window)
    QTest.keyPress(page, Qt.Key.Key_Up)
    for _ in range(5):
        QTest.sendKeyEvent(QTest.KeyAction.Press, page, Qt.Key.Key_Up, "", Qt.KeyboardModifier.NoModifier)
    assert page.driving.device.held_actions == {DriveAction.FORWARD}
    QTest.keyRelease(page, Qt.Key.Key_Up)
    assert not page.driving.device.held_actions


def test_a_binding_is_changed_in_the_panel_and_survives_a_restart(qt: QApplication, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    page = teleoperate(application)
    application.services.actions["drive.panel"].trigger()
    line = page.panel.row_of(DriveAction.FORWARD)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    QTest.keyClick(line, Qt.Key.Key_F12)
    assert page.bindings.current.triggers(DriveAction.FORWARD) == ("F12",)
    close_window(application)
    application = open_window(qt, tmp_path)
    assert teleoperate(application).bindings.current.triggers(DriveAction.FORWARD) == ("F12",)
    assert teleoperate(application).panel.isVisible(), "the panel is remembered too"
    close_window(application)


@pytest.mark.parametrize(("key", "words"), [(Qt.Key.Key_R, "'R'"), (Qt.Key.Key_Q, "'Q' is already 'Turn left'")])
def test_a_binding_that_is_taken_is_refused_in_words(window: Application, key: Qt.Key, words: str) -> None:
    page = teleoperate(window)
    window.services.actions["drive.panel"].trigger()
    line = page.panel.row_of(DriveAction.FORWARD)
    QTest.mouseClick(line, Qt.MouseButton.LeftButton)
    QTest.keyClick(line, key)
    assert words in page.panel._complaint.text()
    assert "Up" in page.bindings.current.triggers(DriveAction.FORWARD)


def test_choosing_spartans_preset_changes_the_hints_on_screen(window: Application) -> None:
    page = teleoperate(window)
    page.bindings.choose("spartan")
    assert window.services.actions.keys("record.toggle") == ("T",)
    assert page.driving.device.preset.name == "spartan"


def test_the_guide_goes_for_good_when_it_is_closed(qt: QApplication, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    guide = teleoperate(application).guide
    assert guide.isVisible()
    guide._close()
    close_window(application)
    application = open_window(qt, tmp_path)
    assert not teleoperate(application).guide.isVisible()
    close_window(application)


def test_the_guide_counts_a_short_gripper_press_and_only_the_persons_stop(window: Application) -> None:
    page = teleoperate(window)
    window.services.station.status = status()
    page.driving.device.press("key", Trigger.parse(page.bindings.current.triggers(DriveAction.GRIPPER_OPEN)[0]))
    page.driving.device.release("key")
    page.tick()
    assert page.guide._marks["grip"].done
    window.services.station.stopped.emit(Stopped(StopReason.COLLISION.value, ""))
    assert not page.guide._marks["stop"].done
    window.services.station.stopped.emit(Stopped(StopReason.OPERATOR.value, ""))
    assert page.guide._marks["stop"].done


def test_the_guide_has_room_for_its_own_words_in_a_low_window(window: Application) -> None:
    page = teleoperate(window)
    window.window.resize(window.window.minimumSize())
    window.window.show_page("episodes")
    page.guide.use(page.bindings.current)
    window.window.show_page("teleoperate")
    wait_until(lambda: page.guide._short and page.guide.size() == page.guide.sizeHint())
    assert page.views.rect().contains(page.guide.geometry())


def test_light_and_dark_follow_the_choice(window: Application) -> None:
    for scheme, dark in ((Scheme.LIGHT, False), (Scheme.DARK, True)):
        window.window.use_scheme(scheme)
        assert is_dark(window.window.palette()) is dark


@pytest.mark.parametrize("dark", [True, False])
def test_text_is_readable_on_every_ground(dark: bool) -> None:
    palette = palette_of(dark)
    for ground in (palette.ColorRole.Window, palette.ColorRole.Base, palette.ColorRole.AlternateBase):
        for ink in (palette.ColorRole.Text, palette.ColorRole.PlaceholderText):
            assert contrast(palette.color(ink), palette.color(ground)) >= 4.5
    accent = palette.ColorRole.Accent, palette.ColorRole.HighlightedText
    assert contrast(*(palette.color(role) for role in accent)) >= 4.5


def contrast(first: object, second: object) -> float:
    """WCAG 2 contrast ratio."""

    def luminance(colour: object) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_a_running_recording_shows_on_every_page(window: Application) -> None:
    sign = window.window.strip.recording
    assert not sign.isVisible()
    window.window._show_status(status(recording=RecordingStatus("e", 94.6, 900, 0, 0)))
    for page in window.window.pages:
        window.window.show_page(page)
        assert sign.isVisible() and sign.words == "Recording 01:34"
    window.window._show_status(status())
    assert not sign.isVisible()


@pytest.mark.parametrize("size", [(1360, 840), (1100, 680)])
def test_the_reason_of_a_stop_is_readable_while_recording(window: Application, size: tuple[int, int]) -> None:
    strip = window.window.strip
    cameras = tuple(CameraStatus(role, 30.0, 900, 0, 0) for role in ("right", "left", "wrist"))
    recording = RecordingStatus("e", 94.6, 900, 0, 0)
    window.services.station.ready = READY
    window.window.resize(*size)
    window.window._show_status(status(cameras=cameras, recording=recording))
    wait_until(lambda: strip._beside.isVisible() and strip.disk.isVisible())
    for reason in StopReason:
        window.window._show_status(status(cameras=cameras, recording=recording, stop_reason=reason.value))
        wait_until(lambda: strip.rig.width() >= strip.rig.wanted_width, 2.0)
    assert strip.recording.isVisible() and strip.rearm.isVisible()
    window.window._show_status(status(cameras=cameras))
    wait_until(lambda: strip._beside.isVisible() and strip.disk.isVisible())


def test_an_undo_offer_goes_when_it_is_stale(window: Application) -> None:
    library, messenger = window.services.library, window.services.messenger
    messenger.say("The episode is in the trash.", "Undo", library.undo, key="edit")
    messenger.say("Something else.", "Show", window.window.let_go)
    library.undo()
    assert window.window.toasts.texts == ["Something else."]


def test_a_search_for_keys_without_a_match_says_so(window: Application) -> None:
    window.services.actions["help"].trigger()
    window.window.help._search.setText("no such thing")
    labels = lambda: [label.text() for label in window.window.help.findChildren(QLabel) if label.isVisible()]  # noqa: E731
    wait_until(lambda: "Nothing found" in labels())


def test_at_the_smallest_size_nothing_needs_scrolling_sideways(window: Application) -> None:
    window.window.resize(window.window.minimumSize())
    window.window.show_page("episodes")
    page = window.window.pages["episodes"]
    assert isinstance(page, EpisodesPage)
    page._left.setCurrentWidget(page.table)
    wait_until(lambda: page.table.isVisible() and page.table.horizontalScrollBar().maximum() == 0)


def test_every_stop_reason_is_a_sentence_on_the_strip() -> None:
    for reason in StopReason:
        line = rig_line(READY, status(stop_reason=reason.value), "")
        assert line.stopped and line.detail == reason.sentence
    assert "power cut" in stop_sentence("power_cut")


def test_the_strip_says_who_drives_and_why_it_brakes() -> None:
    assert rig_line(None, None, "").state == "Starting the rig"
    assert rig_line(READY, status(source=Source.HAND, mode=ControlMode.TRACKING), "").state == "You are driving"
    edge = rig_line(READY, status(source=Source.HAND, mode=ControlMode.TRACKING, at_edge=True), "")
    assert edge.detail == "At the edge of its reach" and edge.warns
    braking = rig_line(READY, status(mode=ControlMode.BRAKING, braking_reason="the window is busy"), "")
    assert braking.warns and braking.detail == "The window is busy"
    assert rig_line(READY, None, "The station ended.").gone


def test_a_drop_is_marked_for_a_while_and_counted_until_the_next_recording_or_scene() -> None:
    lines = CameraLines()

    def line(dropped: int, seconds: float, recording: str = "") -> tuple[bool, str]:
        camera = CameraStatus("right", 30.0, 100, dropped, 0, gaps=dropped)
        running = RecordingStatus(recording, 0.0, 0, 0, 0) if recording else None
        (found,) = lines.lines(status(stamp_ns=round(seconds * 1e9), cameras=(camera,), recording=running))
        words.append(found.tooltip)
        return found.warns, found.losses

    words: list[str] = []
    assert line(3, 99.0) == line(4, 99.5) == (False, "0 lost, 0 gaps")
    assert line(5, 101.0) == (True, "1 lost, 1 gap")
    assert line(5, 103.0) == (True, "1 lost, 1 gap")
    assert line(5, 120.0) == (False, "1 lost, 1 gap")
    assert "since the scene was loaded" in words[-1]
    assert line(6, 121.0, "first") == (False, "0 lost, 0 gaps")
    assert line(8, 122.0, "first") == (True, "2 lost, 2 gaps")
    assert line(8, 130.0) == (False, "2 lost, 2 gaps")
    assert "since this recording began" in words[-1]
    lines.count_anew()
    assert line(9, 131.0) == (False, "0 lost, 0 gaps")
    assert "since the scene was loaded" in words[-1]
    assert lines.lines(None) == ()
    assert line(0, 5.0) == (False, "0 lost, 0 gaps"), "a station that was started again counts from the beginning"
    assert line(1, 7.0) == (True, "1 lost, 1 gap")


def test_a_frame_that_could_not_be_recorded_is_counted_where_it_is_marked() -> None:
    lines = CameraLines()
    for failed, seconds in ((0, 1.0), (0, 2.5), (3, 3.0)):
        camera = CameraStatus("right", 30.0, 100, 2, 0, failed=failed)
        (line,) = lines.lines(status(stamp_ns=round(seconds * 1e9), cameras=(camera,)))
    assert line.warns and line.losses == "3 lost, 0 gaps"
    assert "3 could not be shown or recorded" in line.tooltip


def test_the_button_re_arms_only_an_arm_that_stands_still(window: Application) -> None:
    strip, action = window.window.strip, window.services.actions["rearm"]
    window.services.station.ready = READY
    window.window._show_status(status(stop_reason="operator"))
    assert strip.rearm.isVisible() and not strip.rearm.isEnabled()
    assert action.isEnabled(), "the key still explains itself"
    window.window._show_status(status(stop_reason="operator", standstill=True))
    assert strip.rearm.isEnabled()


def test_the_disk_is_looked_up_every_few_seconds_and_the_rate_as_soon_as_it_can_be_asked(
    qt: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path] = []
    monkeypatch.setattr("app.workers.disk.free_bytes", lambda path: looked.append(path) or 10**12)
    library = LibraryWorker(tmp_path / "library")
    watch = DiskWatch(library)
    for _ in range(30):
        assert watch.minutes_left(None, None) is None
    assert watch.free_bytes == 10**12
    library.start()
    wait_until(lambda: watch.minutes_left(READY, None) is not None, 3.0)
    assert len(looked) == 1
    library.close()


def test_little_disk_is_said() -> None:
    assert disk_line(9.0, 1).low and not disk_line(214.0, 1).low
    assert disk_line(None, 79_000_000_000).value == "79 GB free"


def test_the_window_remembers_its_page(qt: QApplication, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    application.window.show_page("episodes")
    close_window(application)
    application = open_window(qt, tmp_path)
    wait_until(lambda: application.window.current_page == "episodes")
    close_window(application)


def test_pages_that_were_never_shown_remember_no_sizes(qt: QApplication, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    application.window.show_page("episodes")
    QApplication.processEvents()
    close_window(application)
    stored = (tmp_path / "settings.json").read_text(encoding="utf-8")
    assert "episodes.splits" in stored and "correspondence.splits" not in stored


def test_what_was_refused_or_missed_is_no_longer_said_once_it_is_over(window: Application) -> None:
    station, toasts = window.services.station, window.window.toasts
    station.troubled.emit(Trouble("The arm still moves.", name_of(Rearm)))
    station.noticed.emit(Notice("The hand is not at its end.", "way"))
    station.rearmed.emit(Rearmed())
    assert toasts.texts == ["The hand is not at its end."]
    station.recordingStarted.emit(RecordingStarted("e"))
    assert toasts.texts == []


def test_the_strip_says_how_far_a_job_is(window: Application) -> None:
    jobs = window.window.strip.jobs
    assert jobs.value == "No jobs"
    window.services.show_job("training", "40 %, 3 min")
    assert (jobs.value, jobs.caption) == ("40 %, 3 min", "training")
    window.services.show_job("training", "")
    assert jobs.value == "No jobs"
