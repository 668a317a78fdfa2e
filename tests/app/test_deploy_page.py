"""The Deploy page in the real window: a policy acts at a real station, a hand takes over, the attempt is judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import wait_until
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from app.application import Application
from app.pages.deploy.attempt import Phase
from app.pages.deploy.page import DeployPage
from app.pages.episodes.page import EpisodesPage
from app.views.rgbd import Kind
from core.attempts.outcome import Outcome
from core.library.attempts import AttemptRow
from core.library.episodes import Episodes
from core.messages import Source
from robot.station_messages import SceneReset
from tests.robot.policies.still import POLICY, policy

pytestmark = pytest.mark.realtime

LOADING_S = 60.0
PATIENT_RIG = """
name = "patient"
title = "Simulated arm with patience"
simulated = true
[arm]
driver = "simulated_iiwa"
[gripper]
driver = "simulated_wsg"
[[cameras]]
role = "right"
driver = "simulated"
rate_hz = 10.0
[teleoperation]
hold_to_move = false
[watchdogs]
heartbeat_brake_s = 10.0
heartbeat_stop_s = 30.0
window_brake_s = 10.0
window_stop_s = 30.0
policy_first_s = 30.0
policy_least_s = 1.0
"""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One slow camera, and deadlines that a loaded machine keeps too; what they are for is tested elsewhere."""
    path = tmp_path_factory.mktemp("rig") / "patient.toml"
    path.write_text(PATIENT_RIG)
    return path


@pytest.fixture(scope="module")
def deployable(live: Application) -> Application:
    """The window with a policy that pushes on a little, in the scene of its task."""
    folder = live.services.library.root / "models"
    assert live.services.station.ready is not None
    policy(folder, camera=live.services.station.ready.cameras[0])
    live.window.show_page("deploy")
    page = live.window.pages["deploy"]
    assert isinstance(page, DeployPage)
    wait_until(lambda: page.flow.choices.policy is not None)
    return live


@pytest.fixture
def page(deployable: Application) -> Iterator[DeployPage]:
    deployable.window.show_page("deploy")
    page = deployable.window.pages["deploy"]
    assert isinstance(page, DeployPage)
    page.setFocus()
    yield page
    page.flow.stop()
    wait_until(lambda: page.flow.phase in (Phase.IDLE, Phase.JUDGING))
    rearm(deployable, page)


def rearm(live: Application, page: DeployPage) -> None:
    """As often as it takes: the station refuses until the arm stands still."""

    def rearmed() -> bool:
        live.services.actions["rearm"].trigger()
        return not page.flow._latched

    if page.flow._latched:
        wait_until(rearmed)


def driving(live: Application, page: DeployPage) -> None:
    """Begin an attempt and wait until the policy moves the arm."""
    click_key(live, Qt.Key.Key_Return)
    wait_until(lambda: page.flow.phase is Phase.DRIVING, LOADING_S)
    wait_until(lambda: driver(live) is Source.POLICY)


def newest(live: Application) -> AttemptRow:
    library = live.services.library.library
    assert library is not None
    return library.attempts.list()[-1]


def press(live: Application, key: Qt.Key) -> None:
    QTest.keyPress(QApplication.focusWidget() or live.window, key)


def click_key(live: Application, key: Qt.Key) -> None:
    press(live, key)
    QTest.keyRelease(QApplication.focusWidget() or live.window, key)


def driver(live: Application) -> Source | None:
    step = live.services.station.step
    return step.wanted.source if step is not None and step.wanted is not None else None


def test_the_scene_of_the_policys_task_is_offered(deployable: Application, page: DeployPage) -> None:
    assert page.flow.other_task == "reach_t" and page._obstacle.isVisible()
    click_key(deployable, Qt.Key.Key_Return)
    assert page.flow.phase is Phase.IDLE
    QTest.mouseClick(page._obstacle.button, Qt.MouseButton.LeftButton)
    wait_until(lambda: page.flow.other_task == "", 60.0)
    assert not page._obstacle.isVisible()


