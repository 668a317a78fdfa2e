"""Find, watch, trim, label, trash and undo with keys, on real episodes recorded by the expert."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import close_window, open_window, wait_until
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.application import Application
from app.pages.episodes.page import EpisodesPage
from app.pages.episodes.statistics_panel import tally_words
from app.views.rgbd import Kind
from commands.record import record
from core.library import Library
from core.library.query import EpisodeFilter
from core.library.statistics import Tally


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with three short expert episodes."""
    folder = tmp_path_factory.mktemp("recorded")
    record(task="reach_t", episodes=3, cameras="right,left", rate=10.0, library=folder / "library", quiet=True)
    return folder


@pytest.fixture
def opened(qt: QApplication, recorded: Path) -> Iterator[Application]:
    (recorded / "settings.json").unlink(missing_ok=True)
    application = open_window(qt, recorded)
    application.services.library.start()
    application.window.show_page("episodes")
    page = application.window.pages["episodes"]
    wait_until(lambda: page.model.total == 3 and page.table.selectionModel().hasSelection())
    yield application
    close_window(application)


@pytest.fixture
def page(opened: Application) -> EpisodesPage:
    page = opened.window.pages["episodes"]
    assert isinstance(page, EpisodesPage)
    return page


def library(opened: Application) -> Library:
    assert opened.services.library.library is not None
    return opened.services.library.library


