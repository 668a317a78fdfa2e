"""Below the views: what is happening and what can be done now. Keys are shown where they act."""

from __future__ import annotations

from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel

from app.actions import ActionBook
from app.pages.deploy.attempt import RESTING, UNDER_WAY, Phase
from app.theme import scaled, unit
from app.widgets.basics import ActionButton, ElidedLabel, row, text
from core.messages import Disturbance, Source
from robot.policies.runner_messages import PolicyInsight
from robot.station_messages import StationStatus

_ROOMY = 320
_STATES = {
    Phase.IDLE: "Ready",
    Phase.LOADING: "Loading the policy",
    Phase.RESETTING: "Resetting the scene",
    Phase.PROMPT: "Set the scene",
    Phase.STARTING: "Starting",
    Phase.GRANTING: "Giving the arm",
    Phase.DRIVING: "The policy drives",
    Phase.TAKEN: "You drive",
    Phase.SAVING: "Saving",
    Phase.JUDGING: "Attempt saved",
}
_ADVICE = {
    Phase.IDLE: "Move the arm at any time during an attempt to take over.",
    Phase.PROMPT: "Set it as the translucent reference shows, step back, then go on.",
    Phase.DRIVING: "Drag in a view or press a motion key to take over.",
    Phase.TAKEN: "Release, then give the arm back or end the attempt.",
}
_NEXT = {Phase.IDLE: "Start", Phase.PROMPT: "Begin", Phase.TAKEN: "Give back"}


class AttemptBar(QFrame):
    """Shows a phase; the flow decides."""

    def __init__(self, book: ActionBook) -> None:
        super().__init__()
        self.setProperty("panel", True)
        self.setFixedHeight(unit() * 15)
        self.setMinimumWidth(unit() * 100)
        self._book = book
        self._state = QLabel()
        self._state.setFont(scaled(self._state.font(), 1.35, QFont.Weight.DemiBold))
        widest = max(_STATES.values(), key=self._state.fontMetrics().horizontalAdvance)
        self._state.setFixedWidth(self._state.fontMetrics().horizontalAdvance(widest) + 2 * unit())
        self._timer = text("")
        self._timer.setFixedWidth(self._timer.fontMetrics().horizontalAdvance("000.0 of 000 s") + unit())
        self._advice = ElidedLabel()
        self._advice.setProperty("muted", True)
        self._figures = text("", muted=True)
        self._figures.setFixedWidth(self._figures.fontMetrics().horizontalAdvance("000 ms, 000 acting, 00 missed") + 4)
        self._end = ActionButton(book, "deploy.toggle", words="End attempt", icon_name="record-stop")
        self._verdicts = [ActionButton(book, f"deploy.{name}") for name in ("success", "failure", "disturbed")]
        self._next = ActionButton(book, "deploy.next", primary=True)
        layout = row(self._state, self._timer, margins=(3, 0, 3, 0), gap=3)
        layout.addWidget(self._advice, 1)
        for widget in (self._figures, *self._verdicts, self._end, self._next):
            layout.addWidget(widget)
        self.setLayout(layout)
        self._phase = Phase.IDLE
        self.show_phase(Phase.IDLE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window what can be done comes before figures."""
        self._figures.setVisible(self.width() >= unit() * _ROOMY)

    def show_phase(self, phase: Phase) -> None:
        self._phase = phase
        self._state.setText(_STATES[phase])
        self._advice.setText(_ADVICE.get(phase, ""))
        self._advice.update()
        self._next.set_words(_NEXT.get(phase, "Next attempt"))
        if phase is not Phase.DRIVING:
            self._figures.setText("")
        if phase not in UNDER_WAY:
            self._timer.setText("")
        self._end.setVisible(phase not in RESTING)
        self._next.setVisible(phase in RESTING or phase in _NEXT)

    def show_status(self, status: StationStatus, limit_s: float | None) -> None:
        """How long it takes, against the task's time where that ends it, and who has the arm."""
        if self._phase not in UNDER_WAY or status.recording is None:
            return
        most = f" of {limit_s:.0f}" if limit_s is not None else ""
        self._timer.setText(f"{status.recording.elapsed_s:.1f}{most} s")
        if self._phase is Phase.TAKEN:
            self._state.setText("You drive" if status.source is Source.HAND else "Nobody drives")
        self._verdicts[-1].set_words("Undisturbed" if status.disturbance is Disturbance.MANUAL else "Disturbed")

    def show_insight(self, insight: PolicyInsight) -> None:
        missed = f", {insight.missed} missed" if insight.missed else ""
        self._figures.setText(f"{insight.latency_ms:.0f} ms, {insight.acting_ms:.0f} acting{missed}")

    @property
    def words(self) -> str:
        """What is said of the attempt, for tests."""
        return self._state.text()
