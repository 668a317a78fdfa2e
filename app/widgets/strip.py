"""The status strip that no page hides: stop, the rig's state, cameras, disk, jobs. Always in the same place."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QSizePolicy, QWidget

from app.actions import ActionBook, spoken
from app.icons import paint_icon
from app.status import CameraLine, DiskLine, RigLine
from app.theme import Role, blend, recording_colour, scaled, unit
from app.widgets.basics import ActionButton, clear, keycap_size, paint_keycap
from app.widgets.cell import Cell

_ROOMY = 330


class StopButton(QAbstractButton):
    """The strongest contrast on the screen, with the octagon of a stop sign; red stays with outcomes."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._book = book
        self._stopped = False
        self.setText("STOP")
        self.setAccessibleName("Stop the arm")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(scaled(self.font(), 1.25, QFont.Weight.DemiBold))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.pressed.connect(lambda: book["stop"].trigger())
        book.keysChanged.connect(self._refresh)
        self._refresh()

    def set_stopped(self, stopped: bool) -> None:
        if stopped != self._stopped:
            self._stopped = stopped
            self.update()

    def _refresh(self) -> None:
        self.setToolTip(self._book["stop"].toolTip())
        self.updateGeometry()
        self.update()

    def _key(self) -> str:
        keys = self._book.keys("stop")
        return spoken(keys[0]) if keys else ""

    def sizeHint(self) -> QSize:
        u = unit()
        words = QFontMetricsF(self.font()).horizontalAdvance("STOPPED")
        return QSize(round(words + keycap_size(self._key(), scaled(self.font(), 0.7)).width() + u * 17), u * 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        u = unit()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        ink, paper = palette.color(Role.WindowText), palette.color(Role.Window)
        if self._stopped:
            ink, paper = paper, ink
        fill = blend(ink, paper, 0.25) if self.isDown() else blend(ink, paper, 0.1) if self.underMouse() else ink
        box = QRectF(self.rect()).adjusted(u * 1.5, u * 1.5, -u * 1.5, -u * 1.5)
        painter.setPen(Qt.PenStyle.NoPen if not self._stopped else paper)
        painter.setBrush(fill)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), u * 1.5, u * 1.5)
        size = u * 6
        paint_icon(painter, "stop", QRectF(box.left() + u * 2, box.center().y() - size / 2, size, size), paper)
        painter.setPen(paper)
        words = "STOPPED" if self._stopped else "STOP"
        painter.drawText(box.adjusted(u * 10, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), words)
        painter.setFont(scaled(self.font(), 0.7, QFont.Weight.Medium))
        cap = keycap_size(self._key(), painter.font())
        rect = QRectF(box.right() - u * 2 - cap.width(), box.center().y() - cap.height() / 2, cap.width(), cap.height())
        if self._key():
            paint_keycap(painter, rect, self._key(), paper)


