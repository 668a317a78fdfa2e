"""Point, gather, save and label through the real window, with a tiny model of random weights and real episodes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from conftest import close_window, correspondence_window, described, open_window, wait_until
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from app.application import Application
from app.pages.correspondence.page import CorrespondencePage
from app.pages.correspondence.training import TrainingState
from app.pages.correspondence.view import PanelView
from commands.record import record
from core.clock import monotonic_ns
from robot.station_messages import Ready
from tests.robot.correspondence.small import add_model

MODELS = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with two short episodes and two models that know nothing."""
    made = tmp_path_factory.mktemp("correspondence")
    record(task="reach_t", episodes=2, cameras="right,left", rate=5.0, library=made / "library", quiet=True)
    for seed in range(MODELS):
        add_model(made / "library", f"model {seed}", seed)
    return made


@pytest.fixture(scope="module")
def opened(qt: object, folder: Path) -> Iterator[Application]:
    yield from correspondence_window(qt, folder)


@pytest.fixture
def page(opened: Application) -> Iterator[CorrespondencePage]:
    page = opened.window.pages["correspondence"]
    assert isinstance(page, CorrespondencePage)
    wait_until(lambda: described(page))
    yield page
    page.stage.freeze(False)
    page.gathering.clear()


def at(view: PanelView, u: float, v: float) -> QPoint:
    return view.position_of(u, v).toPoint()


def hover(page: CorrespondencePage, u: float, v: float) -> None:
    QTest.mouseMove(page.stage.source, at(page.stage.source, u, v))
    wait_until(lambda: page.stage.pointer is not None and np.abs(page.stage.pointer - [u, v]).max() < 3.0)
    page.stage.probe()


def mark(view: PanelView, shape: str) -> tuple[float, float] | None:
    return next(((each.u, each.v) for each in view.marks if each.shape == shape), None)


def test_the_first_scene_compares_the_other_camera_and_the_other_episode(page: CorrespondencePage) -> None:
    source, target = page.scenes.panels[:2]
    assert (source.episode, source.frame) == (target.episode, target.frame) and source.role != target.role
    assert page.scenes.targets == 4
    assert len({shown.episode for shown in page.scenes.panels}) == 2


def test_hovering_paints_heatmaps_and_moves_the_reticles(page: CorrespondencePage) -> None:
    hover(page, 200, 300)
    first = [mark(view, "match") for view in page.stage.targets]
    pictures = [view.image.copy() for view in page.stage.targets]
    assert all(first) and all("distance" in view.numbers or "d " in view.numbers for view in page.stage.targets)
    hover(page, 420, 120)
    assert [mark(view, "match") for view in page.stage.targets] != first
    assert all(view.image != before for view, before in zip(page.stage.targets, pictures, strict=True))
    u, v = mark(page.stage.source, "source") or (0.0, 0.0)
    assert abs(u - 420) < 3 and abs(v - 120) < 3


def test_the_same_image_as_target_is_matched_at_the_same_pixel(page: CorrespondencePage) -> None:
    before = page.scenes.panels
    page.scenes.choose(1)
    page.scenes.put(before[0])
    wait_until(lambda: described(page))
    page.stage.point_at(320.0, 240.0)
    page.stage.probe()
    match, truth = mark(page.stage.targets[0], "match"), mark(page.stage.targets[0], "place")
    assert match is not None and truth is not None and page.stage.pointer is not None
    assert np.abs(page.stage.pointer - match).max() <= 3.0
    assert np.allclose(truth, page.stage.pointer)
    assert " off" in page.stage.targets[0].numbers
    page.scenes.put(before[1])


def test_a_click_keeps_the_point_and_f_lets_it_go(opened: Application, page: CorrespondencePage) -> None:
    hover(page, 100, 100)
    QTest.mouseClick(page.stage.source, Qt.MouseButton.LeftButton, pos=at(page.stage.source, 150, 200))
    assert page.stage.frozen and opened.services.actions["scene.freeze"].isChecked()
    kept = page.stage.pointer
    QTest.mouseMove(page.stage.source, at(page.stage.source, 300, 300))
    assert page.stage.pointer is kept
    QTest.keyClick(page, Qt.Key.Key_F)
    assert not page.stage.frozen


