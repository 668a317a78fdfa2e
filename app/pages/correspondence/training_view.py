"""A training that goes on: how far, how good by now, what it sees; and the page's face while there is no model."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QWidget

from app.actions import ActionBook
from app.pages.correspondence.training import TrainingState
from app.theme import unit
from app.views.traces import PlotPanel, PlotSpec
from app.widgets.basics import ActionButton, EmptyState, column, row, text
from core.correspondence.config import LAPTOP

_PLOT = PlotSpec("Points within 10 px, %, by minute", ("",), (False,), (0,), (0.0, 100.0))
_ASPECT = 2 * 4 / 3
"""Source and target side by side."""


class TrainingView(QWidget):
    """Hidden while nothing runs."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._words = text("", muted=True)
        self._words.setWordWrap(True)
        self.plot = PlotPanel(_PLOT, (0.0, 1.0))
        self.plot.setFixedHeight(unit() * 24)
        self.snapshot = Snapshot()
        buttons = row(
            ActionButton(book, "training.pause", words="Pause"),
            ActionButton(book, "training.cancel", words="End"),
            None,
        )
        layout = column(self._words, self._bar, gap=2)
        layout.addLayout(buttons)
        layout.addWidget(self.plot)
        layout.addWidget(self.snapshot)
        self.setLayout(layout)
        self.show_state(None)

    def show_state(self, state: TrainingState | None) -> None:
        self.setVisible(state is not None)
        if state is None:
            self.snapshot.show_file("")
            return
        self._words.setText(state.words)
        known = state.fraction >= 0
        self._bar.setRange(0, 1000 if known else 0)
        self._bar.setValue(round(1000 * max(0.0, state.fraction)))
        self.plot.setVisible(bool(state.curve))
        curve = np.array(state.curve).reshape(-1, 2)
        if len(curve):
            self.plot.getPlotItem().setXRange(0.0, max(1.0, float(curve[-1, 0])), padding=0.0)
        self.plot.curves[0].setData(curve[:, 0], 100.0 * curve[:, 1])
        self.snapshot.show_file(state.snapshot)


class Snapshot(QLabel):
    """The newest picture of a match: source with its point, target with heatmap, match and place."""

    def __init__(self) -> None:
        super().__init__()
        self._file = ""
        self._picture = QPixmap()
        self.setAccessibleName("The newest match")
        self.setToolTip("Held-out images: the green point of the source, its place and the match in the target.")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_file(self, path: str) -> None:
        """Load another picture; none hides it."""
        if path != self._file:
            self._file = path
            self._picture = QPixmap(path) if path else QPixmap()
            self._fit()
        self.setVisible(not self._picture.isNull())

    def sizeHint(self) -> QSize:
        return QSize(unit() * 40, round(self.width() / _ASPECT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        if not self._picture.isNull() and self.width() > 0:
            smooth = Qt.TransformationMode.SmoothTransformation
            self.setPixmap(self._picture.scaledToWidth(self.width(), smooth))
            self.setFixedHeight(round(self.width() * self._picture.height() / self._picture.width()))


class TrainingCard(QWidget):
    """No model yet: what is missing, the step that makes one, and how far it is."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._train = ActionButton(book, "training.start", primary=True, words="Train")
        self._resume = ActionButton(book, "training.resume", words="Resume")
        self._resumable = False
        self.view = TrainingView(book)
        self.view.setFixedWidth(unit() * 110)
        inside = QWidget()
        layout = column(gap=3)
        for widget in (self._train, self._resume, self.view):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.setLayout(layout)
        self._state = EmptyState("correspondence", "No model yet", "", inside)
        self.setLayout(column(self._state))
        self.show_episodes(0)
        self.show_state(None)

    def show_episodes(self, count: int) -> None:
        episodes = f"{count:,} episodes" if count != 1 else "1 episode"
        self._state.say(
            "No model yet",
            f"Here you point at a pixel and see where the robot sees the same in other images. A descriptor model has "
            f"to learn that first, from your {episodes}; it takes about {LAPTOP.minutes + 2:.0f} minutes.",
        )

    def show_resumable(self, resumable: bool) -> None:
        self._resumable = resumable
        self._resume.setVisible(resumable and self._train.isVisibleTo(self))

    def show_state(self, state: TrainingState | None) -> None:
        self._train.setVisible(state is None)
        self._resume.setVisible(state is None and self._resumable)
        self.view.show_state(state)
