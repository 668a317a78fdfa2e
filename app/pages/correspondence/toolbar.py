"""Above the images: which models, and how heatmaps look."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QMenu, QSlider, QToolButton

from app.actions import ActionBook
from app.theme import unit
from app.views.heat import COLOUR_MAPS, KERNELS, Look
from app.widgets.basics import ActionButton, row, text
from app.widgets.choices import Combo, icon_button, tool
from core.library.models import ModelRow

_ROOMY, _TIGHT = 365, 285
"""Above and below these the words are shown, and all is as narrow as the smallest window."""
NONE = "-"
_TRAINING = ("training.start", "training.resume", "training.pause", "training.cancel")
_MODEL_TIP = "The descriptors that are asked"
_BESIDE_TIP = "A second model, side by side on the same point"
_MENU = (*_TRAINING, "model.rename", "model.trash")


def slider(tooltip: str, most: int, width: int) -> QSlider:
    """A small slider; the arrow keys stay the page's."""
    made = QSlider(Qt.Orientation.Horizontal)
    made.setRange(0, most)
    made.setFixedWidth(unit() * width)
    made.setToolTip(tooltip)
    made.setAccessibleName(tooltip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return made


def _menu(book: ActionBook) -> QToolButton:
    """What can be done with models, in a menu."""
    button = icon_button("sliders", "Train, resume, rename, trash")
    menu = QMenu(button)
    menu.addActions([book[name] for name in _MENU])
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button


class Toolbar(QFrame):
    """Says what was chosen; the page decides."""

    modelChosen = Signal(str)
    besideChosen = Signal(str)
    lookChanged = Signal(object)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 11)
        self._look = Look()
        self.model = Combo(46, placeholder="Model")
        self.model.setToolTip(_MODEL_TIP)
        self.beside = Combo(36, placeholder="Beside")
        self.beside.setToolTip(_BESIDE_TIP)
        self._kernel = slider("Width of the kernel: how near a descriptor must be to be warm", len(KERNELS) - 1, 22)
        self._blend = slider("How much of the heatmap covers the picture", 20, 22)
        self._kernel_value, self._blend_value = text("", muted=True), text("", muted=True)
        for label, widest in ((self._kernel_value, "0.25"), (self._blend_value, "100 %")):
            label.setFixedWidth(label.fontMetrics().horizontalAdvance(widest) + unit())
        self._colours = Combo(22)
        self._colours.setToolTip("Colours of the heatmap")
        self._colours.offer([(name.capitalize(), name) for name in COLOUR_MAPS], self._look.colours)
        self._words: list[QLabel] = [text(word, muted=True) for word in ("Model", "Kernel", "Blend")]
        layout = row(self._words[0], self.model, _menu(book), self.beside, 2, margins=(3, 0, 3, 0), gap=1)
        for widget in (self._words[1], self._kernel, self._kernel_value):
            layout.addWidget(widget)
        for widget in (self._words[2], self._blend, self._blend_value, self._colours):
            layout.addWidget(widget)
        layout.addStretch(1)
        for name in (
            "masks.mode",
            "look.descriptors",
            "look.masked",
            "look.linked",
            "look.space",
            "look.reset",
            "scene.pause",
            "scene.freeze",
        ):
            layout.addWidget(tool(book[name]))
        for name in ("scene.swap", "scene.previous", "scene.next"):
            layout.addWidget(tool(book[name]))
        self._new = ActionButton(book, "scene.new")
        layout.addWidget(self._new)
        self.setLayout(layout)
        self.model.entered.connect(self.modelChosen.emit)
        self.beside.entered.connect(self.besideChosen.emit)
        self._kernel.valueChanged.connect(lambda _: self._changed())
        self._blend.valueChanged.connect(lambda _: self._changed())
        self._colours.entered.connect(lambda _: self._changed())
        self.show_look(self._look)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window the words that tooltips repeat go first."""
        roomy = self.width() > unit() * _ROOMY
        for label in (*self._words, self._kernel_value, self._blend_value):
            label.setVisible(roomy)
        size = 0 if roomy else 1 if self.width() > unit() * _TIGHT else 2
        widths = ((self.model, (46, 38, 30)), (self.beside, (36, 28, 22)), (self._colours, (22, 22, 18)))
        for widget, units in (*widths, (self._kernel, (22, 14, 9)), (self._blend, (22, 14, 9))):
            widget.setFixedWidth(unit() * units[size])
        self._new.set_words("New" if size == 2 else "")

    def offer_models(self, models: tuple[ModelRow, ...], chosen: str, beside: str) -> None:
        entries = [(model.name, model.path) for model in models]
        self.model.offer(entries, chosen)
        others = [(name, path) for name, path in entries if path != chosen]
        self.beside.offer([("One model", NONE), *others], beside or NONE)
        called = {path: name for name, path in entries}
        self.model.setToolTip("\n".join(filter(None, (called.get(chosen), _MODEL_TIP))))
        self.beside.setToolTip("\n".join(filter(None, (called.get(beside), _BESIDE_TIP))))

    def show_look(self, look: Look) -> None:
        """Show a look without saying that it was chosen."""
        self._look = look
        nearest = min(range(len(KERNELS)), key=lambda index: abs(KERNELS[index] - look.kernel))
        for widget, value in ((self._kernel, nearest), (self._blend, round(look.blend * 20))):
            widget.blockSignals(True)
            widget.setValue(value)
            widget.blockSignals(False)
        self._colours.setCurrentIndex(COLOUR_MAPS.index(look.colours))
        self._kernel_value.setText(f"{look.kernel:.2f}")
        self._blend_value.setText(f"{100 * look.blend:.0f} %")

    def step(self, kernel: int = 0, blend: int = 0, colours: int = 0) -> None:
        """By keys: some steps on."""
        self._colours.setCurrentIndex((self._colours.currentIndex() + colours) % len(COLOUR_MAPS))
        self._kernel.setValue(self._kernel.value() + kernel)
        self._blend.setValue(self._blend.value() + blend)
        self._changed()

    def _changed(self) -> None:
        colours = str(self._colours.currentData())
        look = Look(KERNELS[self._kernel.value()], self._blend.value() / 20, colours)
        if look != self._look:
            self.show_look(look)
            self.lookChanged.emit(look)