def test_a_policy_acts_a_hand_takes_over_gives_back_and_the_attempt_is_judged(
    deployable: Application, page: DeployPage
) -> None:
    library = deployable.services.library.library
    assert library is not None
    click_key(deployable, Qt.Key.Key_Return)
    assert page.flow.phase is Phase.LOADING
    wait_until(lambda: page.flow.phase is Phase.DRIVING, LOADING_S)
    wait_until(lambda: driver(deployable) is Source.POLICY)
    wait_until(lambda: page.insight is not None and page._plots is not None)
    wait_until(lambda: page.views.scene._points is not None)
    assert page.views.scene._points.shape == (1, 3)
    assert page.bar.words == "The policy drives"
    before = deployable.services.station.step.sent_X_WE
    press(deployable, Qt.Key.Key_PageUp)
    wait_until(lambda: page.flow.phase is Phase.TAKEN)
    wait_until(lambda: driver(deployable) is Source.HAND)
    start = page.driving.driver.setpoint
    assert start is not None and np.linalg.norm(start.p - np.array(before[4:])) < 0.05
    QTest.keyRelease(QApplication.focusWidget(), Qt.Key.Key_PageUp)
    click_key(deployable, Qt.Key.Key_Return)
    wait_until(lambda: page.flow.phase is Phase.DRIVING)
    wait_until(lambda: driver(deployable) is Source.POLICY)
    click_key(deployable, Qt.Key.Key_M)
    wait_until(lambda: deployable.services.station.status.disturbance == "manual")
    click_key(deployable, Qt.Key.Key_S)
    wait_until(lambda: page.flow.phase is Phase.JUDGING)
    wait_until(lambda: len(page.session.chosen) == 1)
    (attempt,) = library.attempts.list()
    assert (attempt.policy, attempt.task, attempt.trial, attempt.distribution) == (POLICY, "reach_t", 0, "test")
    assert (attempt.outcome, attempt.judged) == (Outcome.SUCCESS, False)
    assert (attempt.disturbance, attempt.interventions) == ("manual", 1)
    assert page.flow.choices.seed == 1
    assert page.session.tally.text().startswith("1 of 1, 100.0 %")
    click_key(deployable, Qt.Key.Key_M)
    wait_until(lambda: library.attempts.get(attempt.id).disturbance == "none")
    click_key(deployable, Qt.Key.Key_F)
    wait_until(lambda: page.session.tally.text().startswith("0 of 1"))
    QTest.keyClick(deployable.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: page.session.tally.text().startswith("1 of 1"))


def test_a_stop_ends_the_attempt_and_the_next_one_waits_for_re_arming(
    deployable: Application, page: DeployPage
) -> None:
    driving(deployable, page)
    click_key(deployable, Qt.Key.Key_Space)
    wait_until(lambda: page.flow.phase is Phase.JUDGING)
    wait_until(lambda: newest(deployable).stop_reason == "operator")
    assert newest(deployable).outcome is Outcome.ABORTED
    click_key(deployable, Qt.Key.Key_Return)
    assert page.flow.phase is Phase.JUDGING
    wait_until(lambda: any("Re-arm it first" in words for words in deployable.window.toasts.texts))
    rearm(deployable, page)
    driving(deployable, page)


def test_a_policy_whose_process_dies_stops_and_is_loaded_again(deployable: Application, page: DeployPage) -> None:
    driving(deployable, page)
    client = deployable.services.policy._client
    assert client is not None
    client.child.kill()
    wait_until(lambda: any("process ended by itself" in words for words in deployable.window.toasts.texts))
    wait_until(lambda: page.flow.phase is Phase.JUDGING)
    wait_until(lambda: newest(deployable).stop_reason == "policy_deadline")
    assert newest(deployable).outcome is Outcome.ERROR
    rearm(deployable, page)
    driving(deployable, page)


