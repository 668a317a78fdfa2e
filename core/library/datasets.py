"""Frozen data sets: which episodes, with which trims, known by their hashes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.clock import utc_iso, utc_ns
from core.errors import InputError
from core.library.catalogue import Catalogue
from core.library.episodes import new_id
from core.library.preview import Preview, Wanted, preview
from core.library.query import EpisodeFilter, where
from core.messages import Source


class Dataset(msgspec.Struct, frozen=True):
    """A frozen data set. ``sha256`` covers the identifiers, files and trims of its episodes, in order."""

    id: str
    name: str
    episodes: int
    sha256: str
    created_utc_ns: int


class DatasetEpisode(msgspec.Struct, frozen=True):
    """An episode of a data set as it was when it was frozen."""

    id: str
    sha256: str
    trim_start_s: float | None
    trim_end_s: float | None


_KINDS = """
    SELECT count(*), rig, json_extract(metadata, '$.control_rate_hz'), (
        SELECT group_concat(printf('%s %dx%d at %g Hz', value ->> 'role', value ->> 'width', value ->> 'height',
            value ->> 'rate_hz'), ', ') FROM json_each(cameras)
    ) AS kind
    FROM dataset_episodes
    JOIN episodes ON episodes.number = dataset_episodes.episode
    JOIN descriptions ON descriptions.episode = episodes.number
    WHERE dataset = ? GROUP BY 2, 3, 4 ORDER BY 1 DESC
"""

_NOW = "SELECT number, id, sha256, trim_start_s, trim_end_s FROM episodes"
_INTACT = "status IN ('complete', 'recovered') AND integrity NOT IN ('damaged', 'missing')"
_MEMBERS = "number IN (SELECT episode FROM dataset_episodes WHERE dataset = ?)"
_PART = """
    SELECT number, id, dataset_episodes.sha256, dataset_episodes.trim_start_s, dataset_episodes.trim_end_s
    FROM dataset_episodes JOIN episodes ON number = episode WHERE dataset = ?
