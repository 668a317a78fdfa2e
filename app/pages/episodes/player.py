"""The player: one time axis for all cameras, plots and the point cloud."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout, QWidget

from app.icons import icon
from app.pages.episodes.playback import Playback, disturbed_spans, event_marks
from app.services import Services
from app.settings import Setting
from app.theme import unit
from app.views.grid import ViewGrid
from app.views.marks import Seen
from app.views.rgbd import Kind, RgbdView
from app.views.scene3d import Scene3DView
from app.views.timeline import Timeline
from app.widgets.basics import EmptyState, laid_out, row, text
from app.widgets.choices import Segments, tool
from app.workers.decoder import Decoder, OpenEpisode, Ticks
from core.clock import monotonic_ns
from core.library.rows import EpisodeRow
from core.messages import Frame
from robot.station_messages import PLAYER

if TYPE_CHECKING:
    from app.views.episode_plots import EpisodePlots
    from robot.policies.review_messages import Review

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
_DEPTH = Setting("episodes.depth", bool, False)
_CLOUD = Setting("episodes.cloud", bool, False)
_SPLIT: Setting[list[int]] = Setting("episodes.player_split", list[int], [])


class Player(QWidget):
    """Shows an episode; says what the person wants to change about it."""

    trimmed = Signal(object, object)
    shown = Signal(object)
    """Another episode is watched, or none."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._decoder = Decoder(self)
        self.playback = Playback()
        self._generation = 0
        self._episode: EpisodeRow | None = None
        self._open: OpenEpisode | None = None
        self._ticks: Ticks | None = None
        self._views: dict[tuple[str, Kind], RgbdView] = {}
        self._asked: tuple[float, bool] | None = None
        self._review: Review | None = None
        self._grid = ViewGrid()
        self.scene = Scene3DView(PLAYER)
        self.timeline = Timeline()
        self._plots: EpisodePlots | None = None
        self.speed = Segments(tuple(f"{speed:g}×" for speed in SPEEDS))
        self._time = text("")
        self._empty = EmptyState("episodes", "No episode chosen", "Choose one in the table to watch it here.")
        self._compose()
        self._connect()

    def _compose(self) -> None:
        actions = self._services.actions
        self._time.setFixedWidth(self.fontMetrics().horizontalAdvance("000.00 / 000.00 s  frame 00000 "))
        transport = QFrame()
        transport.setProperty("panel", True)
        transport.setFixedHeight(unit() * 10)
        buttons = ("play.first", "play.back", "play.toggle", "play.forward", "play.last")
        layout = row(*(tool(actions[name]) for name in buttons), 1, self._time, margins=(2, 0, 2, 0), gap=0)
        layout.addStretch(1)
        for widget in (*(tool(actions[f"play.{name}"]) for name in ("seen", "depth", "cloud")), self.speed):
            layout.addWidget(widget)
        transport.setLayout(layout)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self._grid)
        below = QWidget()
        inside = QVBoxLayout(below)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(transport)
        inside.addWidget(self.timeline)
        self._below = inside
        self._split.addWidget(below)
        self._split.setStretchFactor(0, 1)
        self._split.setHandleWidth(max(2, unit() // 2))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._empty)
        whole.addWidget(self._split)
        self._split.hide()
        sizes = self._services.settings.get(_SPLIT)
        self._split.setSizes(sizes if len(sizes) == 2 else [unit() * 90, unit() * 46])
        actions["play.depth"].setChecked(self._services.settings.get(_DEPTH))
        actions["play.cloud"].setChecked(self._services.settings.get(_CLOUD))
        self.speed.choose(SPEEDS.index(1.0))

    def _connect(self) -> None:
        decoder, playback, actions = self._decoder, self.playback, self._services.actions
        decoder.opened.connect(self._opened)
        decoder.ticksRead.connect(self._ticks_read)
        decoder.decoded.connect(self._decoded)
        decoder.failed.connect(self._failed)
        self.timeline.seeked.connect(self._seek)
        self.timeline.trimmed.connect(self.trimmed.emit)
        self.speed.chosen.connect(lambda index: setattr(playback, "speed", SPEEDS[index]))
        self.scene.viewChanged.connect(self._services.view3d.look)
        self.scene.filled.connect(lambda: self._grid.fill(self.scene))
        steps = {
            "play.toggle": self._toggle,
            "play.back": lambda: playback.step(-1),
            "play.forward": lambda: playback.step(1),
            "play.back_second": lambda: playback.seek(playback.time_s - 1.0),
            "play.forward_second": lambda: playback.seek(playback.time_s + 1.0),
            "play.first": lambda: playback.seek(playback.begin_s),
            "play.last": lambda: playback.seek(playback.end_s),
            "play.slower": lambda: self._change_speed(-1),
            "play.faster": lambda: self._change_speed(1),
            "play.trim_start": self._trim_start,
            "play.trim_end": self._trim_end,
            "play.trim_none": lambda: self.trimmed.emit(None, None),
        }
        for name, deed in steps.items():
            actions[name].triggered.connect(lambda _=False, deed=deed: deed() if self._open is not None else None)
        actions["play.depth"].toggled.connect(lambda _: self._place())
        actions["play.cloud"].toggled.connect(lambda _: self._place())

    @property
    def plots(self) -> EpisodePlots:
        """Made when first needed: the plotting library costs a fifth of a second."""
        if self._plots is None:
            from app.views.episode_plots import EpisodePlots

            self._plots = EpisodePlots()
            self._plots.seeked.connect(self._seek)
            self._below.addWidget(self._plots, 1)
        return self._plots

    # What is shown --------------------------------------------------------------------------------------------------
    def show_episode(self, episode: EpisodeRow | None) -> None:
        """Open another episode; the same one again only takes its new trim."""
        if (
            episode is not None
            and self._episode is not None
            and episode.id == self._episode.id
            and self._open is not None
        ):
            self._episode = episode
            self._show_trim()
            return
        self._episode, self._open, self._ticks = episode, None, None
        self.playback.stop()
        watchable = episode is not None and episode.status != "recording"
        self._empty.setVisible(not watchable)
        self._split.setVisible(watchable)
        self.shown.emit(None)
        if episode is None:
            self._empty.say("No episode chosen", "Choose one in the table to watch it here.")
            return
        if not watchable:
            self._empty.say("This episode is being recorded", "It can be watched as soon as it is saved.")
            return
        library = self._services.library.library
        self._generation = self._decoder.open(episode.id, Path(episode.path), library.cache if library else None)

    def show_review(self, review: Review | None) -> None:
        """Where a policy sees its points; None for nothing."""
        self._review, self._asked = review, None
        for view in self._views.values():
            view.show_seen(None)
            view.update()
        self.scene.show_points(None)

    def _show_seen(self, frames: dict[str, Frame]) -> None:
        """The points at the newest of what was seen by the time of these frames."""
        review = self._review
        if review is None or not frames:
            return
        frame = frames.get(review.role) or next(iter(frames.values()))
        row = max(0, int(np.searchsorted(review.stamps_ns, frame.capture_ns, side="right")) - 1)
        in_space = review.marks.shape[2] == 3
        seen = Seen(
            review.role,
            np.zeros((0, 2)) if in_space else review.marks[row],
            np.zeros(0) if in_space else review.spreads_px[row],
            review.marks[row] if in_space else None,
        )
        for view in self._views.values():
            view.show_seen(seen)
            view.update()
        self.scene.show_points(seen.p_W)

    def _opened(self, generation: int, opened: OpenEpisode) -> None:
        if generation != self._generation or self._episode is None:
            return
        self._open = opened
        self._rebuild_views(opened)
        stamps = next((stamps for stamps in opened.stamps_s.values() if len(stamps)), np.zeros(0))
        self.playback.open(opened.duration_s, stamps)
        self.timeline.show_episode(opened.duration_s, event_marks(opened.events))
        self.plots.clear()
        self._show_trim()
        self.playback.seek(self.playback.begin_s)
        self._asked = None
        self.shown.emit(self._episode)

    def _ticks_read(self, generation: int, ticks: Ticks) -> None:
        if generation != self._generation or self._open is None:
            return
        self._ticks = ticks
        self.plots.show_ticks(ticks, self._open.duration_s)
        self.timeline.show_spans(disturbed_spans(ticks))

    def _failed(self, generation: int, reason: str) -> None:
        if generation == self._generation:
            self._split.hide()
            self._empty.show()
            self._empty.say("This episode cannot be shown", reason)

    def _rebuild_views(self, opened: OpenEpisode) -> None:
        cameras = {role: info for role, info in opened.cameras.items() if len(opened.stamps_s[role])}
        if {role: view.info for (role, _), view in self._views.items()} == cameras:
            for view in self._views.values():
                view.clear()
            return
        for view in self._views.values():
            view.deleteLater()
        self._views = {}
        for role, info in cameras.items():
            for kind in Kind:
                view = RgbdView(info, kind)
                view.setParent(self._grid)
                view.filled.connect(lambda view=view: self._grid.fill(view))
                self._views[role, kind] = view
        self._place()

    def _place(self) -> None:
        actions = self._services.actions
        depth, cloud = actions["play.depth"].isChecked(), actions["play.cloud"].isChecked()
        tiles = [view for (_, kind), view in self._views.items() if depth or kind is Kind.COLOUR]
        self._grid.set_views([*tiles], 2 if depth else 1, self.scene if cloud else None)
        if cloud and self.isVisible():
            self._services.view3d.look(self.scene.view())
        self._asked = None

    def _show_trim(self) -> None:
        episode = self._episode
        if episode is not None and self._open is not None:
            self.playback.trim(episode.trim_start_s, episode.trim_end_s)
            self.timeline.show_trim(episode.trim_start_s, episode.trim_end_s)

    # Time -----------------------------------------------------------------------------------------------------------
    def tick(self) -> None:
        """Move on when playing; ask for the frames of now; paint nothing that is painted."""
        if self._open is None:
            return
        was_playing = self.playback.playing
        self.playback.advance(monotonic_ns())
        if was_playing != self.playback.playing:
            self._show_playing()
        depth = self._services.actions["play.depth"].isChecked() or self._services.actions["play.cloud"].isChecked()
        wanted = (self.playback.time_s, depth)
        if wanted != self._asked and not self._decoder.busy:
            self._asked = wanted
            self._decoder.ask(self.playback.time_s, tuple({role: None for role, _ in self._views}), depth=depth)
            self.timeline.show_cursor(self.playback.time_s)
            self.plots.show_cursor(self.playback.time_s)
            self._show_time()
        if self.scene.isVisible():
            self._services.player_feed.tick(monotonic_ns())
            picture = self._services.view3d.take()
            if picture is not None:
                self.scene.show_picture(picture)

    def _decoded(self, generation: int, time_s: float, frames: dict[str, Frame]) -> None:
        if generation != self._generation:
            return
        self._show_seen(frames)
        for (role, _), view in self._views.items():
            frame = frames.get(role)
            if frame is not None:
                view.show_frame(frame)
        if self.scene.isVisible() and self._ticks is not None:
            self._services.player_feed.show(frames, self._ticks, time_s)

    def _show_time(self) -> None:
        self._time.setText(
            f"{self.playback.time_s:6.2f} / {self.playback.duration_s:.2f} s   frame {self.playback.frame_index + 1}"
        )

    def _seek(self, time_s: float) -> None:
        self.playback.seek(time_s)

    def _toggle(self) -> None:
        self.playback.toggle(monotonic_ns())
        self._show_playing()

    def _show_playing(self) -> None:
        action = self._services.actions["play.toggle"]
        action.setIcon(icon("pause" if self.playback.playing else "play"))
        action.setText("Pause" if self.playback.playing else "Play")

    def _change_speed(self, by: int) -> None:
        index = min(len(SPEEDS) - 1, max(0, self.speed.current + by))
        self.speed.choose(index)
        self.playback.speed = SPEEDS[index]

    def _trim_start(self) -> None:
        end = self._episode.trim_end_s if self._episode is not None else None
        if self.playback.time_s < (end if end is not None else self.playback.duration_s) - 0.05:
            self.trimmed.emit(self.playback.time_s, end)

    def _trim_end(self) -> None:
        start = self._episode.trim_start_s if self._episode is not None else None
        if self.playback.time_s > (start or 0.0) + 0.05:
            self.trimmed.emit(start, self.playback.time_s)

    # Life -----------------------------------------------------------------------------------------------------------
    def entered(self) -> None:
        if self.scene.isVisible():
            self._services.view3d.look(self.scene.view())
        self._asked = None

    def left(self) -> None:
        self.playback.stop()
        self._show_playing()

    def remember(self) -> None:
        settings, actions = self._services.settings, self._services.actions
        settings.put(_DEPTH, actions["play.depth"].isChecked())
        settings.put(_CLOUD, actions["play.cloud"].isChecked())
        if laid_out(self._split):
            settings.put(_SPLIT, self._split.sizes())
        self._decoder.close()

    @property
    def shown_id(self) -> str:
        """The episode whose frames are here."""
        return self._open.id if self._open is not None else ""

    def view(self, role: str, kind: Kind) -> RgbdView:
        return self._views[role, kind]
