"""Masks corrected in the real window: painted, erased, taken back, kept, found again, and used."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from conftest import correspondence_window, wait_until
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.pages.correspondence.mask_view import SIZES_PX
from app.pages.correspondence.page import CorrespondencePage
from commands.record import record
from core.correspondence.empty_workspace import CaptureInfo, EmptyWorkspace
from core.correspondence.mask_correction import ADDED, REMOVED, correction
from core.episodes.reader import EpisodeReader
from core.library import Library
from core.library.mask_corrections import CorrectedFrame
from tests.robot.correspondence.small import add_model

KEPT = 1
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with one short episode, one corrected mask and a model that knows nothing; no capture yet."""
    made = tmp_path_factory.mktemp("masks")
    record(task="reach_t", episodes=1, cameras="right,left", rate=2.0, library=made / "library", quiet=True)
    add_model(made / "library")
    with Library.open(made / "library") as library:
        kept = correction("left", KEPT, kept_layers())
        assert kept is not None
        library.masks.store(library.episodes.ids()[0], kept)
    return made


def kept_layers() -> np.ndarray:
    layers = np.zeros((480, 640), np.uint8)
    layers[400:440, 100:200], layers[200:280, 300:420] = ADDED, REMOVED
    return layers


@pytest.fixture(scope="module")
def opened(qt: QApplication, folder: Path) -> Iterator[Application]:
    yield from correspondence_window(qt, folder)


@pytest.fixture
def page(opened: Application) -> Iterator[CorrespondencePage]:
    page = opened.window.pages["correspondence"]
    assert isinstance(page, CorrespondencePage)
    QTest.keyClick(page, Qt.Key.Key_R)
    wait_until(lambda: page.masking.sheet.picture is not None)
    yield page
    QTest.keyClick(page, Qt.Key.Key_B)
    QTest.keyClick(page, Qt.Key.Key_A)
    QTest.keyClick(page, Qt.Key.Key_R)
    assert not page.masking.on and page.stage.source.parentWidget() is page._down


def at(page: CorrespondencePage, u: float, v: float) -> QPoint:
    return page.stage.source.position_of(u, v).toPoint()


