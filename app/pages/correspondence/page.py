"""The Correspondence page: joined here, decided elsewhere (scenes, stage, gathering, training, labelling)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from app.page import Page
from app.pages.correspondence.gathering import Gathering
from app.pages.correspondence.labelling import Labelling, LabelsPanel
from app.pages.correspondence.mask_panel import MaskPanel
from app.pages.correspondence.masking import Masking
from app.pages.correspondence.model_desk import ModelDesk
from app.pages.correspondence.origin import LIVE, Origin
from app.pages.correspondence.points import PointsPanel
from app.pages.correspondence.queue import PairQueue
from app.pages.correspondence.scenes import Scenes
from app.pages.correspondence.space import Space
from app.pages.correspondence.stage import Stage
from app.pages.correspondence.toolbar import Toolbar
from app.services import Services
from app.settings import Setting
from app.theme import unit
from app.views.grid import ViewGrid
from app.views.heat import Look
from app.widgets.basics import EmptyState, laid_out, record_first
from robot.inspector_messages import InspectorError, PanelImage
from robot.inspector_scenes import roles_live
from robot.station_messages import Ready

_SPLITS: Setting[list[list[int]]] = Setting("correspondence.splits", list[list[int]], [])
_LOOK: Setting[tuple[float, float, str]] = Setting("correspondence.look", tuple[float, float, str], (0.25, 0.7, "jet"))
_LABELLING = ("labels.store", "labels.undo", "labels.skip")
_SEVERAL = ("scene.choose_next", "scene.choose_last", "scene.add", "scene.remove", "look.space")
_SPACE_SHARE = 0.38
"""Of the width beside the targets."""
_CHECKS = ("look.descriptors", "look.masked", "look.linked")


class CorrespondencePage(Page):
    """Point at a pixel: every target shows where the model sees the same."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._shown = False
        self._awaiting_mask: Callable[[PanelImage], None] | None = None
        self.scenes = Scenes(services.library, services.seed)
        self.stage = Stage(self.scenes.title)
        self.gathering = Gathering(services.library, services.messenger)
        self.toolbar = Toolbar(services.actions)
        self.origin = Origin(services.actions)
        self.points = PointsPanel(services.actions)
        self.labelling = Labelling(services.library, services.messenger, lambda: self.scenes.panels)
        self.labels = LabelsPanel(services.actions)
        self.masking = Masking(services.library, services.messenger, self.stage.source, services.actions)
        self.masks = MaskPanel(services.actions)
        self.queue = PairQueue(services.library, services.inspector, self.scenes, lambda: bool(self.labelling.marks))
        self.desk = ModelDesk(services, self.toolbar)
        self.grid = ViewGrid()
        self.space = Space(services.view3d, services.pair_feed)
        self._compose()
        self._connect()
        self._connect_actions()
        look = services.settings.get(_LOOK)
        self.toolbar.show_look(Look(*look))
        self.stage.look = Look(*look)

    def _compose(self) -> None:
        self._side = QTabWidget()
        self._side.addTab(self.points, "Points")
        self._side.addTab(self.labels, "Labels")
        self._side.addTab(self.masks, "Masks")
        self._side.addTab(self.desk.panel, "Model")
        self._side.setDocumentMode(True)
        self._modes = {"labels.mode": self.labels, "masks.mode": self.masks}
        self._side.currentChanged.connect(self._turned)
        left = QWidget()
        inside = QVBoxLayout(left)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        self._down = QSplitter(Qt.Orientation.Vertical)
        self._down.addWidget(self.stage.source)
        self._down.addWidget(self._side)
        self._down.setChildrenCollapsible(False)
        inside.addWidget(self.origin)
        inside.addWidget(self._down, 1)
        self._across = QSplitter(Qt.Orientation.Horizontal)
        self._across.addWidget(left)
        self._across.addWidget(self.grid)
        self._across.setChildrenCollapsible(False)
        self._across.setStretchFactor(0, 1)
        self._across.setStretchFactor(1, 2)
        for splitter in (self._across, self._down):
            splitter.setHandleWidth(max(2, unit() // 2))
        sizes = self._services.settings.get(_SPLITS)
        self._across.setSizes(sizes[0] if len(sizes) == 2 else [unit() * 120, unit() * 230])
        self._down.setSizes(sizes[1] if len(sizes) == 2 else [unit() * 90, unit() * 70])
        self._down_sizes = self._down.sizes()
        self._main = QWidget()
        layout = QVBoxLayout(self._main)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.toolbar)
        layout.addWidget(self._across, 1)
        record = record_first(lambda: self._services.show_first_page())
        words = "Once there are episodes, descriptors learn from them what corresponds, and this page shows it."
        self._no_episodes = EmptyState("correspondence", "No episodes yet", words, record)
        self._waiting = QWidget()
        self._stack = QStackedWidget()
        for widget in (self._waiting, self._no_episodes, self.desk.card, self._main):
            self._stack.addWidget(widget)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)

    def _connect(self) -> None:
        services, library, scenes = self._services, self._services.library, self.scenes
        library.opened.connect(lambda _: self._refresh())
        library.episodesChanged.connect(lambda _: self._refresh() if self._shown else None)
        services.station.readied.connect(self._station_ready)
        services.inspector.troubled.connect(self._troubled)
        services.inspector.failed.connect(self._failed)
        services.inspector.loaded.connect(lambda _: services.messenger.withdraw("inspector"))
        self.toolbar.lookChanged.connect(self._use_look)
        self.scenes.changed.connect(self._show_scene)
        self.scenes.listed.connect(lambda _: self._offer_episodes())
        self.origin.episodeChosen.connect(lambda value: self.scenes.choose_episode(value, value == LIVE))
        self.origin.roleChosen.connect(self.scenes.choose_role)
        self.origin.frameChosen.connect(self.scenes.choose_frame)
        self.stage.chosen.connect(self.scenes.choose)
        self.stage.filled.connect(self.grid.fill)
        self.stage.viewsChanged.connect(self._place)
        self.stage.probed.connect(self._show_in_space)
        self.space.scene.filled.connect(lambda: self.grid.fill(self.space.scene))
        self.stage.frozenChanged.connect(services.actions["scene.freeze"].setChecked)
        self.stage.pointAdded.connect(self._add_point)
        self.gathering.changed.connect(self._points_changed)
        self.gathering.setsChanged.connect(self.points.offer_sets)
        self.points.renamed.connect(self.gathering.rename)
        self.points.setNamed.connect(self.gathering.use_name)
        self.points.setChosen.connect(self.gathering.open)
        self.stage.labelled.connect(self.labelling.place)
        self.stage.labelDragged.connect(self.labelling.place)
        self.labelling.marksChanged.connect(self.stage.show_labels)
        self.labelling.labelsChanged.connect(self.labels.show_labels)
        self.labelling.labelsChanged.connect(self.queue.know)
        self.queue.changed.connect(self.labels.queue.setText)
        self.labels.nameChanged.connect(lambda name: setattr(self.labelling, "name", name))
        self.stage.correct = self.masking.corrected
        self.masking.changed.connect(self.stage.correct_again)
        self.masking.stateChanged.connect(self.masks.show_state)
        self.masking.listed.connect(
            lambda frames: self.masks.show_frames([(each, scenes.name(each)) for each in frames])
        )
        self.masks.sizeChosen.connect(self.masking.sheet.sized.emit)
        self.masks.frameChosen.connect(scenes.choose_image)
        self.desk.changed.connect(self._models_changed)
        self.desk.panelWanted.connect(lambda: self._side.setCurrentWidget(self.desk.panel))
        self.desk.training.ended.connect(self._trained)
        self._services.reveal_model = self.reveal_model

    def _connect_actions(self) -> None:
        actions, scenes, step = self._services.actions, self.scenes, self.toolbar.step
        handlers: dict[str, Any] = {
            "scene.new": scenes.new,
            "scene.swap": scenes.swap,
            "scene.next": lambda: scenes.go(1),
            "scene.previous": lambda: scenes.go(-1),
            "scene.add": scenes.add,
            "scene.remove": scenes.remove,
            "scene.choose_next": lambda: scenes.choose(scenes.chosen + 1),
            "scene.choose_last": lambda: scenes.choose(scenes.chosen - 1),
            "scene.frame_back": lambda: scenes.step_frame(-1),
            "scene.frame_on": lambda: scenes.step_frame(1),
            "look.narrower": lambda: step(kernel=-1),
            "look.wider": lambda: step(kernel=1),
            "look.less": lambda: step(blend=-2),
            "look.more": lambda: step(blend=2),
            "look.colours": lambda: step(colours=1),
            "look.reset": self.stage.reset_views,
            "points.propose": self._propose,
            "points.sample": self._sample,
            "points.delete": lambda: self.gathering.delete(self.points.selected()),
            "points.clear": self.gathering.clear,
            "points.save": self._save,
            "labels.store": self.labelling.store,
            "labels.undo": self.labelling.undo,
            "labels.skip": self.queue.next,
            "labels.export": self.labelling.export,
        }
        for name, handler in handlers.items():
            actions[name].triggered.connect(lambda _=False, handler=handler: handler())
        actions["scene.freeze"].triggered.connect(self.stage.freeze)
        actions["scene.pause"].triggered.connect(self._services.inspector.pause)
        actions["look.space"].toggled.connect(self._use_space)
        actions["labels.mode"].toggled.connect(self._use_labelling)
        actions["masks.mode"].toggled.connect(self._use_masking)
        for name in _LABELLING:
            actions[name].setEnabled(False)
        for name in _CHECKS:
            actions[name].toggled.connect(self._use_checks)

    # Page -----------------------------------------------------------------------------------------------------------
    def entered(self) -> None:
        self._shown = True
        self._refresh()
        self._use_queue()
        self._use_space(self._services.actions["look.space"].isChecked())

    def left(self) -> None:
        """Live panels and the comparison of pairs rest while nobody looks."""
        self._shown = False
        self._use_queue()
        self.space.use(False)
        if roles_live(self.scenes.panels):
            self._services.inspector.pause(True)

    def tick(self) -> None:
        for panel, model, image in self._services.inspector.take():
            self._arrived(panel, model, image)
        self.space.tick()

    def undo(self) -> bool:
        """While masks are corrected, strokes are what is taken back; while labelling, marks and labels."""
        if self.masking.on:
            self.masking.undo()
        elif self.labelling.on:
            self.labelling.undo()
        return self.masking.on or self.labelling.on

    def reveal_model(self, folder: str) -> None:
        """Show the model of that folder on this page."""
        self.desk.use(folder)
        self._services.show_page("correspondence")

    def remember(self) -> None:
        self.desk.remember()
        self._services.actions["masks.mode"].setChecked(False)
        settings, look = self._services.settings, self.stage.look
        if laid_out(self._across):
            settings.put(_SPLITS, [self._across.sizes(), self._down.sizes()])
        settings.put(_LOOK, (look.kernel, look.blend, look.colours))

    # Library --------------------------------------------------------------------------------------------------------
    def _refresh(self) -> None:
        """What there is to look at and with."""
        if self._services.library.library is None:
            return
        self.scenes.list_episodes()
        self.masking.refresh()
        self.desk.refresh()

    def _models_changed(self) -> None:
        """Other models are there, or others are asked."""
        self.countChanged.emit(f"{len(self.desk.models)}" if self.desk.models else "")
        self.gathering.use_model(self.desk.chosen)
        self._place()
        self._use_queue()
        self._show_state()

    def _show_state(self) -> None:
        """Which of the page's faces: nothing to look at, nothing to look with, or the comparison."""
        if not self.scenes.rows:
            self._stack.setCurrentWidget(self._no_episodes)
        elif not self.desk.models:
            self._stack.setCurrentWidget(self.desk.card)
        else:
            self._stack.setCurrentWidget(self._main)
            if not self._shown:
                return
            if self.scenes.panels:
                self._show_scene()
            else:
                self.scenes.first()

    def _offer_episodes(self) -> None:
        self.desk.card.show_episodes(len(self.scenes.rows))
        self.origin.offer_episodes(self.scenes.rows, self.scenes.titles, bool(self.scenes.live_roles))
        if self._stack.currentWidget() is self._no_episodes:
            self._show_state()

    def _station_ready(self, ready: Ready) -> None:
        self.scenes.titles = {task.name: task.title for task in ready.tasks}
        self.scenes.live_roles = tuple(camera.role for camera in ready.cameras)
        self._offer_episodes()

    def _trained(self, status: str, message: str) -> None:
        if status == "failed":
            self._services.messenger.complain(message, key="training")
        else:
            show = "Show it" if not self._shown else ""
            self._services.messenger.say(
                "The new model is ready to be asked." if status == "done" else message,
                show,
                lambda: self._services.show_page("correspondence"),
                key="training",
            )
        self._refresh()

    # Scene ----------------------------------------------------------------------------------------------------------
    def _show_scene(self) -> None:
        """Show the panels at once, and ask for what is not described yet."""
        panels, library = self.scenes.panels, self._services.library.library
        if panels != self.stage.panels and self.labelling.on:
            self.labelling.forget()
        if not panels or library is None or not self.desk.models:
            return
        self.stage.set_panels(panels, self.desk.folders)
        self.stage.choose(self.scenes.chosen)
        self.origin.show_panel(
            self.scenes.chosen,
            panels[self.scenes.chosen],
            self.scenes.frames(self.scenes.chosen),
            self.scenes.live_roles,
        )
        self.masking.show_panels(panels, self.stage.content(0))
        if not self._shown:
            return
        ready = self._services.station.ready
        masked = self.masking.on or self._services.actions["look.masked"].isChecked()
        captures = library.captures if masked else None
        cameras = ready.cameras if ready is not None else ()
        missing = self.stage.missing(captures is not None)
        self._services.inspector.set_scene(self.desk.folders, panels, missing, cameras, library.cache, captures)
        self._services.inspector.pause(self._services.actions["scene.pause"].isChecked())

    def _place(self) -> None:
        """The targets, and their match in space; while masks are corrected the source has their room."""
        names = () if self.masking.on else self.desk.names
        tiles = [self.stage.source] if self.masking.on else [*self.stage.targets]
        beside = self.space.scene if self.space.on and not self.masking.on else None
        self.grid.set_views(
            tiles, 1 if self.masking.on else max(1, len(self.desk.folders)), beside, _SPACE_SHARE, names
        )
        if not self.masking.on and self._down.indexOf(self.stage.source) < 0:
            self._down.insertWidget(0, self.stage.source)
            self._down.setSizes(self._down_sizes)
            self.stage.source.show()

    def _use_space(self, on: bool) -> None:
        """The clouds beside the targets, and what they show."""
        self.space.use(on and self._shown)
        self._place()
        self._show_in_space()

    def _show_in_space(self) -> None:
        target = self.scenes.chosen or 1
        uv = None if self.labelling.on else self.stage.pointer
        match = None if uv is None else self.stage.match_in(target)
        self.space.show(self.stage.content(0), self.stage.content(target), uv, match)

    def _arrived(self, panel: int, model: int, image: PanelImage) -> None:
        accepted = self.stage.accept(panel, model, image)
        if not accepted or (panel, model) != (0, 0):
            return
        source = self.stage.content(0)
        self.masking.look(source)
        if source is not None and self._awaiting_mask is not None:
            use, self._awaiting_mask = self._awaiting_mask, None
            use(source)

    def _troubled(self, event: InspectorError) -> None:
        if event.panel < 0:
            self._services.messenger.complain(event.message, key="inspector")
        self.stage.complain(event.panel, event.model, event.message)

    def _failed(self, message: str) -> None:
        self.stage.complain(-1, -1, message)
        self._services.messenger.complain(message, "Start it again", self._services.inspector.restart, key="inspector")

    # Choices --------------------------------------------------------------------------------------------------------
    def _use_look(self, look: Look) -> None:
        self.stage.look = look
        self.stage.ask()

    def _use_checks(self, _: bool) -> None:
        actions = self._services.actions
        before = self.stage.masked
        self.stage.as_descriptors = actions["look.descriptors"].isChecked()
        self.stage.masked = actions["look.masked"].isChecked()
        self.stage.linked = actions["look.linked"].isChecked()
        if self.stage.masked != before:
            self._show_scene()
        self.stage.ask()

    def _use_labelling(self, on: bool) -> None:
        """While labelling, clicks mark; heatmaps would lead the eye and are left out."""
        for name in _LABELLING:
            self._services.actions[name].setEnabled(on)
        self._turn("labels.mode", on)
        self.stage.freeze(False)
        self.stage.labelling = on
        self.labelling.use(on)
        self._use_queue()
        self.stage.ask()

    def _use_masking(self, on: bool) -> None:
        """While masks are corrected, the source is painted on; heatmaps are left out here too."""
        self._turn("masks.mode", on)
        self.stage.freeze(False)
        if on:
            self._down_sizes = self._down.sizes()
            self.scenes.choose(0)
        for name in _SEVERAL:
            self._services.actions[name].setEnabled(not on)
        self.stage.masking = on
        self.masking.use(on)
        self._place()
        self._show_scene()
        self.stage.ask()

    def _turn(self, mode: str, on: bool) -> None:
        """Show the panel of a mode while it is on; without one, the points."""
        panel = self._modes[mode]
        if on:
            self._side.setCurrentWidget(panel)
        elif self._side.currentWidget() is panel:
            self._side.setCurrentWidget(self.points)

    def _turned(self) -> None:
        for mode, panel in self._modes.items():
            self._services.actions[mode].setChecked(self._side.currentWidget() is panel)

    def _use_queue(self) -> None:
        self.queue.use(self._shown and self.labelling.on, self.desk.path)

    # Points ---------------------------------------------------------------------------------------------------------
    def _add_point(self, u: float, v: float) -> None:
        source = self.stage.content(0)
        if source is not None:
            self.gathering.add(source, [(u, v)])

    def _points_changed(self, points: Any) -> None:
        self.points.show_points(points)
        self.points.name.setText(self.gathering.name)
        self.stage.show_points(points)

    def _propose(self) -> None:
        def propose(source: PanelImage) -> None:
            others = [self.stage.content(panel) for panel in range(1, len(self.scenes.panels))]
            self.gathering.propose(source, [other for other in others if other is not None])

        self._with_mask(propose)

    def _sample(self) -> None:
        self._with_mask(self.gathering.sample)

    def _with_mask(self, use: Callable[[PanelImage], None]) -> None:
        """Use the source once it says where objects are; that is asked for now unless it was before."""
        source, masked = self.stage.content(0), self._services.actions["look.masked"]
        if source is None or source.found is not None or masked.isChecked():
            if source is not None:
                use(source)
            return
        self._awaiting_mask = use
        masked.setChecked(True)

    def _save(self) -> None:
        self.gathering.use_name(self.points.name.text().strip())
        self.gathering.save()
