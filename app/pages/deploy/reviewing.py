"""What is done with attempts: verdict, disturbance and note, now or later; and where a failed one leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.pages.deploy.attempt import UNDER_WAY, AttemptFlow
from app.pages.deploy.policies import PolicyLine
from app.pages.deploy.session import SessionPanel
from app.pages.episodes.editing import EpisodeEditing
from app.services import Services
from core.clock import utc_ns
from core.library.attempts import AttemptRow
from core.library.query import EpisodeFilter
from core.messages import Disturbance, EpisodeSummary
from robot.station_messages import ResetScene

if TYPE_CHECKING:
    from core.library.library import Library

_THIS_SESSION = 0


class Reviewing(QObject):
    """Keys speak of the attempt that runs, else of those that are chosen in the table."""

    def __init__(self, services: Services, flow: AttemptFlow, panel: SessionPanel) -> None:
        super().__init__(panel)
        self._services, self._flow, self._panel = services, flow, panel
        self._editing = EpisodeEditing(services.library, services.messenger)
        self._since_ns = utc_ns()
        self._policy = ""
        self._newest = ""
        self._asked = 0
        services.library.episodesChanged.connect(lambda _: self.refresh())
        services.library.opened.connect(lambda _: self.refresh())
        flow.attemptSaved.connect(self._saved)
        panel.choiceChanged.connect(self._chosen)
        panel.noteWritten.connect(self._write_note)
        panel.of.chosen.connect(lambda _: self.refresh())
        handlers: dict[str, Callable[[], object]] = {
            "deploy.success": lambda: self._judge(True),
            "deploy.failure": lambda: self._judge(False),
            "deploy.disturbed": self._disturb,
            "deploy.note": panel.note.setFocus,
            "deploy.open": self._open,
            "deploy.correct": self._correct,
        }
        for name, handler in handlers.items():
            services.actions[name].triggered.connect(lambda _=False, handler=handler: handler())

    def use(self, policy: PolicyLine | None) -> None:
        """Speak of the attempts of that policy."""
        wanted = "" if policy is None else policy.id
        if wanted != self._policy:
            self._policy = wanted
            self.refresh()

    def refresh(self) -> None:
        """Read the attempts again; an older question's answer is dropped."""
        if self._services.library.library is None:
            return
        self._asked += 1
        asked, policy = self._asked, self._policy
        since = self._since_ns if self._panel.of.current == _THIS_SESSION else None

        def read(library: Library) -> tuple[AttemptRow, ...]:
            return library.attempts.list(EpisodeFilter(policy=policy, since=since)) if policy else ()

        def found(attempts: tuple[AttemptRow, ...]) -> None:
            if asked == self._asked:
                self._show(attempts)

        self._services.library.read(read, found)

    def _show(self, attempts: tuple[AttemptRow, ...]) -> None:
        newest = self._newest if any(each.id == self._newest for each in attempts) else ""
        self._newest = "" if newest else self._newest
        self._panel.show_attempts(attempts, newest)
        self.allow()

    def _saved(self, summary: EpisodeSummary) -> None:
        self._newest = summary.id

    def allow(self) -> None:
        """What can be done with what is chosen; the actions follow."""
        actions, chosen = self._services.actions, self._panel.chosen
        running = self._flow.phase in UNDER_WAY
        for name in ("success", "failure", "disturbed"):
            actions[f"deploy.{name}"].setEnabled(running or bool(chosen))
        actions["deploy.note"].setEnabled(bool(chosen))
        for name in ("open", "correct"):
            actions[f"deploy.{name}"].setEnabled(len(chosen) == 1 and not running)

    def _chosen(self) -> None:
        self.allow()
        chosen = self._panel.chosen
        if len(chosen) == 1:
            episode = chosen[0].id
            self._services.library.read(lambda library: library.episodes.get(episode).notes, self._panel.note.setText)

    @property
    def _ids(self) -> tuple[str, ...]:
        return tuple(attempt.id for attempt in self._panel.chosen)

    def _judge(self, success: bool) -> None:
        if self._flow.phase in UNDER_WAY:
            self._flow.stop(success)
        elif self._ids:
            self._editing.label(self._ids, "success" if success else "failure", success=success)

    def _disturb(self) -> None:
        """While an attempt runs, from now on; later, of the chosen ones as a whole."""
        if self._flow.phase in UNDER_WAY:
            self._flow.disturb()
        elif self._ids:
            every = all(attempt.disturbance is Disturbance.MANUAL for attempt in self._panel.chosen)
            wanted = Disturbance.NONE if every else Disturbance.MANUAL
            self._editing.label(self._ids, "disturbance", disturbance=wanted)

    def _write_note(self, words: str) -> None:
        if self._ids:
            self._editing.label(self._ids, "note", notes=words)

    def _open(self) -> None:
        """Its frames with the points that the policy saw."""
        self._services.actions["play.seen"].setChecked(True)
        self._services.reveal_episode(self._panel.chosen[0].id)

    def _correct(self) -> None:
        """The same start again, for a hand to show what should have been done."""
        attempt, services = self._panel.chosen[0], self._services
        services.show_page("teleoperate")
        services.choose_task(attempt.task)
        if attempt.trial is not None and attempt.distribution is not None:
            services.station.send(ResetScene(attempt.trial, attempt.distribution))
        services.messenger.say("This is where the attempt began. Record how it should be done.", key="correct")
