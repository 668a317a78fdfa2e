"""The product's main job with key and mouse events alone: drive, record, label; real station, real library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import wait_until
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.pages.teleoperate.page import TeleoperatePage
from app.pages.teleoperate.recording import After, Phase, RecordingFlow
from app.views.rgbd import Kind, RgbdView
from core.episodes.header import unfinished
from core.library.episodes import Episodes
from core.library.query import EpisodeFilter
from core.messages import ControlMode
from robot.station_messages import Home, Notice, Rearm, ResetScene, StopRecording, Trouble, name_of
from robot.teleoperation.driver import DriveState

pytestmark = pytest.mark.realtime


@pytest.fixture
def page(live: Application) -> Iterator[TeleoperatePage]:
    live.window.show_page("teleoperate")
    page = live.window.pages["teleoperate"]
    assert isinstance(page, TeleoperatePage)
    page.setFocus()
    yield page
    page.let_go()
    if live.services.station.status is not None and live.services.station.status.stop_reason is not None:
        rearm(live)


def rearm(live: Application) -> None:
    """Click the button; again when the station was late in between and refused."""
    station, button = live.services.station, live.window.strip.rearm
    refused: list[object] = [True]
    station.troubled.connect(refused.append)

    def rearmed() -> bool:
        if refused and button.isEnabled():
            refused.clear()
            button.click()
        return station.status.stop_reason is None

    wait_until(rearmed)
    station.troubled.disconnect(refused.append)


def hand(live: Application) -> np.ndarray:
    step = live.services.station.step
    assert step is not None
    return step.state.pose.p


def press(live: Application, key: Qt.Key) -> None:
    QTest.keyPress(QApplication.focusWidget() or live.window, key)


def release(live: Application, key: Qt.Key) -> None:
    QTest.keyRelease(QApplication.focusWidget() or live.window, key)


def click_key(live: Application, key: Qt.Key) -> None:
    press(live, key)
    release(live, key)


def colour_view(page: TeleoperatePage, role: str) -> RgbdView:
    view = page.views._views[role, Kind.COLOUR]
    wait_until(lambda: view.frame is not None)
    return view


def test_a_held_key_moves_the_arm_and_its_release_ends_the_move(live: Application, page: TeleoperatePage) -> None:
    before = hand(live)
    press(live, Qt.Key.Key_PageDown)
    wait_until(lambda: before[2] - hand(live)[2] > 0.03)
    release(live, Qt.Key.Key_PageDown)
    assert page.driving.driver.state is DriveState.DRIVING
    setpoint = page.driving.driver.setpoint
    wait_until(lambda: abs(hand(live)[2] - setpoint.p[2]) < 0.004)


def test_dragging_in_a_view_moves_the_hand_in_the_cameras_plane(live: Application, page: TeleoperatePage) -> None:
    view = colour_view(page, "right")
    start = live.services.station.step.state.pose
    X_CW = view.frame.X_WC.inverse()
    middle = view.rect().center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    for step in range(1, 13):
        QTest.mouseMove(view, middle + QPoint(-3 * step, 0))
        QApplication.processEvents()
    before, _ = view.info.pinhole.project(X_CW @ start.p)

    def moved() -> float:
        now, _ = view.info.pinhole.project(X_CW @ hand(live))
        return float(before[0] - now[0])

    wait_until(lambda: moved() > 15.0)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert page.driving.camera == "right"


def test_losing_the_focus_releases_the_keys_and_gives_the_arm_back(live: Application, page: TeleoperatePage) -> None:
    press(live, Qt.Key.Key_Left)
    wait_until(lambda: page.driving.driver.state is DriveState.DRIVING)
    live.window.let_go()
    assert page.driving.driver.state is DriveState.IDLE and not page.driving.device.held_actions
    wait_until(lambda: live.services.station.status.source is None)


def test_space_stops_the_arm_and_re_arming_lets_it_move_again(live: Application, page: TeleoperatePage) -> None:
    press(live, Qt.Key.Key_Up)
    wait_until(lambda: page.driving.driver.state is DriveState.DRIVING)
    click_key(live, Qt.Key.Key_Space)
    wait_until(lambda: live.services.station.status.stop_reason == "operator")
    assert "You stopped the arm" in live.window.strip.rig.caption
    assert live.window.strip.rearm.isVisible()
    press(live, Qt.Key.Key_Down)
    wait_until(lambda: any("re-arm" in text for text in live.window.toasts.texts))
    rearm(live)
    before = hand(live)
    press(live, Qt.Key.Key_Up)
    wait_until(lambda: np.linalg.norm(hand(live) - before) > 0.01)


def test_home_and_back_again(live: Application, page: TeleoperatePage) -> None:
    press(live, Qt.Key.Key_J)
    start = hand(live)
    wait_until(lambda: np.linalg.norm(hand(live) - start) > 0.04)
    release(live, Qt.Key.Key_J)
    there = hand(live)
    reached: list[object] = []
    live.services.station.homeReached.connect(reached.append)
    click_key(live, Qt.Key.Key_H)
    wait_until(lambda: len(reached) == 1, 40.0)
    home = hand(live)
    QTest.keyClick(page, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    wait_until(lambda: len(reached) == 2, 40.0)
    assert np.linalg.norm(hand(live) - there) < 0.6 * np.linalg.norm(home - there)


def test_dragging_an_object_in_the_3d_view_pushes_it(live: Application, page: TeleoperatePage) -> None:
    station, scene = live.services.station, page.views.scene
    alt, left = Qt.KeyboardModifier.AltModifier, Qt.MouseButton.LeftButton
    started: list[object] = []
    station.dragStarted.connect(started.append)
    view = scene.view()
    (middle,), _ = view.pinhole.project(view.X_WC.inverse() @ np.array([[0.6, 0.0, 0.02]]))
    grid = [
        QPoint(round(middle[0]) + du, round(middle[1]) + dv) for du in range(-96, 97, 12) for dv in range(-36, 37, 12)
    ]
    for place in grid:
        QTest.mousePress(scene, left, alt, place)
        answered = station.status.stamp_ns
        wait_until(lambda answered=answered: started or station.status.stamp_ns > answered)
        if started:
            break
        QTest.mouseRelease(scene, left, alt, place)
    QTest.mouseMove(scene, place + QPoint(15, 0))
    wait_until(lambda: station.status.disturbance == "manual")
    wait_until(lambda: scene.note == "disturbed")
    QTest.mouseRelease(scene, left, alt, place)
    wait_until(lambda: station.status.disturbance == "none")


def record(flow: RecordingFlow) -> str:
    """Record for a moment; returns the episode's identifier while it waits for its label."""
    flow.start()
    wait_until(lambda: flow.phase is Phase.RECORDING)
    flow.stop(After.ASK)
    wait_until(lambda: flow.phase is Phase.LABELLING)
    return flow.last.id