def drag(page: CorrespondencePage, *way: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
    sheet = page.masking.sheet
    QTest.mousePress(sheet, button, pos=at(page, *way[0]))
    for u, v in way[1:]:
        QTest.mouseMove(sheet, at(page, u, v))
    QTest.mouseRelease(sheet, button, pos=at(page, *way[-1]))


def layers(page: CorrespondencePage) -> np.ndarray:
    picture = page.masking.sheet.picture
    assert picture is not None
    return picture.layers


def image(page: CorrespondencePage) -> CorrectedFrame:
    source = page.scenes.panels[0]
    return CorrectedFrame(source.episode, source.role, source.frame)


def stored(page: CorrespondencePage) -> np.ndarray | None:
    """What the library holds once it has written."""
    library = page._services.library
    written: list[bool] = []
    library.write(lambda _: True, written.append)
    wait_until(lambda: written)
    found = library.library.masks.get(image(page))
    return None if found is None else found.decoded()


def test_without_a_capture_the_page_says_so_and_painting_begins_from_nothing(page: CorrespondencePage) -> None:
    assert "no capture of the empty workspace fits the" in page.masks._words.text()
    assert page.masking.sheet.width() > page._side.width(), "the source has the room of the targets"
    drag(page, (200, 200), (300, 210), (300, 300))
    painted = layers(page)
    assert (painted[200, 200], painted[205, 250], painted[250, 300]) == (ADDED, ADDED, ADDED)
    assert painted[250, 200] == 0 and 0.5 * 200 * 20 < (painted == ADDED).sum() < 1.5 * 200 * 20
    np.testing.assert_array_equal(stored(page), painted)
    source = page.stage.content(0)
    assert source is not None
    np.testing.assert_array_equal(source.mask, painted == ADDED)


def test_right_shift_and_the_eraser_take_away(page: CorrespondencePage) -> None:
    drag(page, (200, 200), (400, 200))
    drag(page, (250, 200), (260, 200), button=RIGHT)
    QTest.mouseClick(page.masking.sheet, LEFT, Qt.KeyboardModifier.ShiftModifier, at(page, 300, 200))
    QTest.keyClick(page, Qt.Key.Key_E)
    drag(page, (350, 200), (355, 200))
    QTest.keyClick(page, Qt.Key.Key_E)
    assert layers(page)[200, [220, 255, 300, 352, 380]].tolist() == [ADDED, REMOVED, REMOVED, REMOVED, ADDED]


def test_strokes_are_taken_back_painted_again_and_dropped(opened: Application, page: CorrespondencePage) -> None:
    undo, redo = (
        lambda: QTest.keyClick(opened.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier),
        lambda: opened.services.actions["masks.redo"].trigger(),
    )
    drag(page, (200, 200), (250, 200))
    first = layers(page).copy()
    drag(page, (200, 300), (250, 300))
    second = layers(page).copy()
    drag(page, (200, 300), (250, 300))  # over what is painted already: nothing to take back
    undo()
    np.testing.assert_array_equal(stored(page), first)
    redo()
    np.testing.assert_array_equal(stored(page), second)
    page.masking.redo()
    assert any("could be painted again" in words for words in opened.window.toasts.texts)
    QTest.keyClick(page, Qt.Key.Key_A)
    assert stored(page) is None and not layers(page).any() and page.masks.list.count() == 1
    undo()
    np.testing.assert_array_equal(stored(page), second)


def test_polygons_are_closed_left_and_erased(page: CorrespondencePage) -> None:
    sheet = page.masking.sheet
    QTest.keyClick(page, Qt.Key.Key_O)

    def click(*corners: tuple[float, float], button: Qt.MouseButton = LEFT) -> None:
        for corner in corners:
            QTest.mouseClick(sheet, button, pos=at(page, *corner))

    click((100, 100), (300, 100), (300, 300))
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert sheet.corners == () and not layers(page).any()
    click((100, 100), (300, 100), (400, 400), (300, 300))
    QTest.keyClick(sheet, Qt.Key.Key_Backspace)
    QTest.keyClick(page.window(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    click((300, 300), (100, 300))
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert layers(page)[200, [90, 110, 290, 310]].tolist() == [0, ADDED, ADDED, 0]
    click((150, 150), (250, 150), button=RIGHT)
    click((250, 250))
    QTest.mouseDClick(sheet, LEFT, pos=at(page, 250, 250))
    assert layers(page)[200, [110, 240, 290]].tolist() == [ADDED, REMOVED, ADDED]
    click((500, 300), (560, 300), (560, 360), (500, 300))
    np.testing.assert_array_equal(stored(page), layers(page))
    assert layers(page)[310, 550] == ADDED and sheet.corners == ()


def test_the_wheel_and_keys_size_the_brush_at_any_zoom(page: CorrespondencePage) -> None:
    sheet, view = page.masking.sheet, page.stage.source
    before = sheet.size

    def wheel(modifier: Qt.KeyboardModifier) -> None:
        window = page.window()
        where = QPointF(sheet.mapTo(window, at(page, 320, 240)))
        QTest.wheelEvent(window.windowHandle(), where, QPoint(0, 120), QPoint(), modifier)

    wheel(Qt.KeyboardModifier.NoModifier)
    QTest.keyClick(page, Qt.Key.Key_W)
    assert sheet.size == before + 2 and page.masks._size_value.text() == f"{SIZES_PX[before + 2]} px"
    QTest.keyClick(page, Qt.Key.Key_Q)
    QTest.keyClick(page, Qt.Key.Key_Q)
    for _ in range(8):
        wheel(Qt.KeyboardModifier.ControlModifier)
    assert view.zoom > 4 and sheet.size == before
    drag(page, (320, 240), (340, 240))
    rows, columns = np.nonzero(layers(page))
    assert abs(np.ptp(columns) - 20 - SIZES_PX[before]) <= 2 and abs(np.ptp(rows) - SIZES_PX[before]) <= 2
    page.stage.reset_views()


def test_a_stroke_belongs_to_the_image_on_which_it_began(page: CorrespondencePage) -> None:
    first, sheet = image(page), page.masking.sheet
    QTest.mousePress(sheet, LEFT, pos=at(page, 200, 200))
    QTest.mouseMove(sheet, at(page, 240, 200))
    QTest.keyClick(page, Qt.Key.Key_Period)
    QTest.mouseRelease(sheet, LEFT, pos=at(page, 300, 200))
    wait_until(lambda: image(page) != first and sheet.picture is not None)
    assert not layers(page).any() and stored(page) is None
    wait_until(lambda: page.masks.list.count() == 2)
    item = page.masks.list.item(0)
    assert f"{first.role}, frame {first.frame}" in item.text()
    page.masks.list.itemClicked.emit(item)
    wait_until(lambda: image(page) == first and sheet.picture is not None)
    assert layers(page)[200, [220, 290]].tolist() == [ADDED, 0]


def test_dropping_the_correction_ends_the_stroke_that_is_painted(page: CorrespondencePage) -> None:
    sheet = page.masking.sheet
    drag(page, (200, 200), (250, 200))
    QTest.mousePress(sheet, LEFT, pos=at(page, 300, 300))
    QTest.keyClick(page, Qt.Key.Key_A)
    QTest.mouseMove(sheet, at(page, 340, 300))
    QTest.mouseRelease(sheet, LEFT, pos=at(page, 340, 300))
    assert not layers(page).any() and stored(page) is None
    page.masking.undo()
    assert layers(page)[300, 300] == ADDED and layers(page)[200, 220] == ADDED


def test_modes_exclude_one_another(opened: Application, page: CorrespondencePage) -> None:
    actions = opened.services.actions
    QTest.keyClick(page, Qt.Key.Key_T)
    assert page.stage.labelling and not page.masking.on and not actions["masks.mode"].isChecked()
    QTest.keyClick(page, Qt.Key.Key_R)
    assert page.masking.on and not page.stage.labelling and page.stage.pointer is None


def test_what_was_kept_is_shown_over_what_is_found_and_used(
    opened: Application, page: CorrespondencePage, folder: Path
) -> None:
    """The library was closed since this correction was kept; the capture is made while the page looks elsewhere."""
    shown = page.scenes.panels[0]
    with EpisodeReader(Path(shown.path)) as reader:
        cameras = tuple(reader.cameras.values())
    empty = {each.role: np.full((each.height, each.width), 3000, np.uint16) for each in cameras}
    EmptyWorkspace(CaptureInfo("far", 0, "simulated", cameras), empty).save(folder / "library" / "captures" / "far")
    page.scenes.choose_image(CorrectedFrame(shown.episode, "left", KEPT))
    wait_until(lambda: image(page).frame == KEPT and page.masking.sheet.picture is not None)
    wait_until(lambda: layers(page).any())
    painted, source = layers(page).copy(), page.stage.content(0)
    assert source is not None and source.found is not None and source.mask is not None
    assert source.found.any() and page.masks._words.text() == "Corrected by hand"
    np.testing.assert_array_equal(painted, kept_layers())
    np.testing.assert_array_equal(source.mask, (source.found | (painted == ADDED)) & (painted != REMOVED))
    QTest.keyClick(page, Qt.Key.Key_H)
    wait_until(lambda: page.gathering.points)
    assert all(source.mask[round(point.v), round(point.u)] for point in page.gathering.points)


def test_a_damaged_correction_is_one_sentence_and_can_be_dropped(
    opened: Application, page: CorrespondencePage, folder: Path
) -> None:
    shown = page.scenes.panels[0]
    images = (CorrectedFrame(shown.episode, "right", frame) for frame in count())
    damaged = next(image for image in images if image not in page.masking._histories)
    with sqlite3.connect(folder / "library" / "catalog.sqlite") as connection:
        connection.execute(
            "INSERT INTO annotations SELECT 'damaged', number, 'right', ?, 'mask', '{}', 0 FROM episodes",
            (damaged.frame,),
        )
    connection.close()
    page.masking.refresh()
    page.scenes.choose_image(damaged)
    wait_until(lambda: any("is damaged; take it back" in words for words in opened.window.toasts.texts))
    wait_until(lambda: image(page) == damaged and page.masking.sheet.picture is not None)
    assert "is damaged; take it back" in page.masks._words.text() and not layers(page).any()
    QTest.keyClick(page, Qt.Key.Key_A)
    assert stored(page) is None and page.masks._words.text() == "As found"
