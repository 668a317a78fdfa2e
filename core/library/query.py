"""Which episodes: filters, sorting and search, turned into SQL whose every value is bound."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from core.errors import InputError
from core.messages import Source
from core.static_scenes import SCAN

STATUSES = ("recording", "complete", "recovered", "trashed")
SORTS = {
    "created": "created_utc_ns",
    "duration": "duration_s",
    "task": "task",
    "operator": "operator",
    "demonstrator": "demonstrator",
    "success": "success",
    "status": "status",
    "frames": "frames",
    "dropped": "dropped",
    "bytes": "bytes",
    "notes": "notes",
}
"""Columns that a list may be sorted by; anything else is refused."""


class Corrections(StrEnum):
    """Attempts of policies in which a hand took over, to learn from what it did then (DAgger)."""

    ONLY = "only"
    TOO = "too"
    """Besides everything that is no attempt."""


class EpisodeFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which episodes. Everything set must hold; trashed ones appear only when ``status`` asks for them.

    ``query`` searches task, notes, tags and operator by the beginnings of words. ``tags`` must all be there.
    ``unlabelled`` asks for episodes whose success nobody has said, ``demonstrations`` for all but scans and attempts of
    policies, ``policy`` for the attempts of one policy, ``corrections`` for those in which a hand took over.
    ``since`` and ``until`` are UTC nanoseconds.
    """

    query: str = ""
    task: str | None = None
    operator: str | None = None
    status: str | None = None
    success: bool | None = None
    unlabelled: bool = False
    tags: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    demonstrator: str | None = None
    demonstrations: bool = False
    policy: str | None = None
    corrections: Corrections | None = None

    @property
    def asks_for_attempts(self) -> bool:
        """Whether attempts of policies are asked for by name; else nothing is ever learned from them."""
        return self.policy is not None or self.demonstrator == Source.POLICY or self.corrections is not None


def search_expression(text: str) -> str:
    """An FTS5 query for words that begin as given: every word quoted, so that no operator gets through."""
    words = [word for word in text.split() if any(character.isalnum() for character in word)]
    return " ".join('"' + word.replace('"', '""') + '"*' for word in words)


def where(episodes: EpisodeFilter) -> tuple[str, list[Any]]:
    """The WHERE clause and its values."""
    clauses, values = _status(episodes.status)
    for column in ("task", "operator", "demonstrator"):
        value = getattr(episodes, column)
        if value is not None:
            clauses.append(f"{column} = ?")
            values.append(value)
    if episodes.success is not None:
        clauses.append("success = ?")
        values.append(int(episodes.success))
    if episodes.unlabelled:
        clauses.append("success IS NULL")
    if episodes.demonstrations:
        clauses.append("demonstrator NOT IN (?, ?)")
        values += [SCAN, str(Source.POLICY)]
    if episodes.policy is not None:
        clauses.append("number IN (SELECT episode FROM attempts WHERE policy = ?)")
        values.append(episodes.policy)
    if episodes.corrections is not None:
        either = "demonstrator <> ? OR " if episodes.corrections is Corrections.TOO else ""
        values += [str(Source.POLICY)] if either else []
        clauses.append(f"({either}number IN (SELECT episode FROM attempts WHERE interventions > 0))")
    if episodes.since is not None:
        clauses.append("created_utc_ns >= ?")
        values.append(episodes.since)
    if episodes.until is not None:
        clauses.append("created_utc_ns < ?")
        values.append(episodes.until)
    # The plus keeps SQLite from looking up match after match: it walks the index it sorts by and asks for membership.
    for tag in episodes.tags:
        clauses.append("+number IN (SELECT episode FROM episode_tags WHERE tag = ?)")
        values.append(tag)
    expression = search_expression(episodes.query)
    if expression:
        clauses.append("+number IN (SELECT rowid FROM episodes_search WHERE episodes_search MATCH ?)")
        values.append(expression)
    return " AND ".join(clauses), values


def count(episodes: EpisodeFilter) -> tuple[str, list[Any]]:
    """The query for how many match. A single word or tag is counted in its own index, less what is in the trash."""
    expression = search_expression(episodes.query)
    kept = "NOT IN (SELECT number FROM episodes WHERE status = 'trashed')"
    if expression and episodes == EpisodeFilter(query=episodes.query):
        query = f"SELECT count(*) FROM episodes_search WHERE episodes_search MATCH ? AND rowid {kept}"
        return query, [expression]
    if len(episodes.tags) == 1 and episodes == EpisodeFilter(tags=episodes.tags):
        return f"SELECT count(*) FROM episode_tags WHERE tag = ? AND episode {kept}", [episodes.tags[0]]
    clause, values = where(episodes)
    return f"SELECT count(*) FROM episodes WHERE {clause}", values


def _status(status: str | None) -> tuple[list[str], list[Any]]:
    if status is None:
        return ["status <> 'trashed'"], []
    if status not in STATUSES:
        raise InputError(f"There is no status '{status}'; choose one of: {', '.join(STATUSES)}.")
    if status == "trashed":
        return ["status = 'trashed'"], []
    return ["status <> 'trashed'", "status = ?"], [status]


def order(sort: str, descending: bool) -> str:
    """The ORDER BY clause; InputError lists the valid columns."""
    if sort not in SORTS:
        raise InputError(f"Episodes cannot be sorted by '{sort}'; choose one of: {', '.join(SORTS)}.")
    columns = dict.fromkeys((SORTS[sort], "created_utc_ns", "number"))
    return ", ".join(f"{column} {'DESC' if descending else 'ASC'}" for column in columns)
