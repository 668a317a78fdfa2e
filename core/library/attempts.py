"""Attempts of policies in the catalogue: each is an episode, and this is what it is besides."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from core.attempts.outcome import Outcome, outcome
from core.attempts.statistics import Score, score
from core.errors import InputError
from core.library.catalogue import Catalogue
from core.library.query import EpisodeFilter, where
from core.messages import Disturbance, Floats, TargetError


class AttemptRow(msgspec.Struct, frozen=True):
    """One attempt; ``id`` is its episode. ``outcome`` is what counts, None until somebody has judged it; ``judged`` is
    what the simulator saw, None without one. ``trial``: the seed of its start in simulation. ``start_poses``: ``X_WO``
    by name where they are known, as is ``final_error``, in simulation."""

    id: str
    policy: str
    task: str
    trial: int | None
    distribution: str | None
    outcome: Outcome | None
    judged: bool | None
    disturbance: Disturbance
    interventions: int
    stop_reason: str | None
    duration_s: float
    created_utc_ns: int
    start_poses: dict[str, Floats] = {}
    final_error: TargetError | None = None


class TallyRow(msgspec.Struct, frozen=True):
    """The attempts of one policy at one task, apart by who disturbed. ``attempts`` has those too that say nothing."""

    policy: str
    task: str
    disturbance: Disturbance
    attempts: int
    score: Score


_COLUMNS = (
    "id, policy, task, seed AS trial, distribution, success, judged, stop_reason, integrity, disturbance, "
    "interventions, duration_s, created_utc_ns, start_poses, final_distance_m, final_angle_rad"
)
_QUERY = (
    f"SELECT {_COLUMNS} FROM episodes JOIN attempts ON attempts.episode = number "
    "JOIN descriptions ON descriptions.episode = number WHERE"
)
_FINISHED = "status IN ('complete', 'recovered')"
_ALL = EpisodeFilter()
_POSES = msgspec.json.Decoder(dict[str, Floats])


class Attempts:
    """The attempts of one library. They are begun, completed, labelled and trashed as the episodes that they are."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def list(self, episodes: EpisodeFilter = _ALL) -> tuple[AttemptRow, ...]:
        """Those that ended and match, in the order in which they began."""
        clause, values = where(episodes)
        with self._catalogue.reading() as connection:
            return _rows(connection, f"{clause} AND {_FINISHED} ORDER BY id", values)

    def get(self, episode: str) -> AttemptRow:
        """The attempt that an episode is; InputError when it is none."""
        with self._catalogue.reading() as connection:
            found = _rows(connection, "id = ?", (episode,))
        if not found:
            raise InputError(f"Episode {episode} is no attempt of a policy.")
        return found[0]

    def tally(self, episodes: EpisodeFilter = _ALL) -> tuple[TallyRow, ...]:
        """A row for every policy, task and kind of disturbance among those that match."""
        groups: dict[tuple[str, str, Disturbance], list[AttemptRow]] = {}
        for attempt in self.list(episodes):
            groups.setdefault((attempt.policy, attempt.task, attempt.disturbance), []).append(attempt)
        return tuple(TallyRow(*key, len(found), score_of(found)) for key, found in sorted(groups.items()))


def score_of(attempts: tuple[AttemptRow, ...] | list[AttemptRow]) -> Score:
    """The score of those that say something of their policy: neither aborted, nor ended by an error, nor unjudged."""
    return score(
        (attempt.outcome is Outcome.SUCCESS, attempt.duration_s)
        for attempt in attempts
        if attempt.outcome in (Outcome.SUCCESS, Outcome.FAILURE)
    )


def _rows(connection: sqlite3.Connection, clause: str, values: Sequence[Any]) -> tuple[AttemptRow, ...]:
    found = connection.execute(f"{_QUERY} {clause}", values)
    names = [column[0] for column in found.description]
    return tuple(_row(dict(zip(names, row, strict=True))) for row in found)


def _row(values: dict[str, Any]) -> AttemptRow:
    success, judged = (_verdict(values.pop(name)) for name in ("success", "judged"))
    ended = outcome(success, values["stop_reason"], values.pop("integrity"))
    disturbance = Disturbance(values.pop("disturbance"))
    distance_m, angle_rad = values.pop("final_distance_m"), values.pop("final_angle_rad")
    values["start_poses"] = _POSES.decode(values["start_poses"])
    return AttemptRow(
        **values,
        outcome=ended,
        judged=judged,
        disturbance=disturbance,
        final_error=None if distance_m is None else TargetError(distance_m, angle_rad),
    )


def _verdict(value: int | None) -> bool | None:
    return None if value is None else bool(value)
