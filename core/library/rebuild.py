"""When the catalogue itself is damaged: set it aside and begin again from the newest whole copy."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from core.clock import utc_iso
from core.library import backup
from core.platform import sync_directory

log = logging.getLogger(__name__)


def is_damaged(path: Path) -> bool:
    """Whether SQLite finds anything wrong with a database file. A file that is not there is not damaged."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            return bool(connection.execute("PRAGMA quick_check (1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError as error:
        return "locked" not in str(error)


def rebuild(path: Path) -> str:
    """Replace a damaged catalogue by its newest whole copy, or by nothing; returns what was done, in a sentence.

    The episode files know themselves, so those that the copy does not list come back with their own descriptions.
    """
    aside = path.with_name(f"{path.stem}.damaged-{utc_iso().replace(':', '')}{path.suffix}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(aside.name + suffix))
    copy = next((found for found in backup.newest_first(path.parent) if not is_damaged(found)), None)
    if copy is not None:
        partial = path.with_name(f".{path.name}.part")
        shutil.copyfile(copy, partial)
        partial.chmod(0o600)
        partial.rename(path)
    sync_directory(path.parent)
    origin = f"the copy {copy.name}" if copy else "the episode files alone, as there was no copy"
    sentence = f"The damaged catalogue was set aside as {aside.name} and rebuilt from {origin}; newer labels are lost."
    log.warning(sentence)
    return sentence
