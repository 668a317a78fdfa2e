"""What the score of a policy rests on: its attempts, what it has learned from, and where both began."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from core.attempts.collecting import collect_next
from core.attempts.comparison import Comparison, compare
from core.attempts.outcome import Outcome
from core.attempts.statistics import Score
from core.attempts.workspace import Plane, Tried, WorkspaceMap, planes, start_of, workspace_map
from core.geometry import Array
from core.library.attempts import AttemptRow, Attempts, score_of
from core.library.catalogue import Catalogue
from core.library.models import Models
from core.library.query import EpisodeFilter, where
from core.messages import Disturbance, Floats
from core.tasks import StartRange, TaskInfo

_TRAINING = """
    FROM models JOIN runs ON runs.id = models.run JOIN dataset_episodes USING (dataset)
    JOIN episodes ON episodes.number = dataset_episodes.episode
"""
_SHOWN = f"""
    SELECT models.id, count(*), max(disturbed),
        sum(coalesce(dataset_episodes.trim_end_s, duration_s) - coalesce(dataset_episodes.trim_start_s, 0)) / 60.0
    {_TRAINING} GROUP BY models.id
"""
_STARTS = f"SELECT start_poses {_TRAINING} JOIN descriptions ON descriptions.episode = number WHERE models.id = ?"
_DEMONSTRATED = "SELECT start_poses FROM episodes JOIN descriptions ON descriptions.episode = number WHERE"
_POSES = msgspec.json.Decoder(dict[str, Floats])
_ALL = EpisodeFilter()


class Training(msgspec.Struct, frozen=True):
    """What a policy has learned from: ``minutes`` that the trims leave, ``disturbed``: with disturbances."""

    demonstrations: int
    minutes: float
    disturbed: bool


class ScoreLine(msgspec.Struct, frozen=True):
    """A row of Table III: one policy at one task. ``attempts`` has those too that say nothing of the policy.

    ``training`` None: nobody here knows what the policy has learned from.
    """

    policy: str
    name: str
    task: str
    attempts: int
    undisturbed: Score
    disturbed: Score
    total: Score
    training: Training | None


class Evidence(msgspec.Struct, frozen=True):
    """What is known of one policy at one task. ``picture`` None: nobody says where the task's object may begin."""

    line: ScoreLine
    task: TaskInfo | None
    attempts: tuple[AttemptRow, ...]
    picture: WorkspaceMap | None


class Scores:
    """The scores of one library."""

    def __init__(self, catalogue: Catalogue, attempts: Attempts, models: Models) -> None:
        self._catalogue = catalogue
        self._attempts = attempts
        self._models = models

    def lines(self, episodes: EpisodeFilter = _ALL) -> tuple[ScoreLine, ...]:
        """A row for every policy and task among those that match, in the order in which they were first tried."""
        names = {model.id: model.name for model in self._models.list("policy")}
        trainings = self._trainings()
        groups: dict[tuple[str, str], list[AttemptRow]] = {}
        for attempt in self._attempts.list(episodes):
            groups.setdefault((attempt.policy, attempt.task), []).append(attempt)
        return tuple(
            _line(policy, names.get(policy, policy), task, found, trainings.get(policy))
            for (policy, task), found in groups.items()
        )

    def evidence(self, tasks: Mapping[str, TaskInfo], episodes: EpisodeFilter = _ALL) -> tuple[Evidence, ...]:
        """All that is known of every policy and task among those that match; ``tasks`` by name."""
        return tuple(self._evidence(line, tasks.get(line.task)) for line in self.lines(episodes))

    def _evidence(self, line: ScoreLine, task: TaskInfo | None) -> Evidence:
        found = self._attempts.list(EpisodeFilter(policy=line.policy, task=line.task))
        starts = task.starts if task is not None else None
        picture = None
        if starts is not None:
            picture = self.where_it_works(line.policy, line.task, starts, planes(starts)[0])
        return Evidence(line, task, found, picture)

    def where_it_works(self, policy: str, task: str, starts: StartRange, plane: Plane) -> WorkspaceMap:
        """Figure 4 of one policy at one task; attempts and demonstrations whose start nobody knows are left out."""
        tried = []
        for attempt in self._attempts.list(EpisodeFilter(policy=policy, task=task)):
            start = start_of(attempt.start_poses, starts)
            if start is not None:
                tried.append(Tried(attempt.id, start, attempt.outcome, attempt.final_error, attempt.duration_s))
        return workspace_map(starts, plane, tried, self.training_starts(policy, starts))

    def collect_next(self, picture: WorkspaceMap, task: str) -> Array:
        """Starts ``(N, 3)`` from which the next demonstrations of a task should be given: see ``core.attempts``."""
        clause, values = where(EpisodeFilter(task=task, demonstrations=True))
        with self._catalogue.reading() as connection:
            rows = connection.execute(f"{_DEMONSTRATED} {clause} AND success IS NOT 0", values).fetchall()
        found = [start_of(_POSES.decode(poses), picture.starts) for (poses,) in rows]
        return collect_next(picture, np.array([start for start in found if start is not None]).reshape(-1, 3))

    def training_starts(self, policy: str, starts: StartRange) -> list[Floats]:
        """Where the demonstrations began that a policy has learned from (see ``start_of``), as far as is known."""
        with self._catalogue.reading() as connection:
            found = [start_of(_POSES.decode(poses), starts) for (poses,) in connection.execute(_STARTS, (policy,))]
        return [start for start in found if start is not None]

    def _trainings(self) -> dict[str, Training]:
        with self._catalogue.reading() as connection:
            rows = connection.execute(_SHOWN).fetchall()
        return {policy: Training(count, minutes, bool(disturbed)) for policy, count, disturbed, minutes in rows}


def _line(policy: str, name: str, task: str, found: list[AttemptRow], training: Training | None) -> ScoreLine:
    undisturbed = [each for each in found if each.disturbance is Disturbance.NONE]
    disturbed = [each for each in found if each.disturbance is not Disturbance.NONE]
    return ScoreLine(
        policy, name, task, len(found), score_of(undisturbed), score_of(disturbed), score_of(found), training
    )


def matched(first: Sequence[AttemptRow], second: Sequence[AttemptRow]) -> Comparison:
    """Two policies on the trials that both were judged at: the same start of the same distribution.

    Of a trial that was tried again the first attempts are a pair, then the second ones, and so on.
    """
    ours, theirs = _trials(first), _trials(second)
    return compare((ours[trial], theirs[trial]) for trial in ours.keys() & theirs.keys())


def _trials(attempts: Iterable[AttemptRow]) -> dict[tuple[str, str, int, int], bool]:
    """Success by task, distribution, trial, and which attempt at it this is."""
    found: dict[tuple[str, str, int, int], bool] = {}
    for attempt in attempts:
        if attempt.trial is None or attempt.outcome not in (Outcome.SUCCESS, Outcome.FAILURE):
            continue
        again = 0
        while (key := (attempt.task, attempt.distribution or "", attempt.trial, again)) in found:
            again += 1
        found[key] = attempt.outcome is Outcome.SUCCESS
    return found