"""


class Datasets:
    """The data sets of one library."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue

    def freeze(self, name: str, episodes: EpisodeFilter) -> Dataset:
        """Fix the intact episodes that match now under a name; later labels and trims do not change it.

        Attempts of policies only where the filter asks for them by name.
        """
        clause, values = where(episodes)
        clause += "" if episodes.asks_for_attempts else f" AND demonstrator <> '{Source.POLICY}'"
        query = f"{_NOW} WHERE {clause} AND {_INTACT} ORDER BY id"
        with self._catalogue.writing() as connection:
            return self._store(connection, name, episodes, connection.execute(query, values).fetchall())

    def preview(self, source: EpisodeFilter | str, wanted: Wanted) -> Preview:
        """What a training would learn from of the episodes that match, or of those of the data set of that name."""
        chosen = isinstance(source, str) or source.asks_for_attempts  # a data set has them only where they were
        wanted = msgspec.structs.replace(wanted, attempts=wanted.attempts or chosen)
        if isinstance(source, str):
            dataset = self.get(source)
            with self._catalogue.reading() as connection:
                return preview(connection, _MEMBERS, (dataset.id,), wanted)
        (kept, values), (thrown, more) = where(source), where(msgspec.structs.replace(source, status="trashed"))
        with self._catalogue.reading() as connection:
            return preview(connection, f"({kept}) OR ({thrown})", (*values, *more), wanted)

    def chosen(self, source: EpisodeFilter | str, wanted: Wanted) -> Dataset:
        """The data set of what ``preview`` keeps: one that holds exactly that already, or a new one, named by its time.

        InputError says why nothing is kept.
        """
        found = self.preview(source, wanted)
        if found.problem:
            raise InputError(found.problem)
        query, values = (_NOW, ()) if isinstance(source, EpisodeFilter) else (_PART, (self.get(source).id,))
        with self._catalogue.writing() as connection:
            rows = connection.execute(f"{query} ORDER BY id", values).fetchall()
            rows = [row for row in rows if row[1] in set(found.kept)]
            same = connection.execute("SELECT id FROM datasets WHERE sha256 = ?", (_hash(_members(rows)),)).fetchone()
            if same is None:
                first = next(iter(found.tasks)) if len(found.tasks) == 1 else "all"
                name = f"{first} {utc_iso(utc_ns())[:23].replace('T', ' ')}"
                episodes = source if isinstance(source, EpisodeFilter) else EpisodeFilter()
                return self._store(connection, name, episodes, rows)
        return self.get(same[0])

    def _store(self, connection: sqlite3.Connection, name: str, episodes: EpisodeFilter, rows: list[Any]) -> Dataset:
        name = name.strip()
        if not name:
            raise InputError("A data set needs a name.")
        if connection.execute("SELECT 1 FROM datasets WHERE name = ?", (name,)).fetchone():
            raise InputError(f"There is a data set '{name}' already; choose another name.")
        if not rows:
            raise InputError("No intact episode matches, so there is nothing to freeze.")
        dataset = Dataset(new_id(), name, len(rows), _hash(_members(rows)), utc_ns())
        connection.execute(
            "INSERT INTO datasets VALUES (?, ?, ?, ?, ?)",
            (dataset.id, name, msgspec.json.encode(episodes).decode(), dataset.sha256, dataset.created_utc_ns),
        )
        connection.executemany(
            "INSERT INTO dataset_episodes VALUES (?, ?, ?, ?, ?, ?)",
            [(dataset.id, position, row[0], *row[2:]) for position, row in enumerate(rows)],
        )
        return dataset

    def list(self) -> tuple[Dataset, ...]:
        """All data sets, the newest first."""
        query = (
            "SELECT id, name, (SELECT count(*) FROM dataset_episodes WHERE dataset = datasets.id), sha256, "
            "created_utc_ns FROM datasets ORDER BY created_utc_ns DESC"
        )
        with self._catalogue.reading() as connection:
            return tuple(Dataset(*row) for row in connection.execute(query))

    def get(self, name_or_prefix: str) -> Dataset:
        """The data set of that name, or whose identifier begins so; InputError lists the names."""
        every = self.list()
        found = [each for each in every if each.name == name_or_prefix]
        found = found or [each for each in every if name_or_prefix and each.id.startswith(name_or_prefix.upper())]
        if len(found) != 1:
            names = ", ".join(each.name for each in every) or "none"
            raise InputError(f"There is no one data set '{name_or_prefix}'; there are: {names}.")
        return found[0]

    def kinds(self, name_or_prefix: str) -> tuple[str, ...]:
        """What the episodes were recorded with: rig, control rate and cameras, a sentence for each that differs.

        More than one means that a training would mix them; whoever freezes or trains must be told.
        """
        dataset = self.get(name_or_prefix)
        with self._catalogue.reading() as connection:
            found = connection.execute(_KINDS, (dataset.id,)).fetchall()
        return tuple(
            f"{count} recorded on {rig or 'an unnamed rig'} at {rate:g} Hz with {cameras or 'no cameras'}."
            for count, rig, rate, cameras in found
        )

    def members(self, name_or_prefix: str) -> tuple[DatasetEpisode, ...]:
        """The episodes of a data set, in order, as they were when it was frozen."""
        query = (
            "SELECT episodes.id, dataset_episodes.sha256, dataset_episodes.trim_start_s, dataset_episodes.trim_end_s "
            "FROM dataset_episodes JOIN episodes ON episodes.number = dataset_episodes.episode "
            "WHERE dataset = ? ORDER BY position"
        )
        dataset = self.get(name_or_prefix)
        with self._catalogue.reading() as connection:
            return tuple(DatasetEpisode(*row) for row in connection.execute(query, (dataset.id,)))


def _members(rows: Sequence[Any]) -> list[DatasetEpisode]:
    return [DatasetEpisode(*row[1:]) for row in rows]


def _hash(members: Sequence[DatasetEpisode]) -> str:
    digest = hashlib.sha256()
    for member in members:
        digest.update(msgspec.json.encode(member) + b"\n")
    return digest.hexdigest()
