"""The Episodes page: filter bar, table, player and details; joined here, decided elsewhere."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.input import wants_keys
from app.page import Page
from app.pages.episodes.details import Details
from app.pages.episodes.editing import EpisodeEditing
from app.pages.episodes.filter_bar import FilterBar
from app.pages.episodes.model import EpisodeModel, when_words
from app.pages.episodes.player import Player
from app.pages.episodes.policy_points import PolicyPoints
from app.pages.episodes.statistics_panel import StatisticsPanel
from app.pages.episodes.table import EpisodeDelegate, EpisodeTable
from app.pages.episodes.thumbnails import ThumbnailStore
from app.services import Services
from app.settings import Setting
from app.theme import unit
from app.widgets.basics import EmptyState, laid_out, record_first
from core.library.query import EpisodeFilter
from core.library.rows import EpisodeRow
from core.messages import Source
from robot.station_messages import Ready, Replay, StationStatus, StopReplay

_SPLITS: Setting[dict[str, list[int]]] = Setting("episodes.splits", dict[str, list[int]], {})
_COLUMNS: Setting[list[int]] = Setting("episodes.columns", list[int], [])
_STATISTICS = Setting("episodes.statistics", bool, False)
_TITLES: Setting[dict[str, str]] = Setting("episodes.task_titles", dict[str, str], {})
_SORT: Setting[tuple[str, bool]] = Setting("episodes.sort", tuple[str, bool], ("created", True))


class EpisodesPage(Page):
    """Cull by keyboard: arrows choose, letters label, nothing asks first, everything can be undone."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._titles: dict[str, str] = {}
        self._titles.update(services.settings.get(_TITLES))
        self._shown = False
        self._stale = True
        self._wanted_id, self._wanted_once = "", False
        self._shown_selection: tuple[tuple[EpisodeRow, ...], int] = ((), 0)
        self.model = EpisodeModel(services.library, self)
        self.thumbnails = ThumbnailStore(services.library, self)
        self.filters = FilterBar(services.actions)
        self.table = EpisodeTable(
            self.model, EpisodeDelegate(self.thumbnails, lambda name: self._titles.get(name, name))
        )
        self.player = Player(services)
        self.points = PolicyPoints(services, self.player.show_review, self)
        self.details = Details(services.actions)
        self.statistics = StatisticsPanel(self._titles)
        self.editing = EpisodeEditing(services.library, services.messenger)
        self._compose()
        self._connect()
        self._connect_actions()

    def _compose(self) -> None:
        to_teleoperate = record_first(lambda: self._services.show_first_page())
        clear = QPushButton("Clear filters")
        clear.clicked.connect(self._services.actions["find.clear"].trigger)
        words = "Every recorded demonstration is listed here, with its pictures, plots and labels."
        self._none = EmptyState("episodes", "No episodes yet", words, to_teleoperate)
        self._no_match = EmptyState("filter", "Nothing matches", "No episode fits what the filter bar asks for.", clear)
        self._no_trash = EmptyState(
            "trash", "The trash is empty", "Episodes you discard wait here until you restore them."
        )
        self._waiting = QWidget()
        self._left = QStackedWidget()
        for widget in (self._waiting, self.table, self._none, self._no_match, self._no_trash):
            self._left.addWidget(widget)
        right = QWidget()
        inside = QVBoxLayout(right)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.player, 1)
        inside.addWidget(self.details)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self._left, right, self.statistics):
            self._across.addWidget(widget)
        self._across.setChildrenCollapsible(False)
        self._across.setHandleWidth(max(2, unit() // 2))
        self._across.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.filters)
        layout.addWidget(self._across, 1)
        self._restore()

    def _restore(self) -> None:
        settings = self._services.settings
        sizes = settings.get(_SPLITS).get("across", [])
        self._across.setSizes(sizes if len(sizes) == 3 else [unit() * 150, unit() * 170, unit() * 70])
        for column, width in enumerate(settings.get(_COLUMNS)[: self.model.columnCount()]):
            self.table.setColumnWidth(column, width)
        self.statistics.setVisible(settings.get(_STATISTICS))
        self._services.actions["find.statistics"].setChecked(settings.get(_STATISTICS))
        self.model.sorted_by, self.model.descending = settings.get(_SORT)

    def _connect(self) -> None:
        library, model, table, details = self._services.library, self.model, self.table, self.details
        library.opened.connect(lambda _: self._refresh())
        library.undone.connect(self._undone)
        library.episodesChanged.connect(self._episodes_changed)
        model.totalChanged.connect(self._total_changed)
        model.arrived.connect(self._arrived)
        self.thumbnails.arrived.connect(lambda _: table.viewport().update())
        self.filters.filterChanged.connect(self._filter)
        table.sortChosen.connect(self._sort)
        table.currentRowChanged.connect(lambda _: self._show_current())
        table.selectionModel().selectionChanged.connect(lambda *_: self._show_selection())
        table.contextWanted.connect(self._show_menu)
        details.noteWritten.connect(lambda words: self._edit("note", notes=words))
        details.tagAdded.connect(lambda tag: self._edit("tag", add_tags=[tag]))
        details.tagRemoved.connect(lambda tag: self._edit("untag", remove_tags=[tag]))
        self.player.trimmed.connect(self._trim)
        self.player.shown.connect(self.points.watch)
        self._services.station.readied.connect(self._station_ready)
        self._services.station.statusChanged.connect(self._station_status)
        self._services.station.exited.connect(lambda _: self._services.actions["play.robot"].setEnabled(False))
        self._services.station.replayStarted.connect(lambda _: self._replay_started())
        self._services.station.replayFinished.connect(
            lambda event: self._services.messenger.say(event.message, key="replay")
        )
        self._services.reveal_episode = self.reveal

    def _connect_actions(self) -> None:
        actions = self._services.actions
        handlers: dict[str, Any] = {
            "find.words": self._find,
            "find.clear": self.filters.clear,
            "label.success": lambda: self._edit("success", success=True),
            "label.failure": lambda: self._edit("failure", success=False),
            "label.none": lambda: self._edit("no verdict", success=None),
            "label.note": self.details.write_note,
            "label.tag": self.details.write_tag,
            "label.trash": self._trash,
            "label.restore": lambda: self._with_ids(self.editing.restore),
            "label.redo": self.editing.redo,
            "label.copy_id": lambda: self._copy("id"),
            "label.copy_path": lambda: self._copy("path"),
            "play.robot": self._replay,
        }
        actions["play.robot"].setEnabled(False)
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        actions["find.trash"].toggled.connect(self.filters.show_trash)
        actions["find.statistics"].toggled.connect(self._show_statistics)

    # Page -----------------------------------------------------------------------------------------------------------
    def entered(self) -> None:
        self._shown = True
        if self._stale:
            self._refresh()
        self.player.entered()
        self._show_current()
        self.table.setFocus()

    def left(self) -> None:
        self._shown = False
        self.player.left()

    def tick(self) -> None:
        self.player.tick()

    def let_go(self) -> None:
        if self._shown:
            self._stop_replay()

    def setFocus(self, *arguments: Any) -> None:
        """The table is where the keys are wanted."""
        self.table.setFocus(*arguments)

    def remember(self) -> None:
        settings = self._services.settings
        if laid_out(self._across):
            settings.put(_SPLITS, {"across": self._across.sizes()})
        settings.put(_COLUMNS, self.table.wanted_widths)
        settings.put(_STATISTICS, self._services.actions["find.statistics"].isChecked())
        settings.put(_SORT, (self.model.sorted_by, self.model.descending))
        self.player.remember()
        self.points.close()
        self.thumbnails.close()

    def reveal(self, episode_id: str) -> None:
        """Show one episode on this page, wherever it is in the list."""
        self._wanted_id, self._wanted_once = episode_id, False
        self._services.show_page("episodes")
        self.filters.clear()

    # Questions ------------------------------------------------------------------------------------------------------
    def _refresh(self) -> None:
        self._stale = False
        if self._services.library.library is None:
            self._stale = True
            return
        self.model.refresh()
        self._refresh_names()
        self._refresh_statistics()

    def _refresh_names(self) -> None:
        def names(library: Any) -> tuple[list[str], list[str], list[str], int]:
            episodes = library.episodes
            total = episodes.list(EpisodeFilter(), limit=0).total
            return episodes.tasks(), episodes.operators(), episodes.tags(), total

        self._services.library.read(names, self._show_names)

    def _show_names(self, names: tuple[list[str], list[str], list[str], int]) -> None:
        tasks, operators, tags, total = names
        self.filters.offer_names(tasks, operators, tags, self._titles)
        self.details.offer_tags(tags)
        self.countChanged.emit(f"{total:,}")

    def _refresh_statistics(self) -> None:
        if not self.statistics.isVisibleTo(self):
            return
        wanted = self.model.filter
        self._services.library.read(
            lambda library: library.episodes.statistics(wanted), self.statistics.show_statistics
        )

    def _undone(self, words: str, ids: tuple[str, ...]) -> None:
        """What is as it was before is looked at next, if it is in the list."""
        if ids and self._shown:
            self._wanted_id, self._wanted_once = ids[0], True

    def _episodes_changed(self, ids: tuple[str, ...]) -> None:
        self.thumbnails.try_again(ids)
        self._refresh_names()
        if self._shown:
            self.model.refresh()
            self._refresh_statistics()
        else:
            self._stale = True

    def _filter(self, wanted: EpisodeFilter) -> None:
        self.model.show(wanted, self.model.sorted_by, self.model.descending)
        self._refresh_statistics()

    def _sort(self, sort: str, descending: bool) -> None:
        self.model.show(self.model.filter, sort, descending)
        self.table.horizontalHeader().viewport().update()

    # Answers --------------------------------------------------------------------------------------------------------
    def _total_changed(self, total: int) -> None:
        self.filters.show_count(total)
        if total:
            self._left.setCurrentWidget(self.table)
        elif self.filters.narrowed:
            self._left.setCurrentWidget(self._no_match)
        elif self._services.actions["find.trash"].isChecked():
            self._left.setCurrentWidget(self._no_trash)
        else:
            self._left.setCurrentWidget(self._none)
        if not total:
            self.player.show_episode(None)
            self._show_selection()

    def _arrived(self) -> None:
        if self._wanted_id:
            row = self.model.row_of(self._wanted_id)
            if row is not None:
                self._choose(row)
            if row is not None or self._wanted_once:
                self._wanted_id, self._wanted_once = "", False
        elif self.model.total and not self.table.selectionModel().hasSelection():
            self._choose(min(max(0, self.table.currentIndex().row()), self.model.total - 1))
        self._show_current()
        self._show_selection()

    def _choose(self, row: int) -> None:
        index = self.model.index(row, 0)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(index, flags)
        self.table.scrollTo(index)

    def _current(self) -> EpisodeRow | None:
        index = self.table.currentIndex()
        return self.model.episode(index.row()) if index.isValid() else None

    def _show_current(self) -> None:
        episode = self._current()
        if episode is not None and self._shown:
            self.player.show_episode(episode)

    def _show_selection(self) -> None:
        rows = self.table.selected_rows()
        here = tuple(episode for episode in map(self.model.loaded, rows[:500]) if episode is not None)
        if (here, len(rows)) == self._shown_selection:
            return
        self._shown_selection = (here, len(rows))
        title = ""
        if len(rows) == 1 and here:
            title = f"{self._titles.get(here[0].task, here[0].task)}, {when_words(here[0].created_utc_ns)}"
        self.details.show_rows(here, len(rows), title)

    def _show_statistics(self, shown: bool) -> None:
        self.statistics.setVisible(shown)
        self._refresh_statistics()

    # Deeds ----------------------------------------------------------------------------------------------------------
    def _find(self) -> None:
        self.filters.words.setFocus()
        self.filters.words.selectAll()

    def _with_ids(self, deed: Any) -> None:
        """Call ``deed(ids)`` for the selected episodes, also those whose rows are not here."""
        rows = self.table.selected_rows()
        here = [self.model.loaded(row) for row in rows]
        if rows and all(episode is not None for episode in here):
            deed(tuple(episode.id for episode in here if episode is not None))
        elif rows:
            model = self.model
            wanted, sort, descending = model.filter, model.sorted_by, model.descending

            def pick(ids: list[str]) -> None:
                deed(tuple(ids[row] for row in rows if row < len(ids)))

            self._services.library.read(lambda library: library.episodes.ids(wanted, sort, descending), pick)

    def _edit(self, what: str, **change: Any) -> None:
        self._with_ids(lambda ids: self.editing.label(ids, what, **change))

    def _trim(self, start_s: float | None, end_s: float | None) -> None:
        episode = self._current()
        if episode is not None:
            self.editing.trim(episode.id, start_s, end_s)

    def _trash(self) -> None:
        if self._services.actions["find.trash"].isChecked():
            return
        self._with_ids(self.editing.trash)

    def _copy(self, what: str) -> None:
        rows = [self.model.loaded(row) for row in self.table.selected_rows()]
        words = [getattr(episode, what) for episode in rows if episode is not None]
        if words:
            QApplication.clipboard().setText("\n".join(words))
            things = {"id": "identifier", "path": "path"}[what]
            self._services.messenger.say(f"Copied {len(words)} {things}{'s' if len(words) > 1 else ''}.", key="copy")

    def _show_menu(self, point: Any) -> None:
        actions, menu = self._services.actions, QMenu(self)
        groups = (
            ("label.success", "label.failure", "label.none"),
            ("label.note", "label.tag"),
            ("play.robot",),
            ("label.copy_id", "label.copy_path"),
            ("label.restore",) if actions["find.trash"].isChecked() else ("label.trash",),
        )
        for group in groups:
            menu.addActions([actions[name] for name in group])
            menu.addSeparator()
        menu.popup(point)

    # The arm --------------------------------------------------------------------------------------------------------
    def _replay(self) -> None:
        station, episode = self._services.station, self._current()
        if station.status is not None and station.status.source is Source.REPLAY:
            self._stop_replay()
        elif episode is not None:
            self._services.library.read(lambda library: library.episodes.get(episode.id), self._replay_row)

    def _replay_row(self, episode: EpisodeRow) -> None:
        """The row as it is now: its file moves when it is finished or restored."""
        if episode.status == "recording":
            self._services.messenger.say("This episode is still being recorded.", key="replay")
            return
        self._services.station.send(Replay(episode.path))

    def _replay_started(self) -> None:
        self._services.messenger.say("The arm replays the episode. Space stops it.", key="replay")
        self._services.show_first_page()

    def _stop_replay(self) -> None:
        station = self._services.station
        if station.status is not None and station.status.source is Source.REPLAY:
            station.send(StopReplay())

    def _station_ready(self, ready: Ready) -> None:
        self._titles.update({task.name: task.title for task in ready.tasks})
        self._services.settings.put(_TITLES, self._titles)
        self.table.viewport().update()
        self._refresh_names()

    def _station_status(self, status: StationStatus) -> None:
        action = self._services.actions["play.robot"]
        replaying = status.source is Source.REPLAY
        action.setText("Stop the replay" if replaying else "Replay on the arm")
        action.setEnabled(status.stop_reason is None)
        if self._shown and not wants_keys(self.focusWidget()) and self.focusWidget() is None:
            self.table.setFocus()
