"""How many episodes, how many minutes, and how often they succeeded, by task and by operator."""

from __future__ import annotations

import sqlite3

import msgspec

from core.library.query import EpisodeFilter, where

_MINUTES = "sum(coalesce(trim_end_s, duration_s) - coalesce(trim_start_s, 0)) / 60.0"


class Tally(msgspec.Struct, frozen=True):
    """A group of episodes. ``minutes`` are those that the trims leave; ``rate`` is None before anyone judged one."""

    episodes: int = 0
    minutes: float = 0.0
    successes: int = 0
    failures: int = 0
    dropped: int = 0
    bytes: int = 0

    @property
    def unlabelled(self) -> int:
        return self.episodes - self.successes - self.failures

    @property
    def rate(self) -> float | None:
        judged = self.successes + self.failures
        return self.successes / judged if judged else None

    def plus(self, other: Tally) -> Tally:
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Tally(*(a + b for a, b in zip(mine, theirs, strict=True)))


class Statistics(msgspec.Struct, frozen=True):
    """All episodes that match, and the same by task and by operator."""

    total: Tally
    by_task: dict[str, Tally]
    by_operator: dict[str, Tally]


def statistics(connection: sqlite3.Connection, episodes: EpisodeFilter) -> Statistics:
    clause, values = where(episodes)
    query = (
        f"SELECT task, operator, count(*), {_MINUTES}, sum(success IS 1), sum(success IS 0), sum(dropped), sum(bytes) "
        f"FROM episodes WHERE {clause} GROUP BY task, operator ORDER BY task, operator"
    )
    total = Tally()
    by_task: dict[str, Tally] = {}
    by_operator: dict[str, Tally] = {}
    for task, operator, *numbers in connection.execute(query, values):
        tally = Tally(*numbers)
        total = total.plus(tally)
        by_task[task] = by_task.get(task, Tally()).plus(tally)
        by_operator[operator] = by_operator.get(operator, Tally()).plus(tally)
    return Statistics(total, by_task, by_operator)