def test_record_label_discard_and_undo(live: Application, page: TeleoperatePage) -> None:
    library = live.services.library
    click_key(live, Qt.Key.Key_R)
    wait_until(lambda: page.flow.phase is Phase.RECORDING)
    press(live, Qt.Key.Key_Right)
    wait_until(lambda: live.services.station.status.recording is not None)
    wait_until(lambda: live.services.station.status.recording.elapsed_s > 1.0)
    release(live, Qt.Key.Key_Right)
    click_key(live, Qt.Key.Key_R)
    wait_until(lambda: page.flow.phase is Phase.LABELLING)
    click_key(live, Qt.Key.Key_S)
    wait_until(lambda: library.library.episodes.list(EpisodeFilter(success=True)).total == 1)
    (row,) = library.library.episodes.list().rows
    assert row.status == "complete" and row.task == "free" and row.frames > 0
    assert row.seed is not None, "also the scene of the start was drawn"
    assert row.duration_s > 0.9 and row.steps > 0.25 * 200 * row.duration_s
    wait_until(lambda: set(page.views._reference) == {"right", "left", "wrist"})
    click_key(live, Qt.Key.Key_F)
    wait_until(lambda: library.library.episodes.get(row.id).success is False)
    click_key(live, Qt.Key.Key_Delete)
    wait_until(lambda: library.library.episodes.get(row.id).status == "trashed")
    assert page.flow.phase is Phase.IDLE
    QTest.keyClick(live.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: library.library.episodes.get(row.id).status == "complete")
    wait_until(lambda: page.flow.phase is Phase.LABELLING)
    assert page.flow.last.id == row.id and page.flow.verdict is False
    QTest.keyClick(live.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: page.flow.verdict is True)
    library.redo(lambda _: None)
    wait_until(lambda: page.flow.verdict is False)
    library.redo(lambda _: None)
    wait_until(lambda: page.flow.phase is Phase.IDLE)
    assert library.library.episodes.get(row.id).status == "trashed"