def test_points_are_added_renamed_deleted_saved_and_opened(opened: Application, page: CorrespondencePage) -> None:
    for u, v in ((200, 200), (300, 250), (400, 300)):
        position = at(page.stage.source, u, v)
        QTest.mouseClick(page.stage.source, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, position)
    assert [point.name for point in page.gathering.points] == ["point 1", "point 2", "point 3"]
    page.stage.probe()
    assert sum(each.shape == "point" for each in page.stage.targets[0].marks) == 3
    page.points.list.item(1).setText("corner")
    page.points.list.item(2).setSelected(True)
    QTest.keyClick(page, Qt.Key.Key_Delete)
    assert [point.name for point in page.gathering.points] == ["point 1", "corner"]
    page.points.name.setText("box")
    QTest.keyClick(page, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: page.points.sets.count() == 1)
    saved = page.gathering.points
    page.gathering.clear()
    assert page.gathering.points == ()
    page.points.sets.entered.emit(page.points.sets.itemData(0))
    wait_until(lambda: page.gathering.points == saved)
    assert page.points.name.text() == "box"
    QTest.keyClick(page, Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
    assert page.gathering.points == () and page.points.name.text() == ""
    next(each for each in opened.window.findChildren(QPushButton) if each.text() == "Bring points back").click()
    assert page.gathering.points == saved and page.points.name.text() == "box"
    model = page.desk.chosen
    assert model is not None
    page.gathering.use_model(msgspec.structs.replace(model, name="another name"))
    assert page.gathering.points == saved


def test_proposed_points_lie_apart_even_where_objects_are_not_known(
    opened: Application, page: CorrespondencePage
) -> None:
    QTest.keyClick(page, Qt.Key.Key_G)
    wait_until(lambda: page.gathering.points)
    assert any("the whole image is searched" in words for words in opened.window.toasts.texts)
    opened.services.actions["look.masked"].setChecked(False)
    points = np.array([(point.u, point.v) for point in page.gathering.points])
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1) + 1e9 * np.eye(len(points))
    assert len(points) > 4 and apart.min() > 40


def test_keys_swap_step_browse_and_change_the_look(page: CorrespondencePage) -> None:
    before = page.scenes.panels
    page.scenes.choose(0)
    QTest.keyClick(page, Qt.Key.Key_S)
    assert page.scenes.panels[:2] == (before[1], before[0])
    QTest.keyClick(page, Qt.Key.Key_S)
    QTest.keyClick(page, Qt.Key.Key_Period)
    assert page.scenes.panels[0].frame == before[0].frame + 1
    stepped = page.scenes.panels
    QTest.keyClick(page, Qt.Key.Key_N)
    wait_until(lambda: page.scenes.panels not in (before, stepped) and described(page))
    QTest.keyClick(page, Qt.Key.Key_Left)
    assert page.scenes.panels[1:] == before[1:]
    look = page.stage.look
    QTest.keyClick(page, Qt.Key.Key_BracketRight)
    QTest.keyClick(page, Qt.Key.Key_M)
    assert page.stage.look.kernel > look.kernel and page.stage.look.colours != look.colours


def test_targets_are_added_and_removed(page: CorrespondencePage) -> None:
    QTest.keyClick(page, Qt.Key.Key_Plus)
    assert page.scenes.targets == 5 and page.scenes.chosen == 5
    wait_until(lambda: described(page))
    page.scenes.show(page.scenes.panels[:3])
    page.scenes.go(-1)
    page.scenes.choose(5)
    page.scenes.go(1)
    assert page.scenes.targets == 2 and page.scenes.chosen == 2
    page.scenes.go(-1)
    page.scenes.choose(5)
    QTest.keyClick(page, Qt.Key.Key_Minus)
    assert page.scenes.targets == 4


def test_descriptors_are_shown_as_colours(opened: Application, page: CorrespondencePage) -> None:
    hover(page, 200, 200)
    before = page.stage.source.image.copy()
    QTest.keyClick(page, Qt.Key.Key_D)
    page.stage.probe()
    assert page.stage.source.image != before
    QTest.keyClick(page, Qt.Key.Key_D)


def test_two_models_answer_side_by_side_and_are_named_once(page: CorrespondencePage) -> None:
    assert page.toolbar.beside.findData(page.desk.path) < 0
    page.desk.use_beside(page.toolbar.beside.itemData(1))
    wait_until(lambda: all(page.stage.content(panel, 1) for panel in range(5)), 60.0)
    assert len(page.stage.targets) == 8
    titled = [view.top_left.words for view in page.stage.targets]
    assert all(bool(words) == (view.model == 0) for words, view in zip(titled, page.stage.targets, strict=True))
    assert {name for _, name in page.grid._headings} == {"model 0", "model 1"}
    hover(page, 250, 250)
    assert all(mark(view, "match") for view in page.stage.targets)
    page.desk.use_beside("-")
    assert len(page.stage.targets) == 4 and not page.grid._headings


