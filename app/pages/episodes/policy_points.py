"""The points of a policy over the frames of its attempts: found once in a process of its own, then kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.services import Services
from app.workers.one_job import OneJob
from core.errors import InputError
from core.library.rows import EpisodeRow
from core.messages import Source
from core.processes.jobs import JobEnded, JobStage
from robot.policies.review_messages import REVIEW_JOB, Review, ReviewSpecification, result_path

if TYPE_CHECKING:
    from core.library.library import Library

_JOB = "policy's points"


class PolicyPoints(QObject):
    """While its action is on, ``show`` gets the review of each attempt that is watched; None of other episodes."""

    def __init__(self, services: Services, show: Callable[[Review | None], None], parent: QObject) -> None:
        super().__init__(parent)
        self._services, self._show = services, show
        self._job = OneJob(REVIEW_JOB, "What the policy saw could not be found", self)
        self._job.ended.connect(self._ended)
        self._job.staged.connect(self._staged)
        self._episode: EpisodeRow | None = None
        self._given: ReviewSpecification | None = None
        self._action = services.actions["play.seen"]
        self._action.toggled.connect(lambda _: self._look())

    def watch(self, episode: EpisodeRow | None) -> None:
        """Another episode is watched."""
        self._episode = episode
        self._action.setEnabled(episode is not None and episode.demonstrator == Source.POLICY)
        self._look()

    def close(self) -> None:
        self._job.close()

    def _look(self) -> None:
        self._show(None)
        episode = self._episode
        if episode is None or episode.demonstrator != Source.POLICY or not self._action.isChecked():
            return
        self._services.library.read(
            lambda library: _found(library, episode), lambda found: self._found(episode, found), self._complain
        )

    def _found(self, episode: EpisodeRow, found: Review | ReviewSpecification) -> None:
        if self._episode is None or episode.id != self._episode.id:
            return
        if isinstance(found, Review):
            self._show(found)
        elif not self._job.running:
            self._given = found
            self._job.begin(self._services.library.root, found)

    def _staged(self, stage: JobStage) -> None:
        if stage.total:
            self._services.show_job(_JOB, f"{100 * stage.done // stage.total} %")

    def _ended(self, ended: JobEnded) -> None:
        """Show it when its episode is still watched; else find that of the one that is."""
        self._services.show_job(_JOB, "")
        given, self._given = self._given, None
        watched = self._episode is not None and given is not None and given.episode == self._episode.path
        if ended.status == "done" or not watched:
            self._look()
        else:
            self._complain(ended.message)

    def _complain(self, reason: str) -> None:
        self._services.messenger.complain(reason, key="review")


def _found(library: Library, episode: EpisodeRow) -> Review | ReviewSpecification:
    """The review that is kept, or what is needed to make it. InputError when the policy is gone."""
    policy = library.models.policy(library.attempts.get(episode.id).policy)
    path = result_path(library.cache, episode.id, policy.id)
    if path.exists():
        return Review.load(path)
    if not Path(policy.path).exists():
        raise InputError(f"The files of the policy '{policy.name}' are gone, so nobody knows what it saw.")
    return ReviewSpecification(episode.path, policy.path, str(library.cache), str(path))
