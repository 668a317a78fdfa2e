"""Under the source: where the chosen image comes from, an episode's camera and time, or a live camera."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QSlider

from app.actions import ActionBook
from app.pages.episodes.model import when_words
from app.theme import unit
from app.widgets.basics import column, row, text
from app.widgets.choices import Combo, tool
from core.library.rows import EpisodeRow
from robot.inspector_messages import LiveFrame, Shown, StoredFrame
from robot.inspector_scenes import EpisodeFrames

LIVE = "live"
_SLIDING_MS = 60


class Origin(QFrame):
    """Says what was chosen; the page decides."""

    episodeChosen = Signal(str)
    """An episode's identifier, or ``LIVE``."""
    roleChosen = Signal(str)
    frameChosen = Signal(int)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._frames: EpisodeFrames | None = None
        self._role = ""
        self._name = text("Source", heading=True)
        self._episode = Combo(50, placeholder="Episode")
        self._episode.setToolTip("The episode, or the rig's live cameras")
        self._camera = Combo(22, placeholder="Camera")
        self._camera.setToolTip("The camera")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._slider.setAccessibleName("Time")
        self._time = text("", muted=True)
        self._time.setFixedWidth(self._time.fontMetrics().horizontalAdvance("000.00 s") + unit())
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        top = row(self._name, None, gap=1)
        for name in ("scene.add", "scene.remove"):
            top.addWidget(tool(book[name]))
        where = row(self._episode, self._camera, None, gap=2)
        when = row(tool(book["scene.frame_back"]), self._slider, tool(book["scene.frame_on"]), self._time, gap=1)
        when.setStretch(1, 1)
        layout = column(margins=(3, 1, 3, 2), gap=1)
        for part in (top, where, when):
            layout.addLayout(part)
        self.setLayout(layout)
        self._sliding = QTimer(self)
        self._sliding.setSingleShot(True)
        self._sliding.setInterval(_SLIDING_MS)
        self._sliding.timeout.connect(lambda: self.frameChosen.emit(self._slider.value()))
        self._episode.entered.connect(self.episodeChosen.emit)
        self._camera.entered.connect(self.roleChosen.emit)
        self._slider.valueChanged.connect(self._slid)

    def offer_episodes(self, rows: tuple[EpisodeRow, ...], titles: dict[str, str], live: bool) -> None:
        """Episodes to choose from, the newest first; the live cameras before them when there is a rig."""
        entries = [("Live cameras", LIVE)] if live else []
        entries += [(f"{when_words(row.created_utc_ns)}  {titles.get(row.task, row.task)}", row.id) for row in rows]
        self._episode.offer(entries, str(self._episode.currentData() or ""))

    def show_panel(self, panel: int, shown: Shown, frames: EpisodeFrames | None, live_roles: tuple[str, ...]) -> None:
        """The origin of the chosen panel; ``frames`` are those of its episode when they are known."""
        self._name.setText("Source" if panel == 0 else f"Target {panel}")
        self._frames, self._role = frames, shown.role
        stored = isinstance(shown, StoredFrame)
        value = shown.episode if isinstance(shown, StoredFrame) else LIVE
        self._episode.setCurrentIndex(self._episode.findData(value))
        roles = frames.roles if frames is not None and stored else live_roles
        self._camera.offer([(role, role) for role in roles], shown.role)
        self._slider.setEnabled(stored)
        self._slider.blockSignals(True)
        if frames is not None and isinstance(shown, StoredFrame):
            self._slider.setRange(0, max(0, len(frames.stamps_s[shown.role]) - 1))
            self._slider.setValue(shown.frame)
        self._slider.blockSignals(False)
        self._show_time(shown)

    def _show_time(self, shown: Shown) -> None:
        if isinstance(shown, LiveFrame) or self._frames is None:
            self._time.setText("live" if isinstance(shown, LiveFrame) else "")
        else:
            self._time.setText(f"{self._frames.time_s(shown):.2f} s")

    def _slid(self, value: int) -> None:
        if self._frames is not None:
            self._time.setText(f"{float(self._frames.stamps_s[self._role][value]):.2f} s")
        if not self._sliding.isActive():
            self._sliding.start()
