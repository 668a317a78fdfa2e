"""Runs and models of the catalogue: what was trained, on what, with what result.

A run's folder holds the truth (``status.json``, ``metrics.jsonl``); the catalogue has a copy of its summary.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from core.clock import utc_ns
from core.errors import InputError
from core.library.catalogue import Catalogue
from core.library.episodes import new_id
from core.library.rows import TRASH
from core.platform import replace_file, sync_directory
from core.processes.jobs import SPECIFICATION, JobStatus, read_status

log = logging.getLogger(__name__)

RUNS, MODELS = "runs", "models"
DESCRIPTION = "model.json"
KINDS = ("correspondence", "policy")
FINISHED = ("done", "failed", "cancelled")
UNDER_WAY = ("queued", "running")
CHECKPOINT_STATE = "checkpoint.json"
"""A training whose folder has this can be resumed."""
_ROW = "run.json"
"""File of a run's folder in the trash: its row."""
_RESUME = "It was interrupted and can be resumed."
_WAITED = "It was waiting when the window closed; resume it to train."
_LOST = "It was interrupted before its first checkpoint; start it again."


class RunRow(msgspec.Struct, frozen=True):
    """One training. ``path`` is its folder; ``metrics`` what it reported last."""

    id: str
    kind: str
    status: str
    dataset: str | None
    config: dict[str, Any]
    seed: int | None
    metrics: dict[str, Any]
    message: str
    created_utc_ns: int
    finished_utc_ns: int | None
    name: str
    notes: str
    path: str


class ModelRow(msgspec.Struct, frozen=True):
    """One trained model. ``path`` is its folder."""

    id: str
    name: str
    kind: str
    run: str | None
    path: str
    sha256: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    created_utc_ns: int


class _Trashed(msgspec.Struct, frozen=True):
    """What the folder of a run in the trash says, so that its row can be made again. ``models``: what came of it."""

    row: RunRow
    models: tuple[str, ...]


class _Description(msgspec.Struct, frozen=True):
    """What the catalogue takes from a model's own description; the first ones did not say their kind."""

    name: str
    created_utc_ns: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    network: dict[str, Any]
    kind: Literal["descriptor", "policy"] = "descriptor"
    run: str = ""
    sha256: str = ""
    metrics: dict[str, Any] = {}


_RUN = "id, kind, status, dataset, config, seed, metrics, message, created_utc_ns, finished_utc_ns, name, notes"
_MODEL = "id, name, kind, run, path, sha256, config, metrics, created_utc_ns"


