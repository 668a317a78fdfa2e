"""Runs are named, noted, trashed and restored; what waited for its turn is offered again and not begun by itself."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from core.errors import InputError
from core.library import Library
from core.library.runs import RunRow
from core.processes.jobs import JobStatus, write_specification, write_status


class Asked(msgspec.Struct):
    what: str = "anything"


def ended(library: Library, name: str = "first") -> RunRow:
    run = library.runs.begin("policy", None, {"representation": "gt-3d"}, 0, name)
    return library.runs.update(run.id, "done", {"steps": 3})


def add_model(library: Library, run: str) -> str:
    folder = library.root / "models" / "M1"
    folder.mkdir(parents=True)
    described = {"name": "first", "kind": "policy", "created_utc_ns": 1, "network": {}, "run": run}
    (folder / "model.json").write_text(json.dumps(described))
    return library.models.adopt()[0]


def test_a_run_gets_a_name_and_a_note(library: Library) -> None:
    run = ended(library)
    assert (run.name, run.notes) == ("first", "")
    assert library.runs.rename(run.id[:20], " second ").name == "second"
    assert library.runs.note(run.id, "  the better one ").notes == "the better one"
    assert library.runs.note(run.id, "").notes == ""
    with pytest.raises(InputError, match="A run needs a name"):
        library.runs.rename(run.id, " ")


def test_a_trashed_run_comes_back_as_it_was_and_its_model_stays(library: Library) -> None:
    run = ended(library)
    model = add_model(library, run.id)
    (Path(run.path) / "metrics.jsonl").write_text("{}")
    library.runs.trash(run.id)
    assert library.runs.list() == () and not Path(run.path).exists()
    assert library.models.get(model).run is None and Path(library.models.get(model).path).exists()
    assert library.runs.restore(run.id[:10]) == run
    assert library.models.get(model).run == run.id and (Path(run.path) / "metrics.jsonl").exists()
    for wrong in (run.id, "X", "", "../runs"):
        with pytest.raises(InputError, match="No run in the trash"):
            library.runs.restore(wrong)


def test_a_run_that_is_under_way_is_not_thrown_away(library: Library) -> None:
    run = library.runs.begin("policy", None, {}, 0, "first")
    with pytest.raises(InputError, match="'first' is queued; end it"):
        library.runs.trash(run.id)


def test_what_waited_is_offered_again_when_the_library_is_opened(library: Library) -> None:
    waiting, begun, _ = (library.runs.begin("policy", None, {}, 0, name) for name in ("waits", "runs", "bare"))
    for run in (waiting, begun):
        write_specification(Path(run.path), Asked())
    library.runs.update(begun.id, "running", {})
    write_status(Path(begun.path), JobStatus("running"))
    library.close()
    with Library.open(library.root) as opened:
        stands = {run.name: run.status for run in opened.runs.list()}
        assert stands == {"waits": "paused", "runs": "paused", "bare": "failed"}
        assert "waiting when the window closed" in opened.runs.get(waiting.id).message
        assert "begins anew" in opened.runs.get(begun.id).message
        assert opened.runs.queue()[:2] == (waiting.id, begun.id)


def test_an_order_that_cannot_be_read_is_no_order(library: Library) -> None:
    library.runs.keep_queue(("B", "A"))
    assert library.runs.queue() == ("B", "A")
    (library.root / "runs" / "queue.json").write_text("[")
    assert library.runs.queue() == ()


def test_a_catalogue_without_names_of_runs_gets_them_from_the_models(library: Library) -> None:
    run = ended(library, "")
    add_model(library, run.id)
    library.close()
    with closing(sqlite3.connect(library.root / "catalog.sqlite")) as connection, connection:
        for column in ("name", "notes"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0002%'")
        connection.execute("PRAGMA user_version = 1")
    with Library.open(library.root) as opened:
        assert (opened.runs.get(run.id).name, opened.runs.get(run.id).notes) == ("first", "")
