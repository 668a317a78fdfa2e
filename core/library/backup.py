"""Copies of the catalogue: one a day, and one before every migration."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from core.clock import NANOSECONDS, utc_ns
from core.platform import sync_directory

FOLDER = "backups"
DAILY_KEPT = 7


def back_up(connection: sqlite3.Connection, root: Path, name: str) -> Path:
    """``VACUUM INTO`` a file of its own that takes its name only when it is whole; returns where it is."""
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    target, partial = folder / f"{name}.sqlite", folder / f".{name}.part"
    partial.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(partial),))
    partial.chmod(0o600)
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    partial.replace(target)
    sync_directory(folder)
    return target


def daily_name() -> str:
    return "daily-" + datetime.fromtimestamp(utc_ns() / NANOSECONDS, UTC).strftime("%Y-%m-%d")


def daily_is_due(root: Path) -> bool:
    """Whether today has no copy yet."""
    return not (root / FOLDER / f"{daily_name()}.sqlite").exists()


def newest_first(root: Path) -> list[Path]:
    """All copies, the newest first."""
    return sorted((root / FOLDER).glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True)


def forget_old(root: Path) -> None:
    """Keep the last seven daily copies; copies before a migration stay."""
    for path in sorted((root / FOLDER).glob("daily-*.sqlite"), reverse=True)[DAILY_KEPT:]:
        path.unlink(missing_ok=True)