class Runs:
    """The runs of one library."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue

    def begin(self, kind: str, dataset: str | None, config: dict[str, Any], seed: int, name: str = "") -> RunRow:
        """A row and a folder for a training that waits for its turn."""
        run = new_id()
        (self._root / RUNS / run).mkdir(mode=0o700, parents=True)
        with self._catalogue.writing() as connection:
            connection.execute(
                "INSERT INTO runs (id, kind, status, dataset, config, seed, created_utc_ns, name) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (run, kind, "queued", dataset, _json(config), seed, utc_ns(), name),
            )
        return self.get(run)

    def update(self, run: str, status: str, metrics: dict[str, Any], message: str = "") -> RunRow:
        """Copy what a run's folder says."""
        finished = utc_ns() if status in FINISHED else None
        with self._catalogue.writing() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, metrics = ?, message = ?, finished_utc_ns = ? WHERE id = ?",
                (status, _json(metrics), message, finished, run),
            )
        return self.get(run)

    def rename(self, prefix: str, name: str) -> RunRow:
        """Call a run otherwise."""
        if not name.strip():
            raise InputError("A run needs a name; type one.")
        return self._set("name", prefix, name.strip())

    def note(self, prefix: str, notes: str) -> RunRow:
        """Write a note on a run; an empty one takes it away."""
        return self._set("notes", prefix, notes.strip())

    def _set(self, column: str, prefix: str, words: str) -> RunRow:
        run = self.get(prefix).id
        with self._catalogue.writing() as connection:
            connection.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (words, run))
        return self.get(run)

    def trash(self, prefix: str) -> RunRow:
        """Move a run's folder to the trash; ``restore`` brings it back. What came of it stays where it is."""
        row = self.get(prefix)
        if row.status in UNDER_WAY:
            raise InputError(f"The run '{row.name or row.id}' is {row.status}; end it before it goes to the trash.")
        folder = Path(row.path)
        with self._catalogue.writing() as connection:
            made = tuple(each[0] for each in connection.execute("SELECT id FROM models WHERE run = ?", (row.id,)))
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_file(folder / _ROW, msgspec.json.format(msgspec.json.encode(_Trashed(row, made))))
            connection.execute("UPDATE models SET run = NULL WHERE run = ?", (row.id,))
            connection.execute("DELETE FROM runs WHERE id = ?", (row.id,))
            _move(folder, self._trash / row.id, "run")
        return row

    def trashed(self) -> tuple[str, ...]:
        """Identifiers of the runs in the trash, the newest first."""
        return _folders(self._trash)

    def restore(self, prefix: str) -> RunRow:
        """Bring a run back from the trash; InputError unless one identifier there begins so."""
        found = _in_trash(self.trashed(), prefix, "run")
        folder = self._trash / found
        try:
            kept = msgspec.json.decode((folder / _ROW).read_bytes(), type=_Trashed)
        except (OSError, msgspec.MsgspecError) as error:
            raise InputError(f"{folder / _ROW} cannot be read ({error}); the run stays in the trash.") from None
        if kept.row.id != found:
            raise InputError(f"{folder / _ROW} tells of another run; the run stays in the trash.")
        row = msgspec.structs.asdict(kept.row)
        row["config"], row["metrics"] = _json(kept.row.config), _json(kept.row.metrics)
        columns = _RUN.split(", ")
        marks = ", ".join("(SELECT id FROM datasets WHERE id = ?)" if each == "dataset" else "?" for each in columns)
        with self._catalogue.writing() as connection:
            insert = f"INSERT INTO runs ({_RUN}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING"
            connection.execute(insert, [row[column] for column in columns])
            connection.executemany("UPDATE models SET run = ? WHERE id = ?", [(found, model) for model in kept.models])
            _move(folder, self._root / RUNS / found, "run")
        return self.get(found)

    def settle(self) -> tuple[str, ...]:
        """Make the rows of runs that nobody watches any more agree with their folders; returns their identifiers.

        Called by the only writer when it opens the library: whatever says "running" then has lost its parent, and what
        waited for its turn waits for a person now.
        """
        with self._catalogue.reading() as connection:
            query = "SELECT id, status FROM runs WHERE status IN ('queued', 'running')"
            lost = connection.execute(query).fetchall()
        for run, status in lost:
            folder = self._root / RUNS / run
            waited = status == "queued" and (folder / SPECIFICATION).exists() and read_status(folder) is None
            last = JobStatus("paused", _WAITED) if waited else last_status(folder)
            self.update(run, last.status, last.result, last.message)
        return tuple(run for run, _ in lost)

    def list(self, kind: str | None = None) -> tuple[RunRow, ...]:
        """All runs, the newest first."""
        if kind is not None and kind not in KINDS:
            raise InputError(f"There is no kind of run '{kind}'; choose one of: {', '.join(KINDS)}.")
        clause, values = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        with self._catalogue.reading() as connection:
            rows = connection.execute(f"SELECT {_RUN} FROM runs {clause} ORDER BY created_utc_ns DESC", values)
            return tuple(self._row(row) for row in rows)

    def get(self, prefix: str) -> RunRow:
        """The run whose identifier begins so; InputError when there is none or several."""
        with self._catalogue.reading() as connection:
            return self._row(_only(connection, "runs", _RUN, prefix, "run"))

    @property
    def _trash(self) -> Path:
        return self._root / TRASH / RUNS

    def _row(self, values: Any) -> RunRow:
        row = dict(zip(_RUN.split(", "), values, strict=True))
        row["config"], row["metrics"] = msgspec.json.decode(row["config"]), msgspec.json.decode(row["metrics"])
        return RunRow(**row, path=str(self._root / RUNS / row["id"]))


def last_status(folder: Path) -> JobStatus:
    """How a run stands whose process is gone: paused when it left a checkpoint and did not say how it ended."""
    last = read_status(folder)
    if last is not None and last.status != "running":
        return last
    resumable = (folder / CHECKPOINT_STATE).exists()
    return JobStatus("paused", _RESUME) if resumable else JobStatus("failed", _LOST)


