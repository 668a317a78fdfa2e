"""The record bar: task, operator, record, and after the stop how it went. Keys are shown where they act."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QLineEdit, QStackedWidget, QWidget

from app.actions import ActionBook
from app.pages.teleoperate.recording import After, Phase
from app.theme import outcome_colour, recording_colour, scaled, unit
from app.widgets.basics import ActionButton, KeyCap, row, text
from app.widgets.cell import Cell
from app.widgets.choices import Combo, tool
from core.messages import EpisodeSummary
from robot.station_messages import RecordingStatus

_ROOMY = 330
_ENOUGH = 300
_NOT_YET = "Task not fulfilled"
_COUNTDOWNS = (0, 3, 5, 10)
_INTENTS = {After.DISCARD: "into the trash", After.AGAIN: "then once more"}


class RecordBar(QFrame):
    """Shows a phase and takes words; the flow decides."""

    taskChosen = Signal(str)
    operatorChosen = Signal(str)
    countdownChosen = Signal(int)
    resetChosen = Signal(bool)
    noteWritten = Signal(str)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 15)
        self.setMinimumWidth(unit() * 100)
        self.task = Combo(40, placeholder="Task")
        self.operator = Combo(28, editable=True, placeholder="Operator")
        for combo, least in ((self.task, 34), (self.operator, 25)):
            combo.setMinimumWidth(unit() * least)
        self.task.setToolTip("What is demonstrated")
        self.operator.setToolTip("Who demonstrates")
        self._phase = Phase.IDLE
        self._stages = QStackedWidget()
        self._idle = _Idle(book)
        self._counting = _Counting(book)
        self._recording = _Recording(book)
        self._labelling = _Labelling(book)
        for stage in (self._idle, self._counting, self._recording, self._labelling):
            self._stages.addWidget(stage)
        self.countdown = Combo(23)
        self.countdown.setToolTip("How long to count down before the next episode")
        self.countdown.offer([("No countdown" if s == 0 else f"Count {s} s", str(s)) for s in _COUNTDOWNS], "3")
        self.reset = QCheckBox("Reset scene")
        self.reset.setToolTip("Draw a new start from the task's distribution before the next episode")
        layout = row(self.task, self.operator, margins=(3, 0, 3, 0), gap=2)
        layout.addWidget(self._stages, 1)
        self._options = QWidget()
        self._options.setLayout(row(self.reset, self.countdown, gap=2))
        self._ghost = tool(book["view.ghost"])
        for widget in (self._ghost, self._options):
            layout.addWidget(widget)
        self.setLayout(layout)
        self.task.entered.connect(self.taskChosen.emit)
        self.operator.entered.connect(self.operatorChosen.emit)
        self.countdown.entered.connect(lambda value: self.countdownChosen.emit(int(value)))
        self.reset.toggled.connect(self.resetChosen.emit)
        self._labelling.note.editingFinished.connect(lambda: self.noteWritten.emit(self._labelling.note.text().strip()))

    def show_phase(self, phase: Phase) -> None:
        stages = {
            Phase.IDLE: self._idle,
            Phase.COUNTDOWN: self._counting,
            Phase.STARTING: self._recording,
            Phase.RECORDING: self._recording,
            Phase.SAVING: self._labelling,
            Phase.LABELLING: self._labelling,
        }
        self._stages.setCurrentWidget(stages[phase])
        self._recording.show_phase(phase)
        self._labelling.note.setEnabled(phase is Phase.LABELLING)
        still = phase in (Phase.IDLE, Phase.LABELLING)
        self.task.setEnabled(still)
        self._options.setEnabled(still)
        self._phase = phase
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        """In a narrow window, what is done now comes before the options of the next episode."""
        least = {Phase.IDLE: 0, Phase.SAVING: _ENOUGH, Phase.LABELLING: _ENOUGH}.get(self._phase, _ROOMY)
        self._options.setVisible(self.width() >= unit() * least)
        labelling = self._phase in (Phase.SAVING, Phase.LABELLING)
        self._ghost.setVisible(not labelling or self.width() >= unit() * _ROOMY)

    def show_seconds_left(self, seconds: int) -> None:
        self._counting.show_seconds(seconds)

    def show_progress(self, recording: RecordingStatus | None, judged: bool | None) -> None:
        self._recording.show_progress(recording, judged)
        self._idle.show_judged(judged)

    def show_intent(self, after: After, then_next: bool) -> None:
        self._labelling.show_intent(after, then_next)

    def show_saved(self, summary: EpisodeSummary, note: str = "") -> None:
        self._labelling.show_saved(summary, note)

    def show_verdict(self, success: bool | None) -> None:
        self._labelling.show_verdict(success)

    def write_note(self) -> None:
        """Put the cursor into the note."""
        if self._stages.currentWidget() is self._labelling:
            self._labelling.note.setFocus()
            self._labelling.note.selectAll()

    @property
    def words(self) -> str:
        """What the middle says, for tests."""
        stages = (self._idle, self._counting, self._recording, self._labelling)
        return next(stage.words for stage in stages if stage is self._stages.currentWidget())


def _big(content: str) -> QLabel:
    label = text(content)
    label.setFont(scaled(label.font(), 1.5, QFont.Weight.DemiBold))
    return label


class _Idle(QWidget):
    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._judged = text("", muted=True)
        self._timer = _big("00:00.0")
        self._timer.setProperty("muted", True)
        self._timer.setFixedWidth(self._timer.sizeHint().width() + unit())
        record = ActionButton(book, "record.toggle", primary=True)
        self._judged.setMinimumWidth(self.fontMetrics().horizontalAdvance(_NOT_YET) + unit())
        reset = ActionButton(book, "scene.reset", quiet=True)
        self.setLayout(row(None, record, self._timer, reset, self._judged, None, gap=3))

    def show_judged(self, judged: bool | None) -> None:
        words = "" if judged is None else "Task fulfilled" if judged else _NOT_YET
        if words != self._judged.text():
            self._judged.setText(words)

    @property
    def words(self) -> str:
        return "Ready to record"


class _Counting(QWidget):
    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._left = _big("Resetting the scene")
        cancel = ActionButton(book, "record.discard", quiet=True, words="Cancel")
        self.setLayout(
            row(None, self._left, ActionButton(book, "record.toggle", words="Record now"), cancel, None, gap=3)
        )

    def show_seconds(self, seconds: int) -> None:
        self._left.setText(f"Recording in {seconds}" if seconds > 0 else "Recording")

    @property
    def words(self) -> str:
        return self._left.text()


class _Dot(QWidget):
    """The sign of a running recording: a filled red disc."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(unit() * 4, unit() * 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(recording_colour(self.palette()))
        painter.drawEllipse(self.rect().adjusted(2, 2, -2, -2))


