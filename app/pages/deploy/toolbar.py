"""Above the views: which policy, how fast, from which starts, and what is shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QSlider, QSpinBox

from app.actions import ActionBook
from app.pages.deploy.attempt import TEST, TRAIN
from app.pages.deploy.policies import PolicyLine
from app.theme import unit
from app.widgets.basics import row, text
from app.widgets.choices import ActionSegments, Combo, tool

_ROOMY = 320
_SLOWEST_PERCENT = 10
_MOST_SEEDS = 1_000_000


class DeployToolbar(QFrame):
    """Says what was chosen; the page decides."""

    policyChosen = Signal(str)
    speedChosen = Signal(float)
    distributionChosen = Signal(str)
    seedChosen = Signal(int)
    scriptedChosen = Signal(bool)

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 11)
        self.setMinimumWidth(unit() * 100)
        self.policy = Combo(70, placeholder="Policy")
        self.policy.setToolTip("The policy that acts")
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setRange(_SLOWEST_PERCENT, 100)
        self.speed.setFixedWidth(unit() * 28)
        self.speed.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Share of the speed limits that the policy may use, at once while it drives")
        self._percent = QLabel()
        self._percent.setFixedWidth(self._percent.fontMetrics().horizontalAdvance("100 %") + unit())
        self.distribution = Combo(30)
        self.distribution.offer([("Test starts", TEST), ("Training starts", TRAIN)], TEST)
        self.distribution.setToolTip("Which of the task's distributions the next start is drawn from")
        self.seed = QSpinBox()
        self.seed.setRange(0, _MOST_SEEDS)
        self.seed.setPrefix("Trial ")
        self.seed.setToolTip("Seed of the next start; the same seed is the same start")
        self.seed.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.scripted = QCheckBox("Disturb")
        self.scripted.setToolTip("The task's scripted pushes act during the next attempt")
        self.scripted.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._simulated = (self.distribution, self.seed, self.scripted)
        self._speed_label = text("Speed", muted=True)
        layout = row(
            self.policy,
            2,
            self._speed_label,
            self.speed,
            self._percent,
            1,
            *self._simulated,
            None,
            margins=(3, 0, 3, 0),
            gap=2,
        )
        for name in ("view.cloud", "view.push", "view.traces", "view.reset"):
            layout.addWidget(tool(book[name]))
        modes = ActionSegments([book["view.colour"], book["view.depth"], book["view.both"]])
        modes.show_words(False)
        layout.addWidget(modes)
        self.setLayout(layout)
        self.policy.entered.connect(self.policyChosen.emit)
        self.speed.valueChanged.connect(self._slid)
        self.distribution.entered.connect(self.distributionChosen.emit)
        self.seed.valueChanged.connect(self.seedChosen.emit)
        self.seed.lineEdit().returnPressed.connect(self.seed.clearFocus)
        self.scripted.toggled.connect(self.scriptedChosen.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window names and the slider are shorter."""
        narrow = self.width() < unit() * _ROOMY
        self._speed_label.setVisible(not narrow)
        self.policy.setFixedWidth(unit() * (45 if narrow else 70))
        self.speed.setFixedWidth(unit() * (18 if narrow else 28))

    def offer(self, policies: tuple[PolicyLine, ...], titles: dict[str, str], chosen: str) -> None:
        """Policies by name and task."""
        self.policy.offer([(f"{each.name}   {titles.get(each.task, each.task)}", each.id) for each in policies], chosen)

    def show_simulated(self, simulated: bool) -> None:
        """On a real rig starts are set by hand."""
        for widget in self._simulated:
            widget.setVisible(simulated)

    def show_resting(self, resting: bool) -> None:
        """The next attempt can be chosen only while none is under way; the speed always."""
        for widget in (self.policy, *self._simulated):
            widget.setEnabled(resting)

    def show_seed(self, seed: int) -> None:
        self.seed.blockSignals(True)
        self.seed.setValue(seed)
        self.seed.blockSignals(False)

    def show_speed(self, share: float) -> None:
        self.speed.setValue(round(100 * share))
        self._percent.setText(f"{round(100 * share)} %")

    def _slid(self, percent: int) -> None:
        self._percent.setText(f"{percent} %")
        self.speedChosen.emit(percent / 100)
