"""Runs of the catalogue: what was trained, on what, with what result.

A run's folder holds the truth (``status.json``, ``metrics.jsonl``); the catalogue has a copy of its summary.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import msgspec

from core.clock import utc_ns
from core.errors import InputError
from core.library.catalogue import Catalogue
from core.library.episodes import new_id
from core.library.learned import folders, in_trash, json_text, move, only
from core.library.rows import TRASH
from core.platform import replace_file
from core.processes.jobs import CHECKPOINT_STATE, SPECIFICATION, JobStatus, read_status

log = logging.getLogger(__name__)

RUNS = "runs"
KINDS = ("correspondence", "policy")
FINISHED = ("done", "failed", "cancelled")
UNDER_WAY = ("queued", "running")
_ROW = "run.json"
"""File of a run's folder in the trash: its row."""
_QUEUE = "queue.json"
"""File beside the runs' folders: which are under way, in order."""
_RESUME = "It was interrupted and can be resumed."
_WAITED = "It was waiting when the window closed; resume it to train."
_ANEW = "It was interrupted before its first checkpoint; resumed, it begins anew."
_LOST = "It was interrupted, and its folder does not say any more what to do; start a new one."


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


class _Trashed(msgspec.Struct, frozen=True):
    """What the folder of a run in the trash says, so that its row can be made again. ``models``: what came of it."""

    row: RunRow
    models: tuple[str, ...]


_RUN = "id, kind, status, dataset, config, seed, metrics, message, created_utc_ns, finished_utc_ns, name, notes"


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
                (run, kind, "queued", dataset, json_text(config), seed, utc_ns(), name),
            )
        return self.get(run)

    def update(self, run: str, status: str, metrics: dict[str, Any], message: str = "") -> RunRow:
        """Copy what a run's folder says."""
        finished = utc_ns() if status in FINISHED else None
        with self._catalogue.writing() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, metrics = ?, message = ?, finished_utc_ns = ? WHERE id = ?",
                (status, json_text(metrics), message, finished, run),
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
            move(folder, self._trash / row.id, "run")
        return row

    def trashed(self) -> tuple[str, ...]:
        """Identifiers of the runs in the trash, the newest first."""
        return folders(self._trash)

    def restore(self, prefix: str) -> RunRow:
        """Bring a run back from the trash; InputError unless one identifier there begins so."""
        found = in_trash(self.trashed(), prefix, "run")
        folder = self._trash / found
        try:
            kept = msgspec.json.decode((folder / _ROW).read_bytes(), type=_Trashed)
        except (OSError, msgspec.MsgspecError) as error:
            raise InputError(f"{folder / _ROW} cannot be read ({error}); the run stays in the trash.") from None
        if kept.row.id != found:
            raise InputError(f"{folder / _ROW} tells of another run; the run stays in the trash.")
        row = msgspec.structs.asdict(kept.row)
        row["config"], row["metrics"] = json_text(kept.row.config), json_text(kept.row.metrics)
        columns = _RUN.split(", ")
        marks = ", ".join("(SELECT id FROM datasets WHERE id = ?)" if each == "dataset" else "?" for each in columns)
        with self._catalogue.writing() as connection:
            insert = f"INSERT INTO runs ({_RUN}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING"
            connection.execute(insert, [row[column] for column in columns])
            connection.executemany("UPDATE models SET run = ? WHERE id = ?", [(found, model) for model in kept.models])
            move(folder, self._root / RUNS / found, "run")
        return self.get(found)

    def settle(self) -> tuple[str, ...]:
        """Make the rows of runs that nobody watches any more agree with their folders; returns their identifiers.

        Called by the only writer when it opens the library: whatever says "running" then has lost its parent, and what
        waited for its turn waits for a person now. ``queue`` knows them all.
        """
        with self._catalogue.reading() as connection:
            query = "SELECT id FROM runs WHERE status IN ('queued', 'running') ORDER BY id"
            lost = [run for (run,) in connection.execute(query)]
        for run in lost:
            last = last_status(self._root / RUNS / run)
            self.update(run, last.status, last.result, last.message)
        if lost:
            self.keep_queue(tuple(dict.fromkeys((*self.queue(), *lost))))
        return tuple(lost)

    def queue(self) -> tuple[str, ...]:
        """Identifiers of the runs that were under way or waited when ``keep_queue`` was last told, in order."""
        try:
            return msgspec.json.decode((self._root / RUNS / _QUEUE).read_bytes(), type=tuple[str, ...])
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("the order of the runs that waited cannot be read: %s", error)
            return ()

    def keep_queue(self, runs: tuple[str, ...]) -> None:
        """Remember which runs are under way or wait, in order."""
        replace_file(self._root / RUNS / _QUEUE, msgspec.json.encode(runs))

    def list(self, kind: str | None = None) -> tuple[RunRow, ...]:
        """All runs, the newest first."""
        if kind is not None and kind not in KINDS:
            raise InputError(f"There is no kind of run '{kind}'; choose one of: {', '.join(KINDS)}.")
        clause, values = ("WHERE kind = ?", (kind,)) if kind is not None else ("", ())
        with self._catalogue.reading() as connection:
            rows = connection.execute(f"SELECT {_RUN} FROM runs {clause} ORDER BY created_utc_ns DESC", values)
            return tuple(self._row(row) for row in rows)

    def get(self, asked: str) -> RunRow:
        """The run whose identifier begins so, or that is called so; InputError when there is none or several."""
        with self._catalogue.reading() as connection:
            return self._row(only(connection, "runs", _RUN, asked, "run"))

    @property
    def _trash(self) -> Path:
        return self._root / TRASH / RUNS

    def _row(self, values: Any) -> RunRow:
        row = dict(zip(_RUN.split(", "), values, strict=True))
        row["config"], row["metrics"] = msgspec.json.decode(row["config"]), msgspec.json.decode(row["metrics"])
        return RunRow(**row, path=str(self._root / RUNS / row["id"]))


def last_status(folder: Path) -> JobStatus:
    """How a run stands whose process is gone: as it said itself, else paused while its folder says what to do."""
    last = read_status(folder)
    if last is not None and last.status != "running":
        return last
    if not (folder / SPECIFICATION).exists():
        return JobStatus("failed", _LOST)
    if (folder / CHECKPOINT_STATE).exists():
        return JobStatus("paused", _RESUME)
    return JobStatus("paused", _WAITED if last is None else _ANEW)
