"""The connection to ``catalog.sqlite``: one that writes, in one process; readers beside it that cannot."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlite_utils import Database

from core.errors import InputError, LibraryError
from core.library import backup
from core.library.schema import APPLICATION_ID, NEWEST_VERSION, migrations, repair_search

log = logging.getLogger(__name__)

NAME = "catalog.sqlite"
BUSY_TIMEOUT_MS = 5000
PATIENCE_TO_SAVE = 3
"""How many times the busy time-out a finished recording waits for its row."""


class Catalogue:
    """Reads from any thread, each with its own connection; writes from any thread, one at a time."""

    def __init__(self, root: Path, *, writable: bool, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self.path = root / NAME
        self._busy_timeout_ms = busy_timeout_ms
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._write_lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        if writable:
            with self.explained():
                self._writer = self._open_writer()
        elif not self.path.exists():
            raise InputError(f"There is no library in {root} yet; record an episode, or choose another folder.")
        else:
            self._check_version()

    @contextmanager
    def writing(self, patience: int = 1) -> Iterator[sqlite3.Connection]:
        """A transaction that may write: committed at the end, rolled back on an error. Nests."""
        with self._write_lock, self.explained():
            connection = self._require_writer()
            if connection.in_transaction:
                yield connection
                return
            self._begin(connection, patience)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that can only read; this thread's own."""
        with self.explained():
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._open_reader()
                self._local.connection = connection
            yield connection

    def back_up(self, name: str) -> Path:
        """Copy the catalogue to ``backups/<name>.sqlite`` as it is now."""
        with self._write_lock, self.explained():
            return backup.back_up(self._require_writer(), self.path.parent, name)

    def close(self) -> None:
        with self._write_lock, self._readers_lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the errors of SQLite into one sentence each."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise LibraryError(self._sentence(error)) from error

    def _sentence(self, error: sqlite3.DatabaseError) -> str:
        text = str(error)
        if "locked" in text or "busy" in text:
            return (
                f"The catalogue {self.path} is locked by another program; close that program and try again. "
                "Nothing was lost."
            )
        if "full" in text:
            return f"The disk of {self.path.parent} is full, so the catalogue was not changed; free some space."
        if "readonly" in text or "unable to open" in text:
            return f"The catalogue {self.path} cannot be written; make the folder and its files writable."
        if "malformed" in text or "not a database" in text or "corrupt" in text:
            return (
                f"The catalogue {self.path} is damaged; 'episodes recover' rebuilds it from the newest backup and the "
                "episode files."
            )
        return f"The catalogue {self.path} refused a change ({text})."

    def _require_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            raise LibraryError(f"The library in {self.path.parent} was opened for reading only.")
        return self._writer

    def _begin(self, connection: sqlite3.Connection, patience: int) -> None:
        for attempt in range(patience):
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or attempt == patience - 1:
                    raise
                log.warning("The catalogue is locked by another program; waiting.")
            else:
                return

    def _open_writer(self) -> sqlite3.Connection:
        created = not self.path.exists()
        connection = sqlite3.connect(
            self.path, timeout=self._busy_timeout_ms / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            if created:
                self.path.chmod(0o600)
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _make_quick(connection)
        version = self._version(connection)
        if 0 < version < NEWEST_VERSION:
            backup.back_up(connection, self.path.parent, f"before-version-{NEWEST_VERSION}")
        if version < NEWEST_VERSION:
            self._migrate(connection)
        connection.execute("BEGIN IMMEDIATE")
        repaired = repair_search(connection)
        connection.execute("COMMIT")
        if repaired:
            log.warning("The search index was rebuilt; these triggers were missing: %s", ", ".join(repaired))

    def _migrate(self, connection: sqlite3.Connection) -> None:
        database = Database(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrations.apply(database)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {NEWEST_VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _version(self, connection: sqlite3.Connection) -> int:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application not in (0, APPLICATION_ID) or (application == 0 and tables > 0):
            raise LibraryError(f"{self.path} is a database of another program; choose another folder.")
        if version > NEWEST_VERSION:
            raise LibraryError(
                f"The catalogue {self.path} was written by a newer Reticle (version {version}, this one knows "
                f"{NEWEST_VERSION}); update Reticle or choose another folder."
            )
        return int(version)

    def _check_version(self) -> None:
        with self.reading() as connection:
            if self._version(connection) < NEWEST_VERSION:
                raise LibraryError(f"The catalogue {self.path} is of an older Reticle; open it once in the window.")

    def _open_reader(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?{self._reading_mode()}",
            uri=True,
            timeout=self._busy_timeout_ms / 1000,
            isolation_level=None,
            check_same_thread=False,
        )
        _make_quick(connection)
        with self._readers_lock:
            self._readers.append(connection)
        return connection

    def _reading_mode(self) -> str:
        """In a folder that cannot be written SQLite reads only what it is told nobody changes."""
        quiet = not self.path.with_name(f"{NAME}-wal").exists() and not os.access(self.path.parent, os.W_OK)
        return "immutable=1" if quiet else "mode=ro"


def _make_quick(connection: sqlite3.Connection) -> None:
    """Keep a catalogue of 100,000 episodes in memory; the default of 2 MB reads it again for every question."""
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA mmap_size = 268435456")