def test_leaving_the_page_ends_the_attempt(deployable: Application, page: DeployPage) -> None:
    driving(deployable, page)
    deployable.window.show_page("episodes")
    wait_until(lambda: page.flow.phase is Phase.JUDGING)
    wait_until(lambda: newest(deployable).outcome is Outcome.ABORTED)


def test_a_failed_attempt_leads_to_its_frames_and_to_its_start(deployable: Application, page: DeployPage) -> None:
    station = deployable.services.station
    driving(deployable, page)
    wait_until(lambda: station.status.recording is not None and station.status.recording.frames > 3)
    click_key(deployable, Qt.Key.Key_F)
    wait_until(lambda: page.flow.phase is Phase.JUDGING)
    wait_until(lambda: deployable.services.library.library.episodes.get(newest(deployable).id).frames > 3)
    chosen = newest(deployable)
    wait_until(lambda: [each.id for each in page.session.chosen] == [chosen.id])
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert deployable.window.current_page == "episodes"
    episodes = deployable.window.pages["episodes"]
    assert isinstance(episodes, EpisodesPage)
    wait_until(lambda: episodes.player.shown_id == chosen.id)
    wait_until(lambda: episodes.player._review is not None, LOADING_S)
    view = episodes.player.view("right", Kind.COLOUR)
    wait_until(lambda: view._seen is not None)
    assert view._seen.p_W is not None and view._seen.p_W.shape == (1, 3) and 0.2 < view._seen.p_W[0, 0] < 1.0
    deployable.window.show_page("deploy")
    starts: list[SceneReset] = []
    station.sceneReset.connect(starts.append)
    QTest.keyClick(page, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert deployable.window.current_page == "teleoperate"
    wait_until(lambda: starts == [SceneReset(chosen.trial, "test")])
    station.sceneReset.disconnect(starts.append)


def test_without_room_on_the_disk_no_attempt_begins(
    deployable: Application, page: DeployPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Episodes, "bytes_per_second", lambda *_: 1e15)
    before = newest(deployable).id
    click_key(deployable, Qt.Key.Key_Return)
    wait_until(lambda: any("could not start" in words for words in deployable.window.toasts.texts), LOADING_S)
    wait_until(lambda: page.flow.phase is Phase.IDLE)
    assert newest(deployable).id == before


def test_a_policy_that_is_gone_is_not_offered(deployable: Application, page: DeployPage) -> None:
    folder = deployable.services.library.root / "models" / POLICY
    folder.rename(folder.with_name("away"))
    page.refresh()
    wait_until(lambda: page.flow.choices.policy is None)
    assert page._stack.currentWidget() is page._empty
    folder.with_name("away").rename(folder)
    page.refresh()
    wait_until(lambda: page.flow.choices.policy is not None)
    assert page._stack.currentWidget() is page._body


def test_what_a_station_that_dies_has_recorded_of_an_attempt_is_saved(
    deployable: Application, page: DeployPage
) -> None:
    station = deployable.services.station
    driving(deployable, page)
    assert station._client is not None
    station._client.child.kill()
    wait_until(lambda: page.flow.phase is Phase.IDLE)
    wait_until(lambda: any("saved as a recovered episode" in words for words in deployable.window.toasts.texts))
    assert newest(deployable).outcome is Outcome.ERROR
    station.start()
    wait_until(lambda: station.ready is not None and station.status is not None, LOADING_S)
    driving(deployable, page)


def test_without_a_policy_the_page_leads_to_training(window: Application) -> None:
    window.services.library.start()
    window.window.show_page("deploy")
    page = window.window.pages["deploy"]
    assert isinstance(page, DeployPage)
    wait_until(lambda: page._stack.currentWidget() is page._empty)
    (train,) = [each for each in page._empty.findChildren(QPushButton) if each.text() == "Train a policy"]
    QTest.mouseClick(train, Qt.MouseButton.LeftButton)
    assert window.window.current_page == "train"