class Divider(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        u = unit()
        painter = QPainter(self)
        painter.fillRect(0, u * 3, 1, self.height() - u * 6, QColor(self.palette().color(Role.Mid)))


class RecordingSign(QWidget):
    """A red disc, the word and the running time; there only while a recording runs."""

    def __init__(self) -> None:
        super().__init__()
        self._time = ""
        self.setFont(scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.hide()

    @property
    def words(self) -> str:
        return f"Recording {self._time}" if self._time else ""

    def show_time(self, time: str) -> None:
        if time == self._time:
            return
        if len(time) != len(self._time):
            self.updateGeometry()
        self._time = time
        self.setAccessibleName(self.words)
        self.setVisible(bool(time))
        self.update()

    def sizeHint(self) -> QSize:
        u = unit()
        return QSize(round(QFontMetricsF(self.font()).horizontalAdvance(self.words)) + u * 13, u * 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        u = unit()
        painter = QPainter(self)
        size = u * 6.0
        disc = QRectF(u * 3, (self.height() - size) / 2, size, size)
        paint_icon(painter, "record", disc, recording_colour(self.palette()))
        painter.setPen(self.palette().color(Role.WindowText))
        painter.drawText(self.rect().adjusted(u * 10, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), self.words)


class StatusStrip(QFrame):
    """Shows lines made elsewhere (app/status.py); decides nothing."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 14)
        self.stop_button = StopButton(book)
        self.recording = RecordingSign()
        self.rig = Cell(stretch=True)
        self.rearm = ActionButton(book, "rearm", primary=True)
        self.restart = ActionButton(book, "restart_station", primary=True)
        self.cameras: dict[str, Cell] = {}
        self.disk = Cell("9999 min left")
        self.jobs = Cell("training 100 %")
        self._warns = False
        self._beside = QWidget()
        self._cameras = QHBoxLayout(self._beside)
        self._cameras.setContentsMargins(0, 0, 0, 0)
        self._cameras.setSpacing(0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, unit(), 0)
        layout.setSpacing(0)
        for widget in (self.stop_button, self.recording, self.rig, self.rearm, self.restart):
            layout.addWidget(widget, 1 if widget is self.rig else 0)
        layout.addSpacing(unit() * 2)
        self._jobs_divider = Divider()
        self._disk_divider = Divider()
        for widget in (self._beside, self._disk_divider, self.disk, self._jobs_divider, self.jobs):
            layout.addWidget(widget)
        self.rearm.hide()
        self.restart.hide()
        self._working = False
        self.show_jobs(())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()

    def _fit(self) -> None:
        """In a narrow window no jobs need no words, and what the rig warns of comes before cameras, disk and jobs."""
        shown = self.width() >= unit() * _ROOMY or self._working
        yielding = [((self._jobs_divider, self.jobs), shown), ((self._beside,), True)]
        yielding.append(((self._disk_divider, self.disk), True))
        fixed = (self.stop_button, self.recording, self.rearm, self.restart)
        room = self.width() - 3 * unit() - self.rig.wanted_width
        room -= sum(widget.sizeHint().width() for widget in fixed if not widget.isHidden())
        widths = [sum(widget.sizeHint().width() for widget in widgets) if wanted else 0 for widgets, wanted in yielding]
        for index, (widgets, wanted) in enumerate(yielding):
            for widget in widgets:
                widget.setVisible(wanted and (not self._warns or sum(widths[index:]) <= room))

    def show_rig(self, line: RigLine) -> None:
        self.rig.show_lines(line.state, line.detail, line.icon, warns=line.warns, tooltip=line.detail)
        self.stop_button.set_stopped(line.stopped)
        self.rearm.setVisible(line.stopped)
        self.rearm.set_allowed(line.resting)
        self.restart.setVisible(line.gone)
        self._warns = line.warns
        self._fit()

    def show_recording(self, time: str) -> None:
        """The running time of a recording, empty without one."""
        self.recording.show_time(time)
        self._fit()

    def show_cameras(self, lines: tuple[CameraLine, ...]) -> None:
        if tuple(self.cameras) != tuple(line.role for line in lines):
            self._rebuild_cameras(lines)
        for line in lines:
            self.cameras[line.role].show_lines(line.rate, line.losses, warns=line.warns, tooltip=line.tooltip)

    def _rebuild_cameras(self, lines: tuple[CameraLine, ...]) -> None:
        clear(self._cameras)
        self.cameras = {}
        for line in lines:
            cell = Cell("00 lost, 00 gaps")
            self._cameras.addWidget(Divider())
            self._cameras.addWidget(cell)
            self.cameras[line.role] = cell

    def show_disk(self, line: DiskLine) -> None:
        self.disk.show_lines(line.value, "on the disk", warns=line.low, tooltip=line.tooltip)

    def show_jobs(self, jobs: tuple[tuple[str, str], ...]) -> None:
        self._working = bool(jobs)
        self._fit()
        if jobs:
            name, progress = jobs[0]
            more = f", {len(jobs) - 1} more" if len(jobs) > 1 else ""
            self.jobs.show_lines(progress, name + more, "job")
        else:
            self.jobs.show_lines("No jobs", "running")
