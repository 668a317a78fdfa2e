"""The first start's guide: how to move, how to record, how to stop. Each line is ticked when it has been done."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QLayout, QPushButton, QWidget

from app.actions import ActionBook
from app.icons import paint_icon
from app.theme import Role, outcome_colour, unit
from app.widgets.basics import KeyCap, clear, column, row, text
from robot.teleoperation.presets import DriveAction, Preset

_TALL = 110
"""Height of the views in units from which the whole card fits."""


class _Mark(QWidget):
    """An empty ring, or a tick when it has been done."""

    def __init__(self) -> None:
        super().__init__()
        self.done = False
        self.setFixedSize(unit() * 5, unit() * 5)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = outcome_colour(self.palette(), True) if self.done else self.palette().color(Role.Dark)
        paint_icon(painter, "success" if self.done else "unlabelled", QRectF(self.rect()), colour)


class Guide(QFrame):
    """A card over the views; it blocks nothing and goes for good when it is closed."""

    closed = Signal()

    def __init__(self, book: ActionBook, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._book, self._host = book, parent
        self._marks: dict[str, _Mark] = {}
        self._hints: list[QLabel] = []
        self._short = False
        self._preset: Preset | None = None
        u = unit()
        self._rows = QGridLayout()
        self._rows.setHorizontalSpacing(u * 3)
        self._rows.setVerticalSpacing(u * 3)
        self._rows.setColumnStretch(1, 1)
        done = QPushButton("Got it")
        done.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        done.clicked.connect(self._close)
        layout = column(text("First steps", heading=True), margins=(5, 4, 5, 4), gap=3)
        layout.addLayout(self._rows)
        layout.addLayout(row(text("F1 lists every key.", muted=True), None, done))
        layout.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        self.setLayout(layout)
        book.keysChanged.connect(self._fill)
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        """In the lower left corner of the views, away from the 3-D view; short where there is little height."""
        host, margin = self._host, unit() * 2
        self._set_short(host.height() < unit() * _TALL)
        self.move(margin, max(margin, host.height() - self.height() - margin))

    def _set_short(self, short: bool) -> None:
        """Without the explanations, the card fits over low views."""
        if short != self._short:
            self._short = short
            for hint in self._hints:
                hint.setVisible(not short)

    def use(self, preset: Preset) -> None:
        self._preset = preset
        self._fill()

    def tick(self, step: str) -> None:
        """One of move, record, stop has been done."""
        mark = self._marks.get(step)
        if mark is not None and not mark.done:
            mark.done = True
            mark.update()

    def _close(self) -> None:
        self.hide()
        self.closed.emit()

    def _fill(self) -> None:
        if self._preset is None:
            return
        done = {name for name, mark in self._marks.items() if mark.done}
        clear(self._rows)
        preset = self._preset
        moves = [preset.triggers(action)[0] for action in _MOVES if preset.triggers(action)]
        pointer = preset.triggers(DriveAction.POINTER_MOVE)
        how = {
            "move": ("Move the arm", f"{pointer[0]} in a view, or hold" if pointer else "Hold", moves),
            "grip": ("Open and close the gripper", "Press", self._grips(preset)),
            "record": (
                "Record an episode",
                "Press once to start, again to stop",
                list(self._book.keys("record.toggle")),
            ),
            "stop": ("Stop the arm", "Press", list(self._book.keys("stop"))),
        }
        self._marks, self._hints = {}, []
        for index, (name, (title, explanation, keys)) in enumerate(how.items()):
            mark = _Mark()
            mark.done = name in done
            self._marks[name] = mark
            words = QLabel(title)
            hint = text(explanation, muted=True, small=True)
            if self._short:
                hint.hide()
            self._hints.append(hint)
            both = QWidget()
            both.setLayout(column(words, hint, gap=0))
            caps = QWidget()
            caps.setLayout(row(*(KeyCap(key) for key in keys), gap=1))
            self._rows.addWidget(mark, index, 0)
            self._rows.addWidget(both, index, 1)
            self._rows.addWidget(caps, index, 2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    @staticmethod
    def _grips(preset: Preset) -> list[str]:
        actions = (DriveAction.GRIPPER_OPEN, DriveAction.GRIPPER_CLOSE)
        return [preset.triggers(action)[0] for action in actions if preset.triggers(action)]


_MOVES = (
    DriveAction.FORWARD,
    DriveAction.BACKWARD,
    DriveAction.LEFT,
    DriveAction.RIGHT,
    DriveAction.UP,
    DriveAction.DOWN,
)
