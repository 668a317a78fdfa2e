"""The source, the targets and what is asked of them: a pixel of the source in, heatmaps and reticles out.

Everything is computed here in the window from the maps that arrived, so that hovering waits for no process
(docs/decisions/0030). Only the newest position of the pointer counts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor

from app.pages.correspondence.view import MATCH_COLOUR, SOURCE_COLOUR, Mark, PanelView
from app.theme import unit
from app.views.heat import Look
from core.correspondence.colours import descriptor_colours
from core.correspondence.descriptor_sets import SetPoint, coarse_matches
from core.correspondence.descriptors import DescriptorImage
from core.correspondence.heatmap import Match, match
from robot.inspector_messages import LiveFrame, PanelImage, Shown, StoredFrame
from robot.inspector_truth import error_m, true_pixel

Descriptor = NDArray[np.float32]
_ROOMY = 95
_NAMED = 6
"""With more points than these their names would cover the picture; their colours stay."""


class Stage(QObject):
    """Owns the views; the page places them and says which images they show."""

    chosen = Signal(int)
    """A panel was clicked."""
    pointAdded = Signal(float, float)
    """Shift and click in the source at that pixel."""
    frozenChanged = Signal(bool)
    viewsChanged = Signal()
    filled = Signal(object)
    """A target was double-clicked: it wants all the room, or to go back."""
    probed = Signal()
    """Everything is painted for the newest position."""
    labelled = Signal(int, float, float)
    """While labelling: that pixel of a panel."""
    labelDragged = Signal(int, float, float)

    def __init__(self, title_of: Callable[[Shown], str]) -> None:
        super().__init__()
        self._title_of = title_of
        self.look = Look()
        self.linked = self.as_descriptors = self.masked = self.labelling = self.masking = False
        self.correct: Callable[[PanelImage], PanelImage] = lambda image: image
        """Puts what a hand corrected into an image's mask."""
        self.source = self._new_view(0, 0)
        self.targets: list[PanelView] = []
        self._panels: tuple[Shown, ...] = ()
        self._models: tuple[str, ...] = ()
        self._contents: dict[tuple[int, int], PanelImage] = {}
        self._pointer: NDArray[np.float64] | None = None
        self._frozen: dict[int, Descriptor] | None = None
        self._points: tuple[SetPoint, ...] = ()
        self._point_marks: dict[tuple[int, int], tuple[Mark, ...]] = {}
        self._labels: dict[int, tuple[Mark, ...]] = {}
        self._chosen = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.probe)
        self.probes = 0

    # Panels ---------------------------------------------------------------------------------------------------------
    def set_panels(self, panels: tuple[Shown, ...], models: tuple[str, ...]) -> None:
        """Show these images, by the models of these folders; those that are there already stay as they are."""
        before, before_models = self._panels, self._models
        self._panels, self._models = panels, models
        self._keep_contents()
        layout_changed = len(panels) != len(before) or len(models) != len(before_models)
        if layout_changed:
            self._place()
        for view in self.views():
            shown = panels[view.panel]
            if view.shown != shown or (view.panel, view.model) not in self._contents:
                view.wait_for(shown, self._title(view))
            else:
                view.show_title(self._title(view))
        self.choose(min(self._chosen, max(0, len(panels) - 1)))
        if panels and before and panels[0] != before[0]:
            self.freeze(False)
        self.ask()

    def _keep_contents(self) -> None:
        """An image that only changed its place keeps what is known of it."""
        known = {(image.folder, image.shown): image for image in self._contents.values()}
        self._contents.clear()
        self._point_marks.clear()
        for panel, shown in enumerate(self._panels):
            for model, folder in enumerate(self._models):
                image = known.get((folder, shown))
                if image is not None:
                    self._contents[panel, model] = image
        for view in self.views():
            content = self._contents.get((view.panel, view.model))
            if content is not None and content is not view.content:
                view.shown = content.shown
                view.show_content(content)

    def _place(self) -> None:
        wanted = [(panel, model) for panel in range(1, len(self._panels)) for model in range(max(1, len(self._models)))]
        have = {(view.panel, view.model): view for view in self.targets}
        for key, view in have.items():
            if key not in wanted:
                view.hide()
                view.deleteLater()
        self.targets = [have.get(key) or self._new_view(*key) for key in wanted]
        self.viewsChanged.emit()

    def _new_view(self, panel: int, model: int) -> PanelView:
        view = PanelView(panel, model, "Source" if panel == 0 else f"Target {panel}")
        view.pressed.connect(lambda u, v, shift, view=view: self._pressed(view, u, v, shift))
        view.dragged.connect(lambda u, v, view=view: self._dragged(view, u, v))
        view.viewMoved.connect(lambda view=view: self._view_moved(view))
        if panel == 0:
            view.hovered.connect(self._hovered)
        else:
            view.filled.connect(lambda view=view: self.filled.emit(view))
        return view

    @property
    def panels(self) -> tuple[Shown, ...]:
        return self._panels

    def views(self) -> list[PanelView]:
        """The source and all targets."""
        return [self.source, *self.targets]

    def choose(self, panel: int) -> None:
        """Mark the image whose origin can be changed."""
        self._chosen = panel
        for view in self.views():
            view.set_framed(view.panel == panel and panel > 0)

    def content(self, panel: int, model: int = 0) -> PanelImage | None:
        return self._contents.get((panel, model))

    def missing(self, masks: bool) -> tuple[tuple[int, int], ...]:
        """Panel and model of what has not arrived yet, or has no mask although masks are wanted."""
        keys = [(panel, model) for panel in range(len(self._panels)) for model in range(len(self._models))]
        there = {key for key, image in self._contents.items() if image.found is not None or not masks}
        return tuple(key for key in keys if key not in there)

    def _title(self, view: PanelView) -> str:
        """Once for all models: the grid names those."""
        name = "Source" if view.panel == 0 else f"{view.panel}"
        return f"{name}   {self._title_of(self._panels[view.panel])}" if view.model == 0 else ""

    # What arrives ---------------------------------------------------------------------------------------------------
    def accept(self, panel: int, model: int, image: PanelImage) -> bool:
        """Take a described image unless another one is wanted in its place by now."""
        if panel >= len(self._panels) or model >= len(self._models):
            return False
        if image.shown != self._panels[panel] or image.folder != self._models[model]:
            return False
        image = self.correct(image)
        self._contents[panel, model] = image
        self._point_marks.pop((panel, model), None)
        for view in self.views():
            if (view.panel, view.model) == (panel, model):
                view.shown = image.shown
                view.show_content(image)
                view.show_title(self._title(view))
        self.ask()
        return True

    def correct_again(self) -> None:
        """Masks were corrected meanwhile."""
        self._contents = {key: self.correct(image) for key, image in self._contents.items()}
        if self.masked:
            self.ask()

    def complain(self, panel: int, model: int, message: str) -> None:
        """Say in the panels concerned why they show nothing; -1 means all."""
        for view in self.views():
            if panel in (-1, view.panel) and model in (-1, view.model):
                view.show_trouble(message)

    # Pointing -------------------------------------------------------------------------------------------------------
    def _hovered(self, u: float, v: float) -> None:
        if self._frozen is None and self._comparing:
            self._pointer = np.array([u, v])
            self.ask()

    @property
    def _comparing(self) -> bool:
        """Whether the pointer asks for matches; where a hand labels or corrects, heatmaps would lead the eye."""
        return not (self.labelling or self.masking)

    def point_at(self, u: float, v: float) -> None:
        """Ask for a pixel of the source as if the pointer were there."""
        self._pointer = np.array([u, v])
        self.ask()

    def ask(self) -> None:
        """Answer once the events that wait are handled: of many positions only the newest is computed."""
        if not self._timer.isActive():
            self._timer.start()

    def _pressed(self, view: PanelView, u: float, v: float, shift: bool) -> None:
        if self.labelling:
            self.labelled.emit(view.panel, u, v)
            return
        if view.panel != 0:
            self.chosen.emit(view.panel)
            return
        if shift:
            self.pointAdded.emit(u, v)
            return
        self.chosen.emit(0)
        self._frozen = None
        self.point_at(u, v)
        self.freeze(True)

    def _dragged(self, view: PanelView, u: float, v: float) -> None:
        if self.labelling:
            self.labelDragged.emit(view.panel, u, v)
        elif view.panel == 0:
            self._frozen = None
            self.point_at(u, v)
            self.freeze(True)

    def freeze(self, on: bool) -> None:
        """Keep the descriptor of the point: live images move on under it."""
        was = self._frozen is not None
        self._frozen = self._asked() if on else None
        if not self._frozen:
            self._frozen = None
        if was != self.frozen or on != self.frozen:
            self.frozenChanged.emit(self.frozen)
        self.ask()

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    @property
    def pointer(self) -> NDArray[np.float64] | None:
        return self._pointer

    def _asked(self) -> dict[int, Descriptor]:
        """The descriptor of the point for every model that has described the source."""
        if self._frozen is not None:
            return self._frozen
        if self._pointer is None:
            return {}
        found = {}
        for model in range(len(self._models)):
            source = self._contents.get((0, model))
            if source is not None:
                found[model] = source.descriptors.at(self._pointer[None])[0]
        return found

    def descriptor_at(self, u: float, v: float) -> Descriptor | None:
        """The first model's descriptor of a pixel of the source."""
        source = self._contents.get((0, 0))
        return None if source is None else source.descriptors.at(np.array([[u, v]]))[0]

    # Answers --------------------------------------------------------------------------------------------------------
    def probe(self) -> None:
        """Paint everything for the point that is asked for now."""
        self._timer.stop()
        self.probes += 1
        asked = self._asked()
        colours = self._descriptor_pictures() if self.as_descriptors else {}
        for view in self.views():
            content = self._contents.get((view.panel, view.model))
            if content is None or view.painter is None:
                continue
            descriptor = None if view.panel == 0 else asked.get(view.model)
            self._paint(view, content, descriptor, colours.get((view.panel, view.model)))
        self.probed.emit()

    def match_in(self, panel: int) -> NDArray[np.float64] | None:
        """The pixel u, v where the first model sees the point in a target."""
        marks = (mark for view in self.targets if (view.panel, view.model) == (panel, 0) for mark in view.marks)
        return next((np.array([mark.u, mark.v]) for mark in marks if mark.shape == "match"), None)

    def _paint(
        self, view: PanelView, content: PanelImage, descriptor: Descriptor | None, colours: NDArray[np.uint8] | None
    ) -> None:
        assert view.painter is not None  # the caller looked
        marks = [*self._set_marks(view, content), *self._labels.get(view.panel, ())]
        heat = None
        if view.panel == 0 and self._pointer is not None and self._comparing:
            marks.append(Mark(float(self._pointer[0]), float(self._pointer[1]), "source", SOURCE_COLOUR))
        if descriptor is not None and self._comparing:
            found, heat = match(content.descriptors, descriptor, self.look.kernel)
            truth = self._truth(view, content)
            if truth is not None:
                marks.append(Mark(float(truth[0]), float(truth[1]), "place", SOURCE_COLOUR))
            marks.append(Mark(found.u, found.v, "match", MATCH_COLOUR))
            view.show_numbers(numbers(found, content, truth, view.width() > unit() * _ROOMY))
        else:
            view.show_numbers(self._source_words() if view.panel == 0 else "")
        if colours is not None:
            view.show_picture(view.painter.colours(colours))
        elif heat is not None:
            view.show_picture(view.painter.heat(heat, self.look))
        else:
            view.show_picture(view.painter.plain())
        view.show_marks(marks)

    def _source_words(self) -> str:
        if self.labelling:
            return "Click a point, then the same point in the targets"
        if self.masking:
            return ""
        if self._pointer is None:
            return "Point at a pixel to find it in the targets"
        kept = "   kept" if self.frozen else ""
        return f"u {self._pointer[0]:3.0f}  v {self._pointer[1]:3.0f}{kept}"

    def _truth(self, view: PanelView, content: PanelImage) -> NDArray[np.float64] | None:
        source = self._contents.get((0, view.model))
        if source is None or self._pointer is None or (self.frozen and isinstance(source.shown, LiveFrame)):
            return None
        return true_pixel(source, content, self._pointer)

    def _descriptor_pictures(self) -> dict[tuple[int, int], NDArray[np.uint8]]:
        """Jointly over all images of a model, so that the same colour means the same."""
        found: dict[tuple[int, int], NDArray[np.uint8]] = {}
        for model in range(len(self._models)):
            keys = [key for key in self._contents if key[1] == model]
            images: list[DescriptorImage] = [self._contents[key].descriptors for key in keys]
            masks = [self._contents[key].mask for key in keys] if self.masked else None
            found |= dict(zip(keys, descriptor_colours(images, masks), strict=True))
        return found

    # Points and labels ----------------------------------------------------------------------------------------------
    def show_points(self, points: tuple[SetPoint, ...]) -> None:
        """The points of the set; they belong to the first model."""
        self._points = points
        self._point_marks.clear()
        self.ask()

    def show_labels(self, labels: dict[int, tuple[Mark, ...]]) -> None:
        self._labels = labels
        self.ask()

    def _set_marks(self, view: PanelView, content: PanelImage) -> tuple[Mark, ...]:
        if view.model != 0 or not self._points or not self._comparing:
            return ()
        key = (view.panel, view.model)
        if key not in self._point_marks:
            self._point_marks[key] = self._match_points(content)
        return self._point_marks[key]

    def _match_points(self, content: PanelImage) -> tuple[Mark, ...]:
        """A point is where it was clicked in its own image, and at its best match elsewhere."""
        descriptors = np.array([point.descriptor for point in self._points], dtype=np.float32)
        if descriptors.shape[1] != content.descriptors.dim:
            return ()
        found = coarse_matches(content.descriptors, descriptors)
        marks, named = [], len(self._points) <= _NAMED
        for point, uv in zip(self._points, found, strict=True):
            u, v = (point.u, point.v) if _is_from(point, content.shown) else (float(uv[0]), float(uv[1]))
            marks.append(Mark(u, v, "point", QColor(point.colour), point.name if named else ""))
        return tuple(marks)

    # Zoom -----------------------------------------------------------------------------------------------------------
    def _view_moved(self, moved: PanelView) -> None:
        if self.linked:
            for view in self.views():
                if view is not moved:
                    view.use_view_state(moved.view_state())

    def reset_views(self) -> None:
        for view in self.views():
            view.reset_view()


def _is_from(point: SetPoint, shown: Shown) -> bool:
    return isinstance(shown, StoredFrame) and (point.episode, point.role, point.frame) == (
        shown.episode,
        shown.role,
        shown.frame,
    )


def numbers(found: Match, content: PanelImage, truth: NDArray[np.float64] | None, roomy: bool) -> str:
    """The match in figures: distance of descriptors, confidence, spread, and how far it is from the truth."""
    sure = f"{100 * found.confidence:2.0f} %"
    words = (
        f"distance {found.distance:.2f}   confidence {sure}   spread {found.spread_px:3.0f} px"
        if roomy
        else f"d {found.distance:.2f}   {sure}   ±{found.spread_px:.0f} px"
    )
    if truth is None:
        return words
    uv = np.array([found.u, found.v], dtype=np.float64)
    off_px = float(np.linalg.norm(uv - truth))
    off_m = error_m(content, uv, truth)
    away = f"{1000 * off_m:.0f} mm" if off_m is not None else f"{off_px:.0f} px"
    return f"{words}   {away} off"