class Models:
    """The models of one library."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue

    def folder(self, model: str) -> Path:
        """Where a model of that identifier is kept."""
        return self._root / MODELS / model

    def adopt(self) -> tuple[str, ...]:
        """Rows for the models whose folders have none yet; returns their identifiers. One that is damaged is logged.

        A model that came from elsewhere has no run here.
        """
        known = {model.id for model in self.list()}
        adopted = []
        for path in sorted((self._root / MODELS).glob(f"*/{DESCRIPTION}")):
            if path.parent.name in known:
                continue
            try:
                _require_identifier(path.parent.name)
                description = msgspec.json.decode(path.read_bytes(), type=_Description)
            except (OSError, msgspec.MsgspecError, InputError) as error:
                log.warning("The model %s cannot be read and was left out: %s", path.parent.name, error)
                continue
            self._add(path.parent.name, description)
            adopted.append(path.parent.name)
        return tuple(adopted)

    def _add(self, model: str, description: _Description) -> None:
        values = (
            model,
            description.name,
            description.kind,
            description.run,
            f"{MODELS}/{model}",
            description.sha256,
            _json(description.network),
            _json(description.metrics),
            description.created_utc_ns,
        )
        with self._catalogue.writing() as connection:
            connection.execute(
                f"INSERT INTO models ({_MODEL}) VALUES (?, ?, ?, (SELECT id FROM runs WHERE id = ?), ?, ?, ?, ?, ?)",
                values,
            )

    def list(self, kind: str | None = None) -> tuple[ModelRow, ...]:
        """All models, the newest first."""
        clause, values = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        with self._catalogue.reading() as connection:
            rows = connection.execute(f"SELECT {_MODEL} FROM models {clause} ORDER BY created_utc_ns DESC", values)
            return tuple(self._row(row) for row in rows)

    def get(self, prefix: str) -> ModelRow:
        """The model whose identifier begins so; InputError when there is none or several."""
        with self._catalogue.reading() as connection:
            return self._row(_only(connection, "models", _MODEL, prefix, "model"))

    def rename(self, model: str, name: str) -> ModelRow:
        """Call a model otherwise, in its folder and in the catalogue."""
        row, words = self.get(model), name.strip()
        if not words:
            raise InputError("A model needs a name; type one.")
        path = Path(row.path) / DESCRIPTION
        try:
            described = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            replace_file(path, msgspec.json.format(msgspec.json.encode(described | {"name": words})))
        except (OSError, msgspec.MsgspecError) as error:
            raise InputError(
                f"The model '{row.name}' cannot be renamed ({error}); mend its folder or train again."
            ) from None
        with self._catalogue.writing() as connection:
            connection.execute("UPDATE models SET name = ? WHERE id = ?", (words, row.id))
        return self.get(row.id)

    def trash(self, model: str) -> ModelRow:
        """Move a model's folder to the trash, with its descriptor sets; ``restore`` brings it back."""
        row = self.get(model)
        with self._catalogue.writing() as connection:
            if connection.execute("SELECT 1 FROM attempts WHERE policy = ?", (row.id,)).fetchone():
                raise InputError(f"The model '{row.name}' has attempts that tell of it; it stays.")
            connection.execute("DELETE FROM models WHERE id = ?", (row.id,))
        try:
            _move(Path(row.path), self._trash / row.id, "model")
        except InputError:
            self.adopt()
            raise
        return row

    def trashed(self) -> tuple[str, ...]:
        """Identifiers of the models in the trash, the newest first."""
        return _folders(self._trash)

    def restore(self, prefix: str) -> ModelRow:
        """Bring a model back from the trash; InputError unless one identifier there begins so."""
        found = _in_trash(self.trashed(), prefix, "model")
        _move(self._trash / found, self.folder(found), "model")
        self.adopt()
        return self.get(found)

    @property
    def _trash(self) -> Path:
        return self._root / TRASH / MODELS

    def _row(self, values: Any) -> ModelRow:
        row = dict(zip(_MODEL.split(", "), values, strict=True))
        row["config"], row["metrics"] = msgspec.json.decode(row["config"]), msgspec.json.decode(row["metrics"])
        row["path"] = str(self._root / row["path"])
        return ModelRow(**row)


def _require_identifier(name: str) -> None:
    """InputError unless a folder's name can be an identifier, which are asked for in capitals."""
    if not (name.isalnum() and name == name.upper()):
        raise InputError("its folder is not named by an identifier")


def _folders(trash: Path) -> tuple[str, ...]:
    return tuple(sorted((path.name for path in trash.glob("*") if path.is_dir()), reverse=True))


def _in_trash(names: tuple[str, ...], prefix: str, word: str) -> str:
    found = [name for name in names if prefix and name.startswith(prefix.upper())]
    if len(found) == 1:
        return found[0]
    few = f"No {word}" if not found else f"More than one {word}"
    raise InputError(f"{few} in the trash begins with '{prefix}'; see '{word}s list --trashed'.")


def _move(source: Path, target: Path, word: str) -> None:
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.rename(target)
        sync_directory(target.parent)
    except OSError as error:
        raise InputError(f"The {word} in {source} cannot be moved to {target} ({error.strerror}); free it.") from None


def _only(connection: sqlite3.Connection, table: str, columns: str, prefix: str, word: str) -> Any:
    low = prefix.upper()
    query = f"SELECT {columns} FROM {table} WHERE id >= ? AND id < ? ORDER BY id LIMIT 2"
    found = connection.execute(query, (low, low + "\x7f")).fetchall() if prefix else []
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"Several identifiers of a {word} begin with '{prefix}'; give more of it.")
    raise InputError(f"There is no {word} '{prefix}'; see the list of them.")


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
