"""The Teleoperate page: views, plots, record bar; joined here, decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.input import application, is_typing, wants_keys
from app.live.driving import DrivingController
from app.live.live_views import LiveViews
from app.live.reference import Reference
from app.page import Page
from app.pages.teleoperate.bindings_panel import BindingsPanel
from app.pages.teleoperate.collecting import Collecting
from app.pages.teleoperate.global_keys import GlobalKeysBridge
from app.pages.teleoperate.guide import Guide
from app.pages.teleoperate.record_bar import RecordBar
from app.pages.teleoperate.recording import Phase, RecordingFlow
from app.pages.teleoperate.scan_panel import ScanPanel
from app.pages.teleoperate.scanning import Scanning
from app.pages.teleoperate.toolbar import Toolbar
from app.services import Services
from app.settings import Setting
from app.theme import unit
from app.widgets.basics import laid_out
from app.workers.capture import CaptureWorker
from core.attempts.collecting import WantedStarts
from core.clock import monotonic_ns
from core.errors import InputError, StopReason
from core.processes.jobs import JobEnded
from core.tasks import TaskInfo
from robot.station_messages import LoadTask, Ready, Stopped
from robot.teleoperation.driver import DriveState
from robot.teleoperation.presets import DriveAction, Preset

if TYPE_CHECKING:
    from app.views.traces import Traces

_GRIPS = frozenset(
    {
        DriveAction.GRIPPER_OPEN,
        DriveAction.GRIPPER_CLOSE,
        DriveAction.GRIPPER_WIDER,
        DriveAction.GRIPPER_NARROWER,
    }
)
_GUIDE = Setting("teleoperate.guide_closed", bool, False)
_TASK = Setting("teleoperate.task", str, "free")
_OPERATOR = Setting("teleoperate.operator", str, "")
_COUNTDOWN = Setting("teleoperate.countdown_s", int, 3)
_RESET = Setting("teleoperate.reset_scene", bool, True)
_TRACES = Setting("teleoperate.traces", bool, True)
_PANEL = Setting("teleoperate.bindings", bool, False)
_SPLITS: Setting[dict[str, list[int]]] = Setting("teleoperate.splits", dict[str, list[int]], {})


class TeleoperatePage(Page):
    """Views on top, plots below, the record bar at the bottom, bindings at the side."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.bindings = services.bindings
        self.driving = DrivingController(services.station, services.rig, self.bindings.current, self)
        self.flow = RecordingFlow(
            services.station,
            services.library,
            services.messenger,
            services.seed,
            lambda episode: services.reveal_episode(episode),
        )
        self.views = LiveViews(services)
        self.toolbar = Toolbar(services.actions, self.bindings.current)
        self.panel = BindingsPanel()
        self.bar = RecordBar(services.actions)
        self.guide = Guide(services.actions, self.views)
        self.reference = Reference(services.library)
        self.scan = ScanPanel()
        self.collecting = Collecting(services.library, self.views)
        self._scanning = Scanning(services, self.flow, self.scan, self.driving.let_go)
        self._capture = CaptureWorker(services.station.session, self)
        self._global_keys = GlobalKeysBridge(self.driving)
        self._traces: Traces | None = None
        self._last_stamp = -1
        self._compose()
        self._restore()
        self._connect_driving()
        self._connect_recording()
        self._connect_actions()

    def _compose(self) -> None:
        self._down = QSplitter(Qt.Orientation.Vertical)
        self._down.addWidget(self.views)
        self._down.setChildrenCollapsible(False)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._across.addWidget(self._down)
        self._across.addWidget(self.panel)
        self._across.setStretchFactor(0, 1)
        self._across.setChildrenCollapsible(False)
        for splitter in (self._down, self._across):
            splitter.setHandleWidth(max(2, unit() // 2))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.toolbar, self.scan, self.collecting, self._across, self.bar):
            layout.addWidget(widget, 1 if widget is self._across else 0)

    def _restore(self) -> None:
        settings, choices = self._services.settings, self.flow.choices
        choices.task, choices.operator = settings.get(_TASK), settings.get(_OPERATOR)
        choices.countdown_s, choices.reset_scene = settings.get(_COUNTDOWN), settings.get(_RESET)
        self.bar.operator.offer([], choices.operator)
        self.bar.countdown.setCurrentIndex(max(0, self.bar.countdown.findData(str(choices.countdown_s))))
        self.bar.reset.setChecked(choices.reset_scene)
        self.guide.use(self.bindings.current)
        self.guide.setVisible(not settings.get(_GUIDE))
        self.panel.offer_presets(self.bindings.presets, self.bindings.current.name)
        self.panel.show_preset(self.bindings.current, edited=self.bindings.is_edited)
        self.panel.hold_to_move.setChecked(self.driving.driver.hold_to_move)
        self.panel.setVisible(settings.get(_PANEL))
        self._services.actions["drive.panel"].setChecked(settings.get(_PANEL))
        self._services.actions["view.traces"].setChecked(settings.get(_TRACES))
        self._services.station.use_task(choices.task)

    def _connect_driving(self) -> None:
        driving, panel, toolbar = self.driving, self.panel, self.toolbar
        driving.accepts_keys = lambda: not panel.listening
        driving.heldChanged.connect(panel.show_held)
        driving.stateChanged.connect(self._drive_state_changed)
        driving.cameraChanged.connect(toolbar.show_camera)
        driving.cameraChanged.connect(self.views.show_driving_camera)
        driving.speedChanged.connect(toolbar.show_speed)
        driving.blocked.connect(self._say_blocked)
        toolbar.speedChosen.connect(driving.set_speed)
        toolbar.cameraChosen.connect(driving.set_camera)
        toolbar.axesChosen.connect(lambda axes: self.bindings.drive_with(axes=axes))
        toolbar.planeChosen.connect(lambda plane: self.bindings.drive_with(drag_plane=plane))
        panel.presetChosen.connect(self.bindings.choose)
        panel.presetReset.connect(self.bindings.reset)
        panel.bindingChanged.connect(self._bind)
        panel.holdToMoveChosen.connect(self._hold_to_move)
        panel.globalKeysChosen.connect(lambda on: panel.explain_global_keys(self._global_keys.use(on)))
        self.bindings.changed.connect(self._use_preset)
        self.views.viewsChanged.connect(driving.set_views)

    def _connect_recording(self) -> None:
        flow, bar, station = self.flow, self.bar, self._services.station
        flow.phaseChanged.connect(self._phase_changed)
        flow.countedDown.connect(bar.show_seconds_left)
        flow.intended.connect(bar.show_intent)
        flow.episodeSaved.connect(bar.show_saved)
        flow.episodeBack.connect(bar.show_saved)
        flow.episodeLabelled.connect(bar.show_verdict)
        bar.taskChosen.connect(self._choose_task)
        self._services.choose_task = self._choose_task
        bar.operatorChosen.connect(lambda name: setattr(flow.choices, "operator", name))
        bar.countdownChosen.connect(lambda seconds: setattr(flow.choices, "countdown_s", seconds))
        bar.resetChosen.connect(lambda wanted: setattr(flow.choices, "reset_scene", wanted))
        bar.noteWritten.connect(flow.note)
        station.readied.connect(self._station_ready)
        station.taskLoaded.connect(lambda event: self._show_task(event.task))
        station.stopped.connect(self._stopped)
        self.reference.changed.connect(self.views.set_reference)
        self._services.library.episodeSaved.connect(self.reference.saved)
        self._services.library.episodeSaved.connect(self.collecting.saved)
        self._services.collect_here = self._collect_here
        self._services.library.opened.connect(lambda _: self._library_opened())
        self.guide.closed.connect(lambda: self._services.settings.put(_GUIDE, True))

    def _connect_actions(self) -> None:
        actions, flow = self._services.actions, self.flow
        handlers = {
            "record.toggle": flow.toggle,
            "record.again": flow.again,
            "record.success": lambda: flow.judge(True),
            "record.failure": lambda: flow.judge(False),
            "record.discard": flow.discard,
            "record.next": flow.next,
            "record.note": self.bar.write_note,
            "scene.reset": flow.reset_scene,
            "scene.capture_empty": self._capture_empty,
            "view.reset": self.views.reset,
            "drive.camera": self.driving.next_camera,
        }
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        self._capture.ended.connect(self._captured)
        actions["drive.panel"].toggled.connect(self.panel.setVisible)
        actions["view.traces"].toggled.connect(self._show_traces)
        actions["view.ghost"].toggled.connect(self.views.show_reference)

    def _capture_empty(self) -> None:
        """Capture the empty workspace with the rig as it is."""
        messenger, ready = self._services.messenger, self._services.station.ready
        if ready is None or self._services.library.library is None:
            messenger.complain("The rig or the library is not ready yet; try again in a moment.", key="capture")
        elif self._capture.running:
            messenger.say("The empty workspace is being captured already.", key="capture")
        else:
            messenger.say("Capturing the empty workspace. Let the arm stand still.", key="capture")
            self._capture.start(ready, self._services.library.root)

    def _captured(self, ended: JobEnded) -> None:
        tell = self._services.messenger.say if ended.status == "done" else self._services.messenger.complain
        tell(ended.message, key="capture")

    # Page -----------------------------------------------------------------------------------------------------------
    def entered(self) -> None:
        application().focusChanged.connect(self._focus_changed)
        self.driving.enter()
        self.views.entered()
        QTimer.singleShot(0, self, lambda: self._show_traces(self._services.actions["view.traces"].isChecked()))

    def left(self) -> None:
        application().focusChanged.disconnect(self._focus_changed)
        self.driving.leave()
        self.views.left()

    def _focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        """Whoever types does not drive: the arm is given back, and Space is a letter."""
        if is_typing(new):
            self.driving.let_go()

    def let_go(self) -> None:
        self.driving.let_go()
        self.views.let_go()
        self.flow.cancel()

    def tick(self) -> None:
        station = self._services.station
        self.views.tick(self.driving.driver.setpoint)
        step = station.step
        if self._traces is not None:
            if step is not None and step.state.stamp_ns != self._last_stamp:
                self._last_stamp = step.state.stamp_ns
                self._traces.append(step)
            self._traces.draw(monotonic_ns())
        status = station.status
        if status is not None:
            self.bar.show_progress(status.recording, status.success)
            self._scanning.show_progress(status)
        if self.driving.device.take_pressed() & _GRIPS and status is not None and status.stop_reason is None:
            self.guide.tick("grip")

    def remember(self) -> None:
        settings, choices = self._services.settings, self.flow.choices
        settings.put(_TASK, choices.task)
        settings.put(_OPERATOR, choices.operator)
        settings.put(_COUNTDOWN, choices.countdown_s)
        settings.put(_RESET, choices.reset_scene)
        settings.put(_PANEL, self.panel.isVisibleTo(self))
        settings.put(_TRACES, self._services.actions["view.traces"].isChecked())
        if laid_out(self._across):
            settings.put(_SPLITS, {"down": self._down.sizes(), "across": self._across.sizes()})
        self.views.remember()
        self._global_keys.use(False)

    def _show_traces(self, shown: bool) -> None:
        if shown and self._traces is None:
            from app.views.traces import Traces

            self._traces = Traces()
            self._down.addWidget(self._traces)
            self._down.setStretchFactor(0, 1)
            sizes = self._services.settings.get(_SPLITS).get("down", [])
            self._down.setSizes(sizes if len(sizes) == 2 else [unit() * 120, unit() * 32])
        if self._traces is not None:
            self._traces.setVisible(shown)

    # Driving --------------------------------------------------------------------------------------------------------
    def _use_preset(self, preset: Preset) -> None:
        self.driving.use(preset)
        self.panel.complain("")
        self.panel.offer_presets(self.bindings.presets, preset.name)
        self.panel.show_preset(preset, edited=self.bindings.is_edited)
        self.toolbar.show_preset(preset)
        self.guide.use(preset)

    def _bind(self, action: DriveAction, triggers: tuple[str, ...]) -> None:
        try:
            self.bindings.bind(action, triggers)
        except InputError as error:
            self.panel.complain(str(error))
            self.panel.show_preset(self.bindings.current, edited=self.bindings.is_edited)

    def _hold_to_move(self, wanted: bool) -> None:
        self.driving.let_go()
        try:
            self.driving.driver.hold_to_move = wanted
        except InputError as error:
            self.panel.complain(str(error))
            self.panel.hold_to_move.setChecked(self.driving.driver.hold_to_move)

    def _drive_state_changed(self, state: DriveState) -> None:
        if state is DriveState.DRIVING:
            self.guide.tick("move")

    def _stopped(self, event: Stopped) -> None:
        """The guide is about the person's own stop, not about one that the station made."""
        if event.reason == StopReason.OPERATOR:
            self.guide.tick("stop")

    def _say_blocked(self) -> None:
        self._services.messenger.say(
            "The arm is stopped; re-arm it to drive.", "Re-arm", self._services.actions["rearm"].trigger, key="blocked"
        )

    # Recording ------------------------------------------------------------------------------------------------------
    def _station_ready(self, ready: Ready) -> None:
        roles = [camera.role for camera in ready.cameras]
        self.toolbar.offer_cameras(roles)
        self.driving.offer_cameras(roles)
        self.bar.reset.setVisible(ready.simulated)
        self._services.actions["scene.reset"].setEnabled(ready.simulated)
        self._services.actions["view.push"].setEnabled(ready.simulated)
        if ready.tasks:
            self.bar.task.setEditable(False)
            self.bar.task.offer([(task.title, task.name) for task in ready.tasks], self.flow.choices.task)
        if ready.task is not None:
            self.flow.choices.task = ready.task.name
            self._show_task(ready.task)

    def _library_opened(self) -> None:
        self._services.library.read(
            lambda library: (library.episodes.operators(), library.episodes.tasks()), self._offer_names
        )
        self.reference.use_task(self.flow.choices.task)

    def _offer_names(self, names: tuple[list[str], list[str]]) -> None:
        operators, tasks = names
        self.bar.operator.offer([(name, name) for name in operators], self.flow.choices.operator)
        ready = self._services.station.ready
        if ready is not None and not ready.tasks:
            self.bar.task.setEditable(True)
            self.bar.task.offer([(name, name) for name in tasks], self.flow.choices.task)

    def _choose_task(self, name: str) -> None:
        """What is recorded from now on belongs to that task, also while its scene is still being built."""
        self.setFocus()
        ready = self._services.station.ready
        loaded = ready.task.name if ready is not None and ready.task is not None else name
        if name == self.flow.choices.task == loaded:
            return
        self.flow.choices.task = name
        if ready is not None and ready.tasks:
            self._services.station.send(LoadTask(name))
        self._services.station.use_task(name)

    def _collect_here(self, wanted: WantedStarts) -> None:
        self._services.show_page("teleoperate")
        self.collecting.begin(wanted)
        self._choose_task(wanted.task.name)

    def _show_task(self, task: TaskInfo) -> None:
        self.bar.task.setCurrentIndex(max(0, self.bar.task.findData(task.name)))
        self.bar.task.setToolTip(task.prompt)
        self.toolbar.show_prompt(task.prompt)
        self._scanning.use_task(task)
        self.views.show_task(task)
        self.collecting.use_task(task.name)
        self.reference.use_task(task.name)
        self.driving.use_camera_of(task)

    def _phase_changed(self, phase: Phase) -> None:
        self.bar.show_phase(phase)
        self.views.show_recording(phase is Phase.RECORDING)
        if phase is Phase.RECORDING:
            self.guide.tick("record")
        self.driving.device.release_all() if phase is Phase.COUNTDOWN else None
        actions = self._services.actions
        labelling = phase is Phase.LABELLING
        judged = labelling or phase in (Phase.RECORDING, Phase.SAVING)
        for name in ("record.success", "record.failure", "record.again"):
            actions[name].setEnabled(judged and not self.flow.scanning)
        actions["record.discard"].setEnabled(judged or phase is Phase.COUNTDOWN)
        actions["record.next"].setEnabled(phase not in (Phase.STARTING, Phase.RECORDING))
        actions["record.toggle"].setEnabled(phase not in (Phase.STARTING, Phase.SAVING))
        actions["record.note"].setEnabled(labelling)
        if not wants_keys(self.focusWidget()):
            self.setFocus()
