"""Above the views: what is shown, and how the arm is driven."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame

from app.actions import ActionBook
from app.theme import unit
from app.widgets.basics import ElidedLabel, row, text
from app.widgets.choices import ActionSegments, Combo, Segments, tool
from robot.teleoperation.presets import Axes, DragPlane, Preset

_ROOMY = 330
_PLANES = {DragPlane.CAMERA: "Drag in view", DragPlane.TABLE: "Drag on table", DragPlane.UPRIGHT: "Drag upright"}


class Toolbar(QFrame):
    """Says what was chosen; the page decides."""

    speedChosen = Signal(int)
    cameraChosen = Signal(str)
    axesChosen = Signal(object)
    planeChosen = Signal(object)

    def __init__(self, book: ActionBook, preset: Preset) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 11)
        self.setMinimumWidth(unit() * 100)
        self._preset = preset
        self._modes = ActionSegments([book["view.colour"], book["view.depth"], book["view.both"]])
        self._prompt = ElidedLabel()
        self._prompt.setProperty("muted", True)
        self._speed = Segments(tuple(level.title for level in preset.speeds))
        self._axes = Segments(
            ("Camera", "World"), ("Keys move as the driving camera sees it", "Keys move along x, y, z")
        )
        self._camera = Combo(24, placeholder="View")
        self._camera.setToolTip("Whose view gives the directions; a drag in a view chooses it too")
        self._plane = Combo(32)
        self._plane.setToolTip("In which plane a drag moves the hand")
        self._plane.offer([(words, plane.value) for plane, words in _PLANES.items()], preset.drag_plane.value)
        layout = row(
            self._modes,
            tool(book["view.cloud"]),
            tool(book["view.push"]),
            tool(book["view.traces"]),
            tool(book["view.reset"]),
            tool(book["scene.capture_empty"]),
            tool(book["scene.scan"]),
            margins=(3, 0, 3, 0),
            gap=1,
        )
        layout.addSpacing(unit() * 2)
        layout.addWidget(self._prompt, 1)
        layout.addSpacing(unit() * 2)
        self._axes_label = text("Drive by", muted=True)
        for widget in (self._axes_label, self._axes, self._camera, self._plane, self._speed, tool(book["drive.panel"])):
            layout.addWidget(widget)
        self.setLayout(layout)
        self._speed.chosen.connect(self.speedChosen.emit)
        self._axes.chosen.connect(lambda index: self.axesChosen.emit((Axes.CAMERA, Axes.WORLD)[index]))
        self._camera.entered.connect(self.cameraChosen.emit)
        self._plane.entered.connect(lambda value: self.planeChosen.emit(DragPlane(value)))
        self.show_preset(preset)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the words that icons can stand for go first."""
        narrow = self.width() < unit() * _ROOMY
        self._modes.show_words(not narrow)
        self._axes_label.setVisible(not narrow)

    def show_preset(self, preset: Preset) -> None:
        if preset.speeds != self._preset.speeds:
            self._speed.set_titles(tuple(level.title for level in preset.speeds))
        self._preset = preset
        self._speed.choose(preset.speed)
        self._axes.choose(0 if preset.axes is Axes.CAMERA else 1)
        self._plane.setCurrentIndex(list(_PLANES).index(preset.drag_plane))
        self._camera.setEnabled(preset.axes is Axes.CAMERA or preset.drag_plane is not DragPlane.UPRIGHT)

    def show_speed(self, index: int) -> None:
        self._speed.choose(index)

    def offer_cameras(self, roles: list[str]) -> None:
        self._camera.offer([(f"{role} view", role) for role in roles], self._camera.currentData() or "")

    def show_camera(self, role: str) -> None:
        index = self._camera.findData(role)
        if index >= 0:
            self._camera.setCurrentIndex(index)

    def show_prompt(self, prompt: str) -> None:
        self._prompt.setText(prompt)
        self._prompt.update()