class _Recording(QWidget):
    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._timer = _big("00:00.0")
        self._timer.setFixedWidth(self._timer.sizeHint().width() + unit() * 2)
        self._counts = Cell("00000 frames", icons=False)
        stop = ActionButton(book, "record.toggle", primary=True, words="Stop recording", icon_name="record-stop")
        stop.setProperty("recording", True)
        self.setLayout(
            row(
                None,
                stop,
                _Dot(),
                self._timer,
                self._counts,
                ActionButton(book, "record.again", quiet=True),
                ActionButton(book, "record.discard", quiet=True),
                None,
                gap=3,
            )
        )

    def show_phase(self, phase: Phase) -> None:
        if phase is Phase.STARTING:
            self._timer.setText("00:00.0")
            self._counts.show_lines("Starting", "")

    def show_progress(self, recording: RecordingStatus | None, judged: bool | None) -> None:
        if recording is None:
            return
        self._timer.setText(clock_words(recording.elapsed_s))
        caption = "task fulfilled" if judged else f"{recording.dropped} dropped"
        self._counts.show_lines(f"{recording.frames} frames", caption)

    @property
    def words(self) -> str:
        return f"{self._timer.text()} {self._counts.value}"


class _Labelling(QWidget):
    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._summary = Cell("000.0 s saved", icons=False)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note")
        self.note.setMinimumWidth(max(160, unit() * 40))
        self.note.setMaximumWidth(unit() * 60)
        self.note.returnPressed.connect(self.note.clearFocus)
        self._success = OutcomeButton(book, "record.success", True)
        self._failure = OutcomeButton(book, "record.failure", False)
        layout = row(
            None,
            self._summary,
            self._success,
            self._failure,
            ActionButton(book, "record.discard", quiet=True),
            gap=2,
        )
        layout.addWidget(self.note, 20)
        layout.addWidget(KeyCapOf(book, "record.note"))
        layout.addWidget(ActionButton(book, "record.next", primary=True))
        layout.addStretch(1)
        self.setLayout(layout)

    def show_intent(self, after: After, then_next: bool) -> None:
        self._summary.show_lines("Saving", _INTENTS.get(after, "then the next" if then_next else ""))
        self.note.clear()
        self.show_verdict({After.SUCCESS: True, After.FAILURE: False}.get(after))

    def show_saved(self, summary: EpisodeSummary, note: str) -> None:
        self._summary.show_lines(f"{summary.duration_s:.1f} s saved", f"{summary.dropped} dropped")
        self.note.setText(note)
        self.show_verdict(summary.success)

    def show_verdict(self, success: bool | None) -> None:
        self._success.set_chosen(success is True)
        self._failure.set_chosen(success is False)

    @property
    def words(self) -> str:
        return self._summary.value


class KeyCapOf(KeyCap):
    """The key of an action, in step with it."""

    def __init__(self, book: ActionBook, name: str) -> None:
        super().__init__()
        book.keysChanged.connect(lambda: self.set_key((book.keys(name) or ("",))[0]))
        self.set_key((book.keys(name) or ("",))[0])


class OutcomeButton(ActionButton):
    """Success or failure; the chosen one has its colour, and always its shape and word."""

    def __init__(self, book: ActionBook, name: str, success: bool) -> None:
        super().__init__(book, name)
        self._success, self._chosen = success, False

    def set_chosen(self, chosen: bool) -> None:
        self._chosen = chosen
        self.setAccessibleDescription("chosen" if chosen else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._chosen:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = outcome_colour(self.palette(), self._success)
        field = outcome_colour(self.palette(), self._success)
        field.setAlphaF(0.18)
        u = unit(self.font())
        painter.setPen(colour)
        painter.setBrush(field)
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), u, u)


def clock_words(seconds: float) -> str:
    """Minutes, seconds and tenths, always as wide."""
    minutes, rest = divmod(max(0.0, seconds), 60.0)
    return f"{int(minutes):02d}:{rest:04.1f}"