def test_keys_pressed_while_an_episode_is_saved_are_kept_and_the_newest_verdict_wins(
    live: Application, page: TeleoperatePage
) -> None:
    get, flow = live.services.library.library.episodes.get, page.flow
    flow.choices.countdown_s = 10
    click_key(live, Qt.Key.Key_R)
    wait_until(lambda: flow.phase is Phase.RECORDING)
    for key in (Qt.Key.Key_R, Qt.Key.Key_Delete, Qt.Key.Key_S, Qt.Key.Key_F, Qt.Key.Key_Return):
        click_key(live, key)
    assert flow.phase is Phase.SAVING and page.bar.words == "Saving"
    wait_until(lambda: flow.phase is Phase.COUNTDOWN)
    kept = flow.last.id
    wait_until(lambda: get(kept).status == "complete" and get(kept).success is False)
    flow.cancel()


def test_discarding_while_an_episode_is_saved_puts_it_into_the_trash(live: Application, page: TeleoperatePage) -> None:
    get, flow = live.services.library.library.episodes.get, page.flow
    saved: list[str] = []
    flow.episodeSaved.connect(lambda summary: saved.append(summary.id))
    click_key(live, Qt.Key.Key_R)
    wait_until(lambda: flow.phase is Phase.RECORDING)
    for key in (Qt.Key.Key_R, Qt.Key.Key_S, Qt.Key.Key_Delete):
        click_key(live, key)
    wait_until(lambda: flow.phase is Phase.IDLE)
    wait_until(lambda: get(saved[0]).status == "trashed")


def test_a_stop_that_is_refused_ends_the_saving(live: Application, page: TeleoperatePage) -> None:
    flow, station = page.flow, live.services.station
    flow.start()
    wait_until(lambda: flow.phase is Phase.RECORDING)
    flow.stop(After.ASK)
    station.troubled.emit(Trouble("The station could not do that.", name_of(StopRecording)))
    assert flow.phase is Phase.IDLE
    wait_until(lambda: flow.phase is Phase.LABELLING)


def test_an_undo_brings_nothing_back_to_be_labelled_once_another_was_recorded(
    live: Application, page: TeleoperatePage
) -> None:
    flow, library = page.flow, live.services.library
    discarded = record(flow)
    flow.discard()
    wait_until(lambda: library.library.episodes.get(discarded).status == "trashed")
    newer = record(flow)
    flow.next()
    flow.cancel()
    answered: list[object] = []
    library.undo()
    wait_until(lambda: library.library.episodes.get(discarded).status == "complete")
    library.write(lambda _: None, lambda _: library.read(lambda _: None, answered.append))
    wait_until(lambda: answered)
    assert flow.phase is Phase.IDLE and flow.last.id == newer


def test_what_the_station_reports_does_not_end_a_start(live: Application, page: TeleoperatePage) -> None:
    station = live.services.station

    def report(phase: Phase) -> None:
        if phase is not Phase.STARTING:
            return
        station.noticed.emit(Notice("An image of the wrist camera could not be shown."))
        station.troubled.emit(Trouble("The arm still moves.", name_of(Rearm)))

    page.flow.phaseChanged.connect(report)
    episode = record(page.flow)
    page.flow.phaseChanged.disconnect(report)
    wait_until(lambda: live.services.library.library.episodes.get(episode).status == "complete")