def test_the_point_and_its_match_are_shown_in_space(opened: Application, page: CorrespondencePage) -> None:
    low, high = (0.25, -0.55, -0.015), (0.9, 0.55, 0.85)
    opened.services.view3d.open(Ready("rig", True, "arm", (), None, (), low, high, 0))
    frames, source = page.scenes.frames(0), page.scenes.panels[0]
    assert frames is not None
    other = next(role for role in frames.roles if role != source.role)
    away = next(shown for shown in page.scenes.panels if shown.episode != source.episode)
    page.scenes.show((source, frames.at(other, frames.time_s(source)), away))
    page.scenes.choose(1)
    wait_until(lambda: described(page))
    hover(page, 320, 300)
    QTest.keyClick(page, Qt.Key.Key_C)
    scene = page.space.scene
    wait_until(lambda: scene.isVisible() and colours(scene._image) >= {"green", "red"}, 60.0)
    assert scene.note.endswith(" mm apart"), "both cameras at one moment"
    first = scene._image.copy()
    hover(page, 360, 280)
    wait_until(lambda: scene._image != first)
    QTest.keyClick(page, Qt.Key.Key_C)
    QTest.keyClick(page, Qt.Key.Key_C)
    wait_until(lambda: scene.message == "")
    first, second = page.stage.content(0), page.stage.content(1)
    bare = dataclasses.replace(first, frame=dataclasses.replace(first.frame, depth=None))
    page.space.show(bare, second, None, None)
    page.space.tick()
    assert scene.message.startswith("Without depth") and scene.note == ""
    page.space.show(first, second, None, None)
    wait_until(lambda: scene.message == "")
    page.scenes.choose(2)
    wait_until(lambda: scene.note.startswith("moved "))
    QTest.keyClick(page, Qt.Key.Key_C)
    assert not scene.isVisible()
    page.scenes.go(-1)


def colours(image: QImage | None) -> set[str]:
    """Of the marks of point and match, when they are in the picture."""
    if image is None:
        return set()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[..., 2::-1].astype(int)
    wanted = {"green": (54, 224, 122), "red": (255, 74, 61)}
    return {name for name, rgb in wanted.items() if (np.abs(pixels - rgb).max(axis=-1) < 6).sum() > 20}


def test_linked_views_zoom_together(opened: Application, page: CorrespondencePage) -> None:
    opened.services.actions["look.linked"].trigger()
    view = page.stage.targets[0]
    view._zoom = 3.0
    view.viewMoved.emit()
    assert all(each.zoom == 3.0 for each in page.stage.views())
    opened.services.actions["look.reset"].trigger()
    assert all(each.zoom == 1.0 for each in page.stage.views())


def test_matching_points_are_labelled_corrected_stored_taken_back_and_exported(
    opened: Application, page: CorrespondencePage
) -> None:
    library = opened.services.library.library
    assert library is not None
    QTest.keyClick(page, Qt.Key.Key_T)
    source, target = page.stage.source, page.stage.targets[1]
    QTest.mouseClick(source, Qt.MouseButton.LeftButton, pos=at(source, 300, 200))
    QTest.keyClick(page, Qt.Key.Key_Return)
    wait_until(lambda: any("two images at least" in words for words in opened.window.toasts.texts))
    QTest.mousePress(target, Qt.MouseButton.LeftButton, pos=at(target, 310, 210))
    QTest.mouseMove(target, at(target, 350, 240))
    QTest.mouseRelease(target, Qt.MouseButton.LeftButton, pos=at(target, 350, 240))
    moved = page.labelling.marks[2]
    QTest.keyClick(page, Qt.Key.Key_Return)
    wait_until(lambda: len(page.labelling.labels) == 1)
    (label,) = library.annotations.labels()
    assert [mark.episode for mark in label.marks] == [page.scenes.panels[k].episode for k in (0, 2)]
    assert (label.marks[1].u, label.marks[1].v) == pytest.approx(moved, abs=0.01)
    (pair,) = library.annotations.pairs()
    assert pair.origin == "labels" and pair.uv_target.shape == (1, 1, 2) and Path(pair.target.path).exists()
    QTest.keyClick(page, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: list((library.root / "annotations").glob("*.json")))
    QTest.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: page.labelling.labels == ())
    QTest.keyClick(page, Qt.Key.Key_T)
    assert not page.stage.labelling


