"""The next training: from what, of which kind, how; what stands in its way; and the button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QScrollArea, QWidget

from app.actions import ActionBook
from app.pages.train.data_panel import DataPanel
from app.pages.train.method_panel import DescriptorPanel, PolicyPanel
from app.pages.train.planning import Options, Outlook, Plan
from app.status import time_words
from app.theme import unit
from app.widgets.basics import ActionButton, column, line, row, text
from app.widgets.choices import Segments, tool
from core.errors import InputError

_POLICY = 0
_UNKNOWN = "How long it takes is known once it has begun."


class TrainForm(QFrame):
    """Edits a ``Plan``."""

    planned = Signal(object)
    """The ``Plan`` is another one; None when what is asked for cannot be."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self._book = book
        self._titles: dict[str, str] = {}
        self.kind = Segments(
            ("Policy", "Descriptors"), ("Learns to act as was shown.", "Learns what corresponds between images.")
        )
        self.kind.choose(_POLICY)
        self.data, self.policy, self.descriptors = DataPanel(), PolicyPanel(), DescriptorPanel()
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the run")
        self.name.setAccessibleName("Name of the run")
        self.name.returnPressed.connect(self.name.clearFocus)
        self._problem, self._estimate = text(""), text("", muted=True, small=True)
        for label in (self._problem, self._estimate):
            label.setWordWrap(True)
        self._compose()
        self.kind.chosen.connect(lambda _: self._use_kind())
        for panel in (self.data, self.policy, self.descriptors):
            panel.changed.connect(self._plan)
        book["run.settings"].toggled.connect(self._unfold)
        book["run.start"].setEnabled(False)
        self._unfold(False)
        self._show_kind()

    def _compose(self) -> None:
        inside = QWidget()
        layout = column(margins=(3, 2, 2, 2), gap=2)
        layout.addWidget(self.kind)
        for widget in (text("Data set", heading=True), self.data, line(), text("Method", heading=True)):
            layout.addWidget(widget)
        layout.addWidget(self.policy)
        layout.addWidget(self.descriptors)
        layout.addLayout(row(tool(self._book["run.settings"], words=True), None))
        layout.addStretch(1)
        inside.setLayout(layout)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area = area
        bottom = column(margins=(3, 1, 2, 2), gap=2)
        for widget in (self._problem, self._estimate, self.name):
            bottom.addWidget(widget)
        bottom.addWidget(ActionButton(self._book, "run.start", primary=True))
        outer = column(gap=0)
        outer.addWidget(area, 1)
        outer.addWidget(line())
        outer.addLayout(bottom)
        self.setLayout(outer)
        self.setFixedWidth(unit() * 92)

    # What is offered ------------------------------------------------------------------------------------------------
    def offer(self, options: Options) -> None:
        self.data.offer(options, self._titles)
        self.policy.offer(options)
        self._plan()

    def know_tasks(self, titles: dict[str, str]) -> None:
        """What tasks are called."""
        self._titles = titles

    def show_outlook(self, outlook: Outlook) -> None:
        seconds = outlook.seconds
        self.data.show_preview(outlook.found)
        self._allow(outlook.problem)
        self.policy.offer_cameras(outlook.found.cameras, outlook.own_camera)
        self._estimate.setText(_UNKNOWN if seconds is None else f"It takes about {time_words(seconds)}.")

    def refuse(self, problem: str) -> None:
        """Why this cannot be trained."""
        self._allow(problem)

    def _allow(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self._estimate.setVisible(not problem)
        self._book["run.start"].setEnabled(not problem)

    @property
    def problem(self) -> str:
        """Why nothing can be trained now; empty when something can."""
        return self._problem.text()

    # What is asked for ----------------------------------------------------------------------------------------------
    @property
    def plan(self) -> Plan:
        """InputError names a setting that cannot be."""
        config = self.policy.config if self.kind.current == _POLICY else self.descriptors.config
        return Plan(self.data.source, self.data.failures, config, self.name.text().strip())

    def _plan(self) -> None:
        try:
            plan = self.plan
        except InputError as error:
            self.planned.emit(None)
            self.refuse(str(error))
            return
        self.planned.emit(plan)

    def _use_kind(self) -> None:
        self._show_kind()
        self._plan()

    def _show_kind(self) -> None:
        policy = self.kind.current == _POLICY
        self.policy.setVisible(policy)
        self.descriptors.setVisible(not policy)
        self.data.want_outcomes(policy)

    def _unfold(self, shown: bool) -> None:
        for panel in (self.policy, self.descriptors):
            panel.folded.setVisible(shown)