def test_a_start_that_is_refused_is_said_and_leaves_no_row_behind(
    live: Application, page: TeleoperatePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, begun = Episodes.begin, []

    def begin_where_a_file_is(*arguments: object) -> tuple[str, Path]:
        begun.append(begin(*arguments))
        unfinished(begun[0][1]).touch()
        return begun[0]

    monkeypatch.setattr(Episodes, "begin", begin_where_a_file_is)
    page.flow.start()
    wait_until(lambda: any("could not start" in text for text in live.window.toasts.texts))
    assert page.flow.phase is Phase.IDLE
    ((episode, path),) = begun
    wait_until(lambda: live.services.library.library.episodes.get(episode).status == "trashed")
    unfinished(path).unlink()


def test_only_a_refused_reset_ends_the_wait_for_the_scene(live: Application, page: TeleoperatePage) -> None:
    station, flow = live.services.station, page.flow
    flow.next()
    assert flow.phase is Phase.COUNTDOWN
    station.troubled.emit(Trouble("The arm still moves.", name_of(Rearm)))
    assert flow.phase is Phase.COUNTDOWN
    station.troubled.emit(Trouble("Stop the recording first.", name_of(ResetScene)))
    assert flow.phase is Phase.IDLE


def test_success_while_recording_stops_labels_and_next_records_again(live: Application, page: TeleoperatePage) -> None:
    page.flow.choices.countdown_s = 0
    click_key(live, Qt.Key.Key_R)
    wait_until(lambda: page.flow.phase is Phase.RECORDING)
    wait_until(lambda: (live.services.station.status.recording or row_zero).elapsed_s > 0.3)
    click_key(live, Qt.Key.Key_S)
    wait_until(lambda: page.flow.phase is Phase.LABELLING and page.flow.verdict is True)
    first = page.flow.last.id
    click_key(live, Qt.Key.Key_Return)
    wait_until(lambda: page.flow.phase is Phase.RECORDING, 30.0)
    wait_until(lambda: (live.services.station.status.recording or row_zero).elapsed_s > 0.3)
    click_key(live, Qt.Key.Key_R)
    wait_until(lambda: page.flow.phase is Phase.LABELLING)
    assert page.flow.last.id != first
    second = live.services.library.library.episodes.get
    wait_until(lambda: second(page.flow.last.id).status == "complete")
    assert second(page.flow.last.id).seed is not None


def test_a_note_is_typed_without_driving_or_stopping(live: Application, page: TeleoperatePage) -> None:
    if page.flow.phase is not Phase.LABELLING:
        click_key(live, Qt.Key.Key_R)
        wait_until(lambda: page.flow.phase is Phase.RECORDING)
        click_key(live, Qt.Key.Key_R)
        wait_until(lambda: page.flow.phase is Phase.LABELLING)
    page.let_go()
    wait_until(lambda: live.services.station.status.source is None)
    click_key(live, Qt.Key.Key_N)
    field = QApplication.focusWidget()
    QTest.keyClicks(field, "slipped once, Jr")
    QTest.keyClick(field, Qt.Key.Key_Return)
    notes = live.services.library.library.episodes.get
    wait_until(lambda: notes(page.flow.last.id).notes == "slipped once, Jr")
    assert page.flow.phase is Phase.LABELLING, "Enter ended the note, not the labelling"
    assert live.services.station.status.mode is not ControlMode.STOPPED


def test_space_stops_even_from_a_field_while_the_arm_moves(live: Application, page: TeleoperatePage) -> None:
    live.services.actions["record.note"].setEnabled(True)
    page.bar.operator.setFocus()
    away = live.services.station.step.state.X_WE
    live.services.station.send(Home((*away[:4], away[4], away[5] + 0.3, away[6])))
    wait_until(lambda: live.services.station.status.source is not None)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    wait_until(lambda: live.services.station.status.stop_reason == "operator")
    assert page.bar.operator.currentText() == ""


class _Zero:
    elapsed_s = 0.0


row_zero = _Zero()


def test_a_full_name_is_typed_and_enter_gives_the_keys_back(live: Application, page: TeleoperatePage) -> None:
    operator = page.bar.operator
    operator.setFocus()
    QTest.keyClicks(operator.lineEdit(), "Rosa V")
    QTest.keyClick(operator.lineEdit(), Qt.Key.Key_Return)
    assert operator.currentText() == "Rosa V"
    wait_until(lambda: QApplication.focusWidget() is not operator.lineEdit() and not operator.hasFocus())
    assert page.flow.choices.operator == "Rosa V"
    assert live.services.station.status.stop_reason is None


def test_whoever_types_does_not_drive(live: Application, page: TeleoperatePage) -> None:
    press(live, Qt.Key.Key_Left)
    wait_until(lambda: page.driving.driver.state is DriveState.DRIVING)
    page.bar.operator.setFocus()
    wait_until(lambda: page.driving.driver.state is DriveState.IDLE)
    page.setFocus()


def test_nothing_is_recorded_while_the_arm_is_stopped(live: Application, page: TeleoperatePage) -> None:
    live.services.actions["stop"].trigger()
    wait_until(lambda: live.services.station.status.stop_reason is not None)
    before = page.flow.phase
    assert before in (Phase.IDLE, Phase.LABELLING)
    page.flow.toggle()
    assert page.flow.phase is before
    page.flow.next()
    assert page.flow.phase is before


def test_the_empty_workspace_is_captured_by_its_key(live: Application, page: TeleoperatePage) -> None:
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    captures = live.services.library.root / "captures"
    said: list[str] = []
    live.services.messenger.said.connect(lambda message: said.append(message.text))
    QTest.keyClick(page, Qt.Key.Key_E, modifiers)
    wait_until(lambda: any(captures.glob("*/capture.json")), 60.0)
    wait_until(lambda: any("is captured (right, left)" in words for words in said))
