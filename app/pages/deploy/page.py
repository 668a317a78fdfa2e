"""The Deploy page: views, plots, attempts and the bar; joined here, decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QPushButton, QSplitter, QStackedWidget, QWidget

from app.input import application, is_typing, wants_keys
from app.live.driving import DrivingController
from app.live.live_views import LiveViews
from app.live.reference import Reference
from app.page import Page
from app.pages.deploy.attempt import RESTING, UNDER_WAY, AttemptFlow, Phase
from app.pages.deploy.bar import AttemptBar
from app.pages.deploy.policies import PolicyLine, read_policies
from app.pages.deploy.reviewing import Reviewing
from app.pages.deploy.seeing import seen_by
from app.pages.deploy.session import SessionPanel
from app.pages.deploy.toolbar import DeployToolbar
from app.services import Services
from app.settings import Setting
from app.theme import unit
from app.widgets.basics import EmptyState, column, laid_out, row, text
from core.clock import monotonic_ns
from core.messages import Source
from core.processes.jobs import JobEnded
from core.tasks import TaskInfo
from robot.policies.runner_messages import PolicyInsight
from robot.station_messages import Ready

if TYPE_CHECKING:
    from app.pages.deploy.plots import InsightPlots

_POLICY = Setting("deploy.policy", str, "")
_SPEED = Setting("deploy.speed", float, 1.0)
_SCRIPTED = Setting("deploy.scripted", bool, False)
_SPLITS: Setting[dict[str, list[int]]] = Setting("deploy.splits", dict[str, list[int]], {})
_WORTH_SHOWING = frozenset({Phase.DRIVING, Phase.SAVING})


class DeployPage(Page):
    """Views on top, plots below, attempts at the side, the bar at the bottom."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.policies: tuple[PolicyLine, ...] = ()
        self._wanted = services.settings.get(_POLICY)
        self._titles: dict[str, str] = {}
        self._limits: dict[str, float] = {}
        self._plots: InsightPlots | None = None
        self.insight: PolicyInsight | None = None
        station, actions = services.station, services.actions
        self.policy = services.policy
        self.driving = DrivingController(station, services.rig, services.bindings.current, self)
        reveal = lambda episode: services.reveal_episode(episode)  # noqa: E731
        self.flow = AttemptFlow(
            station, services.library, self.policy, services.messenger, self.driving.let_go, reveal, self._load_scene
        )
        self.views = LiveViews(services)
        self.reference = Reference(services.library)
        self.toolbar = DeployToolbar(actions)
        self.session = SessionPanel(actions)
        self.bar = AttemptBar(actions)
        self.reviewing = Reviewing(services, self.flow, self.session)
        self._compose()
        self._restore()
        self._connect()
        self._show_phase(Phase.IDLE)

    def _compose(self) -> None:
        self._down, self._across = QSplitter(Qt.Orientation.Vertical), QSplitter(Qt.Orientation.Horizontal)
        self._down.addWidget(self.views)
        for part in (self._down, self.session):
            self._across.addWidget(part)
        self._across.setStretchFactor(0, 1)
        for splitter in (self._down, self._across):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(max(2, unit() // 2))
        sizes = self._services.settings.get(_SPLITS).get("across", [])
        self._across.setSizes(sizes if len(sizes) == 2 else [unit() * 240, unit() * 104])
        self._obstacle = _Obstacle(self._load_scene)
        inside = column(self.toolbar, self._obstacle, gap=0)
        inside.addWidget(self._across, 1)
        inside.addWidget(self.bar)
        self._body = QWidget()
        self._body.setLayout(inside)
        train = QPushButton("Train a policy")
        train.setProperty("primary", True)
        train.clicked.connect(lambda: self._services.show_page("train"))
        words = "A policy that was trained acts here: you watch what it sees, take over when it errs, and keep score."
        self._empty = EmptyState("robot", "No policies yet", words, train)
        self._stack = QStackedWidget()
        for widget in (QWidget(), self._empty, self._body):
            self._stack.addWidget(widget)
        layout = column(gap=0)
        layout.addWidget(self._stack, 1)
        self.setLayout(layout)

    def _restore(self) -> None:
        settings, choices = self._services.settings, self.flow.choices
        choices.speed, choices.scripted = settings.get(_SPEED), settings.get(_SCRIPTED)
        choices.seed = self._services.seed
        self.toolbar.show_speed(choices.speed)
        self.toolbar.show_seed(choices.seed)
        self.toolbar.scripted.setChecked(choices.scripted)

    def _connect(self) -> None:
        services, flow, toolbar, driving = self._services, self.flow, self.toolbar, self.driving
        station, library, choices = services.station, services.library, self.flow.choices
        library.opened.connect(lambda _: self.refresh())
        library.episodesChanged.connect(lambda _: self.refresh())
        services.trainings.ended.connect(self._training_ended)
        services.bindings.changed.connect(driving.use)
        services.deploy_policy = self.deploy
        station.readied.connect(self._station_ready)
        station.taskLoaded.connect(lambda event: self._show_task(event.task))
        flow.phaseChanged.connect(self._show_phase)
        self.views.viewsChanged.connect(driving.set_views)
        driving.cameraChanged.connect(self.views.show_driving_camera)
        driving.blocked.connect(self._say_blocked)
        self.reference.changed.connect(self.views.set_reference)
        toolbar.policyChosen.connect(self._choose)
        toolbar.speedChosen.connect(flow.set_speed)
        toolbar.distributionChosen.connect(lambda name: setattr(choices, "distribution", name))
        toolbar.seedChosen.connect(lambda seed: setattr(choices, "seed", seed))
        toolbar.scriptedChosen.connect(lambda wanted: setattr(choices, "scripted", wanted))
        handlers = {
            "deploy.toggle": flow.toggle,
            "deploy.next": flow.next,
            "deploy.choose": self._open_list,
            "view.reset": self.views.reset,
            "drive.camera": driving.next_camera,
        }
        for name, handler in handlers.items():
            services.actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        services.actions["view.traces"].toggled.connect(lambda _: self._show_plots())
        services.actions["view.ghost"].toggled.connect(self.views.show_reference)

    # Page -----------------------------------------------------------------------------------------------------------
    def entered(self) -> None:
        application().focusChanged.connect(self._focus_changed)
        self.driving.enter()
        self.views.entered()
        self.refresh()
        QTimer.singleShot(0, self, self._show_plots)

    def left(self) -> None:
        application().focusChanged.disconnect(self._focus_changed)
        self.flow.leave()
        self.driving.leave()
        self.views.left()

    def let_go(self) -> None:
        self.driving.let_go()
        self.views.let_go()

    def _focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        """Whoever types does not drive."""
        if is_typing(new):
            self.driving.let_go()

    def remember(self) -> None:
        self.flow.stop()
        settings, choices = self._services.settings, self.flow.choices
        settings.put(_POLICY, self._wanted)
        settings.put(_SPEED, choices.speed)
        settings.put(_SCRIPTED, choices.scripted)
        if laid_out(self._across):
            settings.put(_SPLITS, {"down": self._down.sizes(), "across": self._across.sizes()})

    def tick(self) -> None:
        station = self._services.station
        step = station.step
        insight = self.policy.newest_insight()
        if insight is not None and self.flow.phase in _WORTH_SHOWING and insight.lease == self.flow.lease:
            self._show_insight(insight)
        wanted = step.wanted if step is not None else None
        policys = wanted.pose if wanted is not None and wanted.source is Source.POLICY else None
        self.views.tick(self.driving.driver.setpoint or policys)
        if station.status is not None:
            self.bar.show_status(station.status, self._limit_s())
        if self._plots is not None:
            self._plots.draw(monotonic_ns())

    # Policies -------------------------------------------------------------------------------------------------------
    def deploy(self, policy: str) -> None:
        """Show the page with that policy chosen."""
        self._wanted = policy
        self._services.show_page("deploy")
        self.refresh()

    def refresh(self) -> None:
        """Read what policies there are."""
        if self._services.library.library is not None:
            self._services.library.read(read_policies, self._offer)

    def _offer(self, policies: tuple[PolicyLine, ...]) -> None:
        self.policies = policies
        self._stack.setCurrentWidget(self._body if policies else self._empty)
        self.toolbar.offer(policies, self._titles, self._wanted)
        by_id = {each.id: each for each in policies}
        gone = self.flow.choices.policy is not None and self.flow.choices.policy.id not in by_id
        if gone and self.flow.phase in RESTING:
            self._services.messenger.say("The policy is in the trash; choose another or restore it.", key="deploy")
        chosen = by_id.get(self._wanted) or (policies[0] if policies and not gone else None)
        if self.flow.phase in RESTING and chosen != self.flow.choices.policy:
            self._use(chosen)

    def _choose(self, policy: str) -> None:
        self.setFocus()
        self._use(next((each for each in self.policies if each.id == policy), None))

    def _use(self, policy: PolicyLine | None) -> None:
        self.flow.choose(policy)
        if policy is not None:
            self._wanted = policy.id
            self.toolbar.offer(self.policies, self._titles, policy.id)
            self.reference.use_task(policy.task)
        self.reviewing.use(policy)
        self._show_obstacle()
        self._allow()

    def _open_list(self) -> None:
        self.toolbar.policy.showPopup()

    def _training_ended(self, run: object, event: JobEnded) -> None:
        self.refresh()

    # The scene ------------------------------------------------------------------------------------------------------
    def _station_ready(self, ready: Ready) -> None:
        self._titles = {task.name: task.title for task in ready.tasks}
        self._limits = {task.name: task.time_limit_s for task in ready.tasks}
        self.driving.offer_cameras([camera.role for camera in ready.cameras])
        self.toolbar.show_simulated(ready.simulated)
        if ready.task is not None:
            self._show_task(ready.task)
        self.refresh()

    def _show_task(self, task: TaskInfo) -> None:
        self.views.show_task(task)
        self.driving.use_camera_of(task)
        self._show_obstacle()
        self._allow()

    def _show_obstacle(self) -> None:
        other = self.flow.other_task
        self._obstacle.show_task(self._titles.get(other, other))

    def _load_scene(self) -> None:
        """The scene of what the policy was shown."""
        task = self.flow.other_task
        if task and self.flow.phase in RESTING:
            self._services.choose_task(task)
            self.setFocus()

    def _limit_s(self) -> float | None:
        policy = self.flow.choices.policy
        return self._limits.get(policy.task) if policy is not None else None

    # What is shown --------------------------------------------------------------------------------------------------
    def _show_phase(self, phase: Phase) -> None:
        resting = phase in RESTING
        self.bar.show_phase(phase)
        self.toolbar.show_resting(resting)
        self.toolbar.show_seed(self.flow.choices.seed)
        self.views.show_recording(phase in UNDER_WAY)
        if phase is Phase.DRIVING and self._plots is not None:
            self._plots.interrupt()
        if phase is Phase.PROMPT:
            self._services.actions["view.ghost"].setChecked(True)
        if phase not in _WORTH_SHOWING:
            self.insight = None
            self.views.show_seen(None)
        if resting:
            self.refresh()
        self._allow()
        if self.isVisible() and not wants_keys(self.focusWidget()):
            self.setFocus()

    def _allow(self) -> None:
        actions, phase = self._services.actions, self.flow.phase
        can_start = self.flow.choices.policy is not None
        actions["deploy.toggle"].setEnabled(can_start and phase not in (Phase.STARTING, Phase.SAVING))
        waits = phase in RESTING or phase in (Phase.PROMPT, Phase.TAKEN, Phase.SAVING)
        actions["deploy.next"].setEnabled(can_start and waits)
        self.reviewing.allow()

    def _show_insight(self, insight: PolicyInsight) -> None:
        self.insight = insight
        station = self._services.station
        self.views.show_seen(seen_by(insight, station.frames))
        self.bar.show_insight(insight)
        if self._plots is not None:
            self._plots.append(insight, station.step)

    def _show_plots(self) -> None:
        """Made when they are first wanted, before a policy drives: that takes too long then."""
        shown = self._services.actions["view.traces"].isChecked()
        if shown and self._plots is None:
            from app.pages.deploy.plots import InsightPlots

            self._plots = InsightPlots()
            self._down.addWidget(self._plots)
            self._down.setStretchFactor(0, 1)
            sizes = self._services.settings.get(_SPLITS).get("down", [])
            self._down.setSizes(sizes if len(sizes) == 2 else [unit() * 120, unit() * 32])
        if self._plots is not None:
            self._plots.setVisible(shown)

    def _say_blocked(self) -> None:
        self._services.messenger.say(
            "The arm is stopped; re-arm it to drive.", "Re-arm", self._services.actions["rearm"].trigger, key="blocked"
        )


class _Obstacle(QFrame):
    """A row that says that another scene is loaded, with the step that loads the right one."""

    def __init__(self, load: object) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 11)
        self._words = text("")
        self.button = QPushButton()
        self.button.setProperty("primary", True)
        self.button.clicked.connect(lambda: load())
        self.setLayout(row(self._words, None, self.button, margins=(3, 0, 3, 0)))
        self.hide()

    def show_task(self, title: str) -> None:
        """The task whose scene is needed; empty when it is there."""
        self.setVisible(bool(title))
        self._words.setText(f"The policy was shown '{title}', and the scene of another task is loaded.")
        self.button.setText(f"Load '{title}'")
