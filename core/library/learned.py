"""What rows of runs and of models have in common: found by a prefix, moved into the trash and back."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from core.errors import InputError
from core.platform import sync_directory


def folders(trash: Path) -> tuple[str, ...]:
    """Identifiers of what lies in a folder of the trash, the newest first."""
    return tuple(sorted((path.name for path in trash.glob("*") if path.is_dir()), reverse=True))


def in_trash(names: tuple[str, ...], prefix: str, word: str) -> str:
    """The one of these that begins so; InputError when there is none or several."""
    found = [name for name in names if prefix and name.startswith(prefix.upper())]
    if len(found) == 1:
        return found[0]
    few = f"No {word}" if not found else f"More than one {word}"
    raise InputError(f"{few} in the trash begins with '{prefix}'; see '{word}s list --trashed'.")


def move(source: Path, target: Path, word: str) -> None:
    """Move a folder; InputError when the disk refuses."""
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.rename(target)
        sync_directory(target.parent)
    except OSError as error:
        raise InputError(f"The {word} in {source} cannot be moved to {target} ({error.strerror}); free it.") from None


def only(connection: sqlite3.Connection, table: str, columns: str, asked: str, word: str, kind: str = "") -> Any:
    """The row whose identifier begins so or, if none does, that is called so; of that ``kind``, or of any.

    InputError when there is none or several.
    """
    low = asked.upper()
    for clause, values in (("id >= ? AND id < ?", (low, low + "\x7f")), ("name = ?", (asked,))):
        query = f"SELECT {columns} FROM {table} WHERE {clause} AND ? IN ('', kind) LIMIT 2"
        found = connection.execute(query, (*values, kind)).fetchall() if asked else []
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f"More than one {word} is called '{asked}' or begins so; give more of the identifier.")
    raise InputError(f"There is no {word} '{asked}'; see '{table} list'.")


def json_text(value: object) -> str:
    """How the catalogue keeps settings and figures."""
    return msgspec.json.encode(value).decode()