def test_a_queue_proposes_the_least_sure_pairs_and_never_labelled_ones(
    opened: Application, page: CorrespondencePage
) -> None:
    before = page.scenes.panels
    QTest.keyClick(page, Qt.Key.Key_T)
    wait_until(lambda: "pairs wait" in page.labels.queue.text(), 60.0)
    waiting, known = page.queue.waiting, page.queue._known
    assert [known[pair] for pair in waiting] == sorted(known.values())
    QTest.keyClick(page, Qt.Key.Key_X)
    assert page.scenes.panels == waiting[0] and "1 of " in page.labels.queue.text()
    assert f"confidence {100 * known[waiting[0]]:.0f} %" in page.labels.queue.text()
    wait_until(lambda: described(page))
    for panel, view in enumerate((page.stage.source, page.stage.targets[0])):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at(view, 300 + panel, 200))
    QTest.keyClick(page, Qt.Key.Key_Return)
    wait_until(lambda: len(page.labelling.labels) == 1)
    page.queue._past.clear()  # as after the window was closed
    assert waiting[0] not in page.queue.waiting and len(page.queue.waiting) == len(waiting) - 1
    QTest.keyClick(page, Qt.Key.Key_X)
    assert page.scenes.panels == waiting[1]
    QTest.keyClick(page, Qt.Key.Key_Backspace)
    wait_until(lambda: page.labelling.labels == ())
    QTest.keyClick(page, Qt.Key.Key_T)
    page.scenes.show(before)


def test_a_model_is_trained_paused_resumed_ended_renamed_trashed_and_brought_back(
    opened: Application, page: CorrespondencePage
) -> None:
    actions, training = opened.services.actions, page.desk.training
    page.desk.panel.new_name.setText("mine")
    page.desk.panel.minutes.setValue(60.0)
    field = page.desk.panel.minutes.lineEdit()
    assert field.width() > field.fontMetrics().horizontalAdvance("60.0 min")
    actions["training.start"].trigger()
    assert page._side.currentWidget() is page.desk.panel and not actions["training.start"].isEnabled()
    wait_until(lambda: training.state is not None and training.state.remaining_s is not None, 120.0)
    actions["training.pause"].trigger()
    wait_until(lambda: page.desk.paused and training.state is None, 60.0)
    assert actions["training.resume"].isEnabled() and page.desk.panel._resume.isVisible()
    actions["training.resume"].trigger()
    wait_until(lambda: training.state is not None and training.state.remaining_s is not None, 120.0)
    actions["training.cancel"].trigger()
    wait_until(lambda: any(model.name == "mine" for model in page.desk.models), 60.0)
    page.desk.use(next(model.path for model in page.desk.models if model.name == "mine"))
    wait_until(lambda: described(page), 60.0)
    page.desk.panel.name.setText("yours")
    page.desk.panel.name.editingFinished.emit()
    wait_until(lambda: page.toolbar.model.currentText() == "yours")
    actions["model.trash"].trigger()
    wait_until(lambda: len(page.desk.models) == MODELS)
    wait_until(lambda: any("'yours' is in the trash" in words for words in opened.window.toasts.texts))
    next(each for each in opened.window.findChildren(QPushButton) if each.text() == "Bring back").click()
    wait_until(lambda: any(model.name == "yours" for model in page.desk.models))
    page.desk.keeping.trash(next(model for model in page.desk.models if model.name == "yours"))
    wait_until(lambda: len(page.desk.models) == MODELS)


def test_a_training_shows_its_curve_and_newest_match(
    opened: Application, page: CorrespondencePage, tmp_path: Path
) -> None:
    picture = tmp_path / "match.png"
    page.stage.source.image.save(str(picture))
    page._side.setCurrentWidget(page.desk.panel)
    curve = ((0.5, 0.2), (1.0, 0.6))
    page.desk.panel.show_state(TrainingState("40 %", 0.4, 60.0, curve=curve, snapshot=str(picture)))
    minutes, shares = page.desk.panel.view.plot.curves[0].getData()
    assert list(minutes) == [0.5, 1.0] and np.allclose(shares, [20.0, 60.0])
    assert page.desk.panel.view.snapshot.isVisible() and not page.desk.panel._form.isVisible()
    page.desk.panel.show_state(None)
    assert page.desk.panel._form.isVisible() and not page.desk.panel.view.isVisible()


def test_a_killed_inspector_is_told_and_started_again(opened: Application, page: CorrespondencePage) -> None:
    worker = opened.services.inspector
    assert worker._child is not None
    first = worker._child
    worker._started_ns = monotonic_ns()  # it has just begun, so it is not started again by itself
    first.kill()
    wait_until(lambda: any("ended by itself" in words for words in opened.window.toasts.texts))
    hover(page, 240, 240)
    assert mark(page.stage.targets[0], "match") is not None, "pointing goes on"
    QTest.keyClick(page, Qt.Key.Key_N)
    wait_until(lambda: worker.running and worker._child is not first)
    wait_until(lambda: described(page), 60.0)


def test_an_empty_library_says_so_and_leads_to_recording(qt: object, tmp_path: Path) -> None:
    application = open_window(qt, tmp_path)
    application.services.library.start()
    application.window.show_page("correspondence")
    page = application.window.pages["correspondence"]
    wait_until(lambda: page._stack.currentWidget() is page._no_episodes)
    close_window(application)
