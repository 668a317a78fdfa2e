"""The window: rail, pages, status strip. It takes its pages from the registry and knows none by name."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from app.input import application, is_typing, key_name
from app.page import Page, PageInfo
from app.services import Services
from app.settings import Setting
from app.status import CameraLines, disk_line, recording_words, rig_line
from app.theme import Scheme, unit
from app.widgets.help import HelpSheet
from app.widgets.rail import Rail
from app.widgets.strip import StatusStrip
from app.widgets.toasts import ToastStack
from app.workers.disk import DiskWatch
from core.clock import monotonic_ns
from core.messages import ControlMode
from robot import station_messages as messages

if TYPE_CHECKING:
    from core.library.reconcile import Report

TICK_MS = 33
_GEOMETRY = Setting("window.geometry", str, "")
_PAGE = Setting("window.page", str, "")
SCHEME = Setting("window.scheme", Scheme, Scheme.SYSTEM)


class MainWindow(QMainWindow):
    """Give it services and pages; it starts nothing by itself."""

    closing = Signal()

    def __init__(self, services: Services, pages: Sequence[tuple[PageInfo, Page]]) -> None:
        super().__init__()
        self._services = services
        self._infos = {info.name: info for info, _ in pages}
        self.pages: dict[str, Page] = {info.name: page for info, page in pages}
        self._current = ""
        self._jobs: dict[str, str] = {}
        self.setWindowTitle("Reticle")
        self.setMinimumSize(unit() * 275, unit() * 170)
        self.rail = Rail()
        self.stack = QStackedWidget()
        self.strip = StatusStrip(services.actions)
        self._compose()
        self.toasts = ToastStack(self.stack, services.messenger)
        hints = tuple(hint for info, _ in pages for hint in (*info.view_uses, *info.hints))
        self.help = HelpSheet(self.stack, services.actions, hints)
        self._cameras = CameraLines()
        self._disk = DiskWatch(services.library)
        self._connect_actions()
        self._connect_services()
        self.last_tick_ns = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._application = application()
        self._application.installEventFilter(self)
        self._application.focusChanged.connect(self._focus_changed)

    def _compose(self) -> None:
        body = QWidget()
        across = QHBoxLayout()
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.rail)
        across.addWidget(self.stack, 1)
        down = QVBoxLayout(body)
        down.setContentsMargins(0, 0, 0, 0)
        down.setSpacing(0)
        down.addLayout(across, 1)
        down.addWidget(self.strip)
        self.setCentralWidget(body)
        actions = self._services.actions
        for name, info in self._infos.items():
            action = actions[f"page.{name}"]
            self.rail.add_page(name, info.title, info.icon, action.toolTip())
            self.stack.addWidget(self.pages[name])
            self.pages[name].countChanged.connect(lambda count, name=name: self.rail.set_count(name, count))
            action.triggered.connect(lambda _=False, name=name: self.show_page(name))
        self.rail.chosen.connect(self.show_page)
        self.rail.add_command(actions["appearance"], "sun")
        self.rail.add_command(actions["help"], "help")

    def _connect_actions(self) -> None:
        actions = self._services.actions
        handlers = {
            "stop": self.stop,
            "rearm": lambda: self._services.station.send(messages.Rearm()),
            "let_go": self.let_go,
            "restart_station": self._services.station.start,
            "undo": self._undo,
            "help": self.help.toggle,
            "fullscreen": self._toggle_full_screen,
            "appearance": self._choose_appearance,
            "quit": self.close,
        }
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        for spec in actions.specs:
            if spec.page == "":
                self.addAction(actions[spec.id])
            for page in spec.pages:
                if page in self.pages:
                    self.pages[page].addAction(actions[spec.id])

    def _connect_services(self) -> None:
        station, library, messenger = self._services.station, self._services.library, self._services.messenger
        station.statusChanged.connect(self._show_status)
        station.readied.connect(lambda _: messenger.withdraw("station"))
        station.readied.connect(lambda _: self._show_status(station.status))
        station.taskLoaded.connect(lambda _: self._cameras.count_anew())
        station.exited.connect(self._station_exited)
        station.troubled.connect(self._say_trouble)
        station.rearmed.connect(lambda _: self._withdraw(f"refused {messages.name_of(messages.Rearm)}", "blocked"))
        for moves_on in (station.replayStarted, station.recordingStarted, station.leaseGranted):
            moves_on.connect(lambda _: self._withdraw("notice way", "notice replay"))
        station.noticed.connect(lambda notice: messenger.complain(notice.message, key=f"notice {notice.about}"))
        library.troubled.connect(lambda text: messenger.complain(text, key="library"))
        library.openFailed.connect(lambda text: messenger.complain(text, "Try again", library.start, key="library"))
        library.opened.connect(lambda library: self._say_saved(library.report))
        library.changing.connect(lambda: messenger.withdraw_offers(library.undo))
        library.undone.connect(lambda text, ids: messenger.say(text, key="undo"))
        trainings = self._services.trainings
        trainings.changed.connect(lambda: self._show_job("training", trainings.brief))
        self._services.show_page = self.show_page
        self._services.show_job = self._show_job
        self._services.show_first_page = lambda: self.show_page(next(iter(self.pages)))
        self._show_status(None)

    # Life -----------------------------------------------------------------------------------------------------------
    def _show_job(self, name: str, progress: str) -> None:
        """In the strip; several jobs stand there by their names."""
        self._jobs.pop(name, None)
        if progress:
            self._jobs[name] = progress
        self.strip.show_jobs(tuple(self._jobs.items()))

    def begin(self) -> None:
        """Restore what was remembered and start ticking."""
        settings = self._services.settings
        geometry = settings.get(_GEOMETRY)
        if not geometry or not self.restoreGeometry(QByteArray(base64.b64decode(geometry))):
            self.resize(unit() * 340, unit() * 210)
        page = settings.get(_PAGE)
        self.show_page(page if page in self.pages else next(iter(self.pages)))
        for complaint in settings.complaints:
            self._services.messenger.say(complaint)
        self._timer.start()

    def tick(self) -> None:
        """The one 30 Hz timer: heart, status, newest frames of the page that is shown."""
        self.last_tick_ns = monotonic_ns()
        self._services.station.tick()
        if self._current:
            self.pages[self._current].tick()
        minutes = self._disk.minutes_left(self._services.station.ready, self._services.station.status)
        self.strip.show_disk(disk_line(minutes, self._disk.free_bytes))

    def _undo(self) -> None:
        """What the page that is shown has to take back comes first."""
        page = self.stack.currentWidget()
        if not (isinstance(page, Page) and page.undo()):
            self._services.library.undo()

    def show_page(self, name: str) -> None:
        if name not in self.pages or name == self._current:
            return
        if self._current:
            self.pages[self._current].left()
        self._current = name
        self.stack.setCurrentWidget(self.pages[name])
        self.rail.set_current(name)
        self.pages[name].entered()
        self.pages[name].setFocus()

    @property
    def current_page(self) -> str:
        return self._current

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        for page in self.pages.values():
            page.let_go()
            page.remember()
        settings = self._services.settings
        settings.put(_GEOMETRY, base64.b64encode(bytes(self.saveGeometry().data())).decode())
        settings.put(_PAGE, self._current)
        settings.save()
        self.hide()
        self.closing.emit()
        self._application.removeEventFilter(self)
        self._application.focusChanged.disconnect(self._focus_changed)
        event.accept()

    # Commands -------------------------------------------------------------------------------------------------------
    def stop(self) -> None:
        """Stop the arm; what is held is released."""
        self._services.station.send(messages.Stop())
        for page in self.pages.values():
            page.let_go()

    def let_go(self) -> None:
        """Esc: close what covers the page, leave the field, give the arm back."""
        if self.help.isVisible():
            self.help.hide()
            return
        for page in self.pages.values():
            page.let_go()
        if self._current:
            self.pages[self._current].setFocus()

    def _toggle_full_screen(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def _choose_appearance(self) -> None:
        menu = QMenu(self)
        words = {Scheme.SYSTEM: "As the system", Scheme.LIGHT: "Light", Scheme.DARK: "Dark"}
        for scheme, title in words.items():
            entry = menu.addAction(title)
            entry.setCheckable(True)
            entry.setChecked(self._services.theme.scheme is scheme)
            entry.triggered.connect(lambda _=False, scheme=scheme: self.use_scheme(scheme))
        corner = self.rail.mapToGlobal(self.rail.rect().bottomRight())
        menu.popup(corner - QPoint(0, menu.sizeHint().height()))

    def use_scheme(self, scheme: Scheme) -> None:
        self._services.theme.use(scheme)
        self._services.settings.put(SCHEME, scheme)

    # What is shown --------------------------------------------------------------------------------------------------
    def _show_status(self, status: messages.StationStatus | None) -> None:
        station = self._services.station
        self.strip.show_rig(rig_line(station.ready, status, station.trouble))
        self.strip.show_recording(recording_words(status.recording if status is not None else None))
        self.strip.show_cameras(self._cameras.lines(status))
        stopped = status is not None and status.stop_reason is not None
        self._services.actions["rearm"].setEnabled(stopped)

    def _say_trouble(self, trouble: messages.Trouble) -> None:
        key = f"refused {trouble.command}" if trouble.command else "station"
        if trouble.task:
            load = lambda: self._services.choose_task(trouble.task)  # noqa: E731
            self._services.messenger.complain(trouble.message, "Load the scene", load, key=key)
        else:
            self._services.messenger.complain(trouble.message, key=key)

    def _say_saved(self, report: Report) -> None:
        """What a crash interrupted is there, and the person hears of it."""
        saved = sorted(set(report.interrupted))
        if saved:
            words = (
                "1 interrupted recording was saved."
                if len(saved) == 1
                else f"{len(saved):,} interrupted recordings were saved."
            )
            show = lambda: self._services.reveal_episode(saved[-1])  # noqa: E731
            self._services.messenger.complain(words, "Show", show, key="saved")

    def _withdraw(self, *keys: str) -> None:
        for key in keys:
            self._services.messenger.withdraw(key)

    def _station_exited(self, reason: str) -> None:
        self._show_status(None)
        self._services.messenger.complain(reason, "Restart the station", self._services.station.start, key="station")

    def _focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        """A page's keys work only while something of it has the focus, so it never goes nowhere."""
        if new is None and self._current and self.isActiveWindow() and QApplication.activePopupWidget() is None:
            self.pages[self._current].setFocus()

    # Input that must reach the arm ----------------------------------------------------------------------------------
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self._lost_focus(watched, event):
            for page in self.pages.values():
                page.let_go()
        if event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress) and isinstance(event, QKeyEvent):
            return self._stop_key(event) or self._finishing_key(event) or self._list_key(event)
        return False

    def _lost_focus(self, watched: QObject, event: QEvent) -> bool:
        """Another window or another program has the keys now; becoming active is no reason to let go."""
        if event.type() == QEvent.Type.ApplicationStateChange:
            return QGuiApplication.applicationState() != Qt.ApplicationState.ApplicationActive
        return event.type() == QEvent.Type.WindowDeactivate and watched is self

    def _finishing_key(self, event: QKeyEvent) -> bool:
        """Enter ends what is being typed; it does nothing else then."""
        if event.type() != QEvent.Type.ShortcutOverride or event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return False
        if is_typing(QApplication.focusWidget()):
            event.accept()
            return True
        return False

    def _list_key(self, event: QKeyEvent) -> bool:
        """While a list is open, all other keys are the list's, which gets the event next."""
        if event.type() == QEvent.Type.ShortcutOverride and QApplication.activePopupWidget() is not None:
            event.accept()
        return False

    def _stop_key(self, event: QKeyEvent) -> bool:
        """The stop key stops from an open list, and while the arm moves from a field that would take it as a letter."""
        if key_name(event) not in self._services.actions.keys("stop"):
            return False
        status = self._services.station.status
        moving = status is not None and status.source is not None and status.mode is not ControlMode.STOPPED
        typing = moving and is_typing(QApplication.focusWidget()) and QApplication.activeWindow() is self
        if not typing and QApplication.activePopupWidget() is None:
            return False
        if event.type() == QEvent.Type.KeyPress and not event.isAutoRepeat():
            with contextlib.suppress(RuntimeError):
                self.stop()
        event.accept()
        return True
