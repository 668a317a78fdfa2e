"""The row under the toolbar from which a scan is started: what lies in the scene, how many pictures, how far it is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QPushButton

from app.pages.teleoperate.recording import Phase
from app.status import time_words
from app.theme import unit
from app.widgets.basics import row, text
from app.widgets.choices import Combo
from robot.station_messages import RecordingStatus

_PICTURES = (60, 150, 400)
_SECONDS_A_PICTURE = 1.1
_KNOWN_FROM = 0.03
"""An estimate from less than this share would be a guess."""


class ScanPanel(QFrame):
    """Says what was asked for; the page decides."""

    scanChosen = Signal(str, int)
    stopChosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 11)
        self.names = QLineEdit()
        self.names.setPlaceholderText("mug, shoe/red")
        self.names.setToolTip("Every object by a name, by comma; shoe/red is the red one of the class shoe")
        self.names.setMinimumWidth(unit() * 50)
        self.names.setMaximumWidth(unit() * 140)
        self.pictures = Combo(40)
        self.pictures.setToolTip("About how many pictures, and how long they take")
        self.pictures.offer([(_offer(count), str(count)) for count in _PICTURES], str(_PICTURES[-1]))
        self.begin = QPushButton("Scan")
        self.stop = QPushButton("Stop scanning")
        self._progress = QLabel()
        self._progress.setMinimumWidth(unit() * 60)
        self._choices = (text("In the scene", muted=True), self.names, self.pictures, self.begin)
        layout = row(*self._choices, self._progress, self.stop, None, margins=(3, 0, 3, 0), gap=2)
        layout.setStretchFactor(self.names, 1)
        self.setLayout(layout)
        self.names.returnPressed.connect(self._ask)
        self.begin.clicked.connect(self._ask)
        self.stop.clicked.connect(self.stopChosen.emit)
        self.show_phase(Phase.IDLE, scanning=False)

    @property
    def words(self) -> str:
        """What is said of a scan that runs."""
        return self._progress.text()

    def show_phase(self, phase: Phase, *, scanning: bool) -> None:
        """Choices, or how far the scan is; nothing can be begun while an episode is recorded."""
        for widget in self._choices:
            widget.setVisible(not scanning)
            widget.setEnabled(phase in (Phase.IDLE, Phase.LABELLING))
        for widget in (self._progress, self.stop):
            widget.setVisible(scanning)
        self._progress.setText("Planning the way")

    def show_progress(self, recording: RecordingStatus) -> None:
        """Pictures so far, and how long the rest will take."""
        share = recording.scanned or 0.0
        if recording.frames == 0:
            return
        words = f"{recording.frames} pictures, {100.0 * share:.0f} % of the way"
        if share > _KNOWN_FROM:
            words += f", {time_words(recording.elapsed_s * (1.0 - share) / share)} left"
        self._progress.setText(words)

    def _ask(self) -> None:
        self.scanChosen.emit(self.names.text(), int(self.pictures.currentData()))


def _offer(count: int) -> str:
    return f"{count} pictures, {time_words(count * _SECONDS_A_PICTURE)}"