def key(page: EpisodesPage, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(page.table, key, modifiers)


def select_all(page: EpisodesPage) -> None:
    page.table.selectAll()


def loaded_player(page: EpisodesPage) -> None:
    wait_until(lambda: page.player.shown_id == page.model.episode(page.table.currentIndex().row()).id)
    wait_until(lambda: page.player.view("right", Kind.COLOUR).frame is not None)


def test_the_rail_counts_the_episodes(opened: Application, page: EpisodesPage) -> None:
    wait_until(lambda: opened.window.rail._buttons["episodes"]._count == "3")


def test_choosing_an_episode_shows_its_frames_and_plots(page: EpisodesPage) -> None:
    loaded_player(page)
    wait_until(lambda: page.player._ticks is not None and len(page.player._ticks.times_s) > 100)
    first = page.player.shown_id
    key(page, Qt.Key.Key_Down)
    wait_until(lambda: page.player.shown_id not in ("", first))


def test_stepping_moves_by_one_frame_and_playing_reaches_the_end(page: EpisodesPage) -> None:
    loaded_player(page)
    page.player.playback.seek(0.0)
    before = page.player.playback.frame_index
    key(page, Qt.Key.Key_Right)
    key(page, Qt.Key.Key_Right)
    key(page, Qt.Key.Key_Left)
    assert page.player.playback.frame_index == before + 1
    page.player.playback.seek(page.player.playback.end_s - 0.3)
    key(page, Qt.Key.Key_K)
    wait_until(lambda: not page.player.playback.playing)
    assert page.player.playback.time_s == pytest.approx(page.player.playback.end_s)


def test_verdicts_by_key_and_their_undo(opened: Application, page: EpisodesPage) -> None:
    shown = page.model.episode(page.table.currentIndex().row())
    key(page, Qt.Key.Key_F)
    wait_until(lambda: library(opened).episodes.get(shown.id).success is False)
    wait_until(lambda: page.model.episode(page.table.currentIndex().row()).success is False)
    key(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: library(opened).episodes.get(shown.id).success == shown.success)


def test_a_tag_and_a_note_for_several_at_once_are_found_by_words(opened: Application, page: EpisodesPage) -> None:
    select_all(page)
    key(page, Qt.Key.Key_T)
    QTest.keyClicks(QApplication.focusWidget(), "batch one")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    wait_until(lambda: library(opened).episodes.list(EpisodeFilter(tags=("batch one",))).total == 3)
    page.table.setFocus()
    page._choose(1)
    key(page, Qt.Key.Key_N)
    QTest.keyClicks(QApplication.focusWidget(), "nearly missed")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    wait_until(lambda: library(opened).episodes.list(EpisodeFilter(query="nearly")).total == 1)
    key(page, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(QApplication.focusWidget(), "miss")
    wait_until(lambda: page.model.total == 1)
    page.filters.clear()
    wait_until(lambda: page.model.total == 3)


def test_trim_by_keys_never_rewrites_the_file(opened: Application, page: EpisodesPage) -> None:
    loaded_player(page)
    shown = page.model.episode(page.table.currentIndex().row())
    size = Path(shown.path).stat().st_mtime_ns
    page.player.playback.seek(0.5)
    key(page, Qt.Key.Key_I)
    wait_until(lambda: library(opened).episodes.get(shown.id).trim_start_s == pytest.approx(0.5))
    wait_until(lambda: page.player.playback.begin_s == pytest.approx(0.5))
    page.player.playback.seek(1.5)
    key(page, Qt.Key.Key_O)
    wait_until(lambda: library(opened).episodes.get(shown.id).trim_end_s == pytest.approx(1.5))
    key(page, Qt.Key.Key_X)
    wait_until(lambda: library(opened).episodes.get(shown.id).trim_end_s is None)
    assert Path(shown.path).stat().st_mtime_ns == size


def test_trash_restore_and_the_next_episode_stays_chosen(opened: Application, page: EpisodesPage) -> None:
    page._choose(0)
    shown = page.model.episode(0)
    key(page, Qt.Key.Key_Delete)
    wait_until(lambda: page.model.total == 2)
    assert page.table.currentIndex().row() == 0
    opened.services.actions["find.trash"].trigger()
    wait_until(lambda: page.model.total == 1 and page.model.episode(0) is not None)
    wait_until(lambda: page.table.selected_rows() == [0])
    key(page, Qt.Key.Key_R)
    wait_until(lambda: library(opened).episodes.get(shown.id).status == "complete")
    opened.services.actions["find.trash"].trigger()
    wait_until(lambda: page.model.total == 3)


def test_what_an_undo_brings_back_is_looked_at(opened: Application, page: EpisodesPage) -> None:
    page._choose(2)
    wait_until(lambda: page.model.loaded(2) is not None)
    shown = page.model.loaded(2)
    key(page, Qt.Key.Key_Delete)
    wait_until(lambda: page.model.total == 2)
    page._choose(0)
    QTest.keyClick(page.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: page.model.total == 3 and page.table.selected_rows() == [page.model.row_of(shown.id)])


def test_copying_an_identifier(page: EpisodesPage) -> None:
    page._choose(2)
    wait_until(lambda: page.model.loaded(2) is not None)
    key(page, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == page.model.loaded(2).id


def test_statistics_follow_the_filter(opened: Application, page: EpisodesPage) -> None:
    opened.services.actions["find.statistics"].trigger()
    wait_until(lambda: page.statistics._total.text().startswith("3 episodes"))
    page.table.selectionModel().clear()
    page.filters.outcome.setCurrentIndex(3)
    wait_until(lambda: page.statistics._total.text().startswith("0 episodes"))
    assert page._left.currentWidget() is page._no_match


def test_the_success_of_a_group_says_how_many_were_judged() -> None:
    assert tally_words(Tally(episodes=14, minutes=3.0, successes=5)) == "14, 3.0 min, 100 % of 5 labelled"


def test_a_picture_is_asked_for_again_once_the_episode_has_changed(page: EpisodesPage) -> None:
    shown = page.model.episode(page.table.currentIndex().row()).id
    page.thumbnails._keep(shown, QImage())
    assert page.thumbnails.pixmap(shown) is None
    page._services.library.episodesChanged.emit((shown,))
    wait_until(lambda: page.thumbnails.pixmap(shown) is not None)


def test_episodes_are_found_by_who_drove(page: EpisodesPage) -> None:
    driver = page.filters.operator
    driver.setCurrentIndex(driver.findData("demonstrator/policy"))
    wait_until(lambda: page.model.total == 0)
    driver.setCurrentIndex(driver.findData("demonstrator/expert"))
    wait_until(lambda: page.model.total == 3)


def test_sorting_by_a_header(page: EpisodesPage) -> None:
    page.table._header_clicked(2)
    wait_until(lambda: page.model.sorted_by == "duration" and page.model.loaded(0) is not None)
    wait_until(lambda: page.model.loaded(0).duration_s >= page.model.loaded(2).duration_s)


def test_a_damaged_file_is_said_in_the_player(opened: Application, page: EpisodesPage) -> None:
    page._choose(0)
    loaded_player(page)
    other = page.model.episode(1)
    data = bytearray(Path(other.path).read_bytes())
    Path(other.path).write_bytes(data[: len(data) // 2])
    page.table.selectionModel().setCurrentIndex(
        page.model.index(1, 0),
        QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
    )
    wait_until(lambda: "cannot be shown" in page.player._empty._title.text())
    Path(other.path).write_bytes(data)


def test_what_is_chosen_before_the_page_is_shown_can_be_watched(qt: QApplication, recorded: Path) -> None:
    """The list arrives while another page is shown; going there then plays what it has chosen."""
    (recorded / "settings.json").unlink(missing_ok=True)
    application = open_window(qt, recorded)
    application.services.library.start()
    page = application.window.pages["episodes"]
    assert isinstance(page, EpisodesPage)
    wait_until(lambda: page.model.total == 3 and page.table.selectionModel().hasSelection())
    application.window.show_page("episodes")
    loaded_player(page)
    close_window(application)
