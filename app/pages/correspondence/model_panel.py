"""The model at work and those to come: its name and figures, its end, and training another one."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QLineEdit, QScrollArea, QWidget

from app.actions import ActionBook
from app.pages.correspondence.training import TrainingState
from app.pages.correspondence.training_view import TrainingView
from app.pages.episodes.model import when_words
from app.theme import unit
from app.widgets.basics import ActionButton, column, line, row, text
from app.widgets.choices import tool
from core.correspondence.config import LAPTOP
from core.library.models import ModelRow


class ModelPanel(QFrame):
    """Shows and asks; the page decides."""

    renamed = Signal(str)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self._model = ""
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the model")
        self.name.setAccessibleName("Name of the model")
        self.name.editingFinished.connect(self._edited)
        self.name.returnPressed.connect(self.name.clearFocus)
        self._facts = text("", muted=True)
        self._facts.setWordWrap(True)
        naming = row(self.name, tool(book["model.trash"]), gap=1)
        naming.setStretch(0, 1)
        self._form = QWidget()
        self.new_name = QLineEdit()
        self.new_name.setPlaceholderText("Name of the next model")
        self.new_name.returnPressed.connect(self.new_name.clearFocus)
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.1, 240.0)
        self.minutes.setDecimals(1)
        self.minutes.setValue(LAPTOP.minutes)
        self.minutes.setSuffix(" min")
        self.minutes.lineEdit().setTextMargins(2 * unit(), 0, 0, 0)
        self.minutes.setAccessibleName("Minutes of training")
        asking = row(self.new_name, self.minutes, gap=2)
        asking.setStretch(0, 1)
        self._resume = ActionButton(book, "training.resume")
        form = column(gap=2)
        form.addLayout(asking)
        form.addLayout(row(ActionButton(book, "training.start", primary=True), self._resume, None, gap=2))
        self._form.setLayout(form)
        self.view = TrainingView(book)
        inside = QWidget()
        layout = column(margins=(3, 2, 3, 2), gap=2)
        layout.addLayout(naming)
        for widget in (self._facts, line(), self._form, self.view):
            layout.addWidget(widget)
        layout.addStretch(1)
        inside.setLayout(layout)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        self.setLayout(column(area))
        self.show_state(None)

    def _edited(self) -> None:
        self.name.setModified(False)
        self.renamed.emit(self.name.text().strip())

    def show_model(self, model: ModelRow | None) -> None:
        """A name that is being typed stays while its model does."""
        identifier = "" if model is None else model.id
        if identifier != self._model or not self.name.isModified():
            self.name.setText("" if model is None else model.name)
        self._model = identifier
        self.name.setEnabled(model is not None)
        self._facts.setText("" if model is None else facts(model))

    def show_resumable(self, resumable: bool) -> None:
        self._resume.setVisible(resumable)

    def show_state(self, state: TrainingState | None) -> None:
        self._form.setVisible(state is None)
        self.view.show_state(state)


def facts(model: ModelRow) -> str:
    """What is known of a model, in a line."""
    dim = model.config.get("descriptor_dim")
    known = [when_words(model.created_utc_ns), f"{dim} dimensions" if dim else ""]
    pck = model.metrics.get("pck")
    if isinstance(pck, dict) and isinstance(pck.get("10"), float):  # a model from elsewhere may say anything
        known.append(f"{100 * pck['10']:.0f} % of points within 10 px between held-out cameras")
    return ", ".join(words for words in known if words)
