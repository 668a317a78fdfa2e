"""Edits of episodes that can be undone: every change notes what was before and after."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from core.clock import utc_ns

EDITABLE = ("status", "trashed_from", "success", "trim_start_s", "trim_end_s", "notes", "tags", "disturbed")
OF_ATTEMPTS = ("disturbance",)
"""Columns that only attempts have; None for other episodes."""
KEPT = 1000
"""Edits that can be undone; older ones are forgotten."""

Columns = dict[str, Any]


class Change(msgspec.Struct, frozen=True):
    """What an edit did to one episode."""

    id: str
    before: Columns
    after: Columns


class Edit(msgspec.Struct, frozen=True):
    """One edit: what it was, and the episodes that it changed."""

    action: str
    changes: tuple[Change, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(change.id for change in self.changes)


_CHANGES = msgspec.json.Decoder(tuple[Change, ...])


def apply(
    connection: sqlite3.Connection, action: str, ids: Sequence[str], changed: Callable[[Columns], Columns]
) -> Edit:
    """Change columns of episodes and note it. ``changed`` maps an episode's columns to those that become different."""
    changes = []
    for episode_id in ids:
        before = _columns(connection, episode_id)
        after = {name: value for name, value in changed(before).items() if before[name] != value}
        if after:
            _write(connection, episode_id, after)
            changes.append(Change(episode_id, {name: before[name] for name in after}, after))
    edit = Edit(action, tuple(changes))
    if changes:
        connection.execute("DELETE FROM journal WHERE undone = 1")
        connection.execute(
            "INSERT INTO journal (action, made_utc_ns, changes) VALUES (?, ?, ?)",
            (action, utc_ns(), msgspec.json.encode(changes).decode()),
        )
        connection.execute("DELETE FROM journal WHERE number <= (SELECT max(number) FROM journal) - ?", (KEPT,))
    return edit


def undo(connection: sqlite3.Connection) -> Edit | None:
    """Take back the newest edit; the edit that was taken back, or None when there is none."""
    query = "SELECT number, action, changes FROM journal WHERE undone = 0 ORDER BY number DESC LIMIT 1"
    return _move(connection, query, undone=True)


def redo(connection: sqlite3.Connection) -> Edit | None:
    """Make the edit again that was taken back last, or None when there is none."""
    query = "SELECT number, action, changes FROM journal WHERE undone = 1 ORDER BY number LIMIT 1"
    return _move(connection, query, undone=False)


def _move(connection: sqlite3.Connection, query: str, *, undone: bool) -> Edit | None:
    found = connection.execute(query).fetchone()
    if found is None:
        return None
    number, action, text = found
    edit = Edit(action, _CHANGES.decode(text))
    for change in edit.changes:
        _write(connection, change.id, change.before if undone else change.after)
    connection.execute("UPDATE journal SET undone = ? WHERE number = ?", (int(undone), number))
    return edit


def _columns(connection: sqlite3.Connection, episode_id: str) -> Columns:
    names = (*EDITABLE, *OF_ATTEMPTS)
    query = f"SELECT {', '.join(names)} FROM episodes LEFT JOIN attempts ON episode = number WHERE id = ?"
    return dict(zip(names, connection.execute(query, (episode_id,)).fetchone(), strict=True))


def _write(connection: sqlite3.Connection, episode_id: str, columns: Columns) -> None:
    of_episode = {name: value for name, value in columns.items() if name in EDITABLE}
    of_attempt = {name: value for name, value in columns.items() if name in OF_ATTEMPTS}
    _set(connection, "episodes", "id = ?", episode_id, of_episode)
    _set(connection, "attempts", "episode = (SELECT number FROM episodes WHERE id = ?)", episode_id, of_attempt)


def _set(connection: sqlite3.Connection, table: str, clause: str, episode_id: str, columns: Columns) -> None:
    if columns:
        assignments = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE {table} SET {assignments} WHERE {clause}", (*columns.values(), episode_id))
