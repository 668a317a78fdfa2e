"""The library's threads: nothing is closed under a question, and nobody waits for what never opens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import wait_until
from PySide6.QtWidgets import QApplication

from app.workers.library import LibraryWorker
from core.errors import LibraryError
from core.library import Library
from core.library.episodes import Episodes
from tests.core.episodes.making import metadata
from tests.core.library.making import add

_LONG = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT max(i) FROM n"


@pytest.mark.usefixtures("qt")
def test_a_running_question_is_answered_before_the_catalogue_is_closed(tmp_path: Path) -> None:
    worker = LibraryWorker(tmp_path / "library")
    worker.start()
    began, answers = threading.Event(), []

    def ask(library: Library) -> int:
        with library.episodes._catalogue.reading() as connection:
            began.set()
            return int(connection.execute(_LONG).fetchone()[0])

    worker.read(ask, answers.append)
    assert began.wait(20.0)
    worker.close()
    QApplication.processEvents()
    assert answers == [2_000_000]


@pytest.mark.usefixtures("qt")
def test_closing_does_not_wait_for_a_library_that_could_not_open(tmp_path: Path) -> None:
    with Library.open(tmp_path / "library"):
        worker = LibraryWorker(tmp_path / "library")
        reasons: list[str] = []
        worker.openFailed.connect(reasons.append)
        worker.start()
        worker.read(lambda library: library.episodes.tasks(), lambda _: None)
        wait_until(lambda: reasons)
        began_s = time.monotonic()
        worker.close()
        assert time.monotonic() - began_s < 5.0


@pytest.fixture
def worker(qt: QApplication, tmp_path: Path) -> Iterator[LibraryWorker]:
    worker = LibraryWorker(tmp_path / "library")
    worker.start()
    yield worker
    worker.close()


def test_a_busy_writer_closes_the_library_after_those_who_closed_it_left(
    worker: LibraryWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.workers.library._CLOSING_S", 0.05)
    began, go_on = threading.Event(), threading.Event()
    worker.write(lambda library: (began.set(), go_on.wait(20.0)), lambda _: None)
    assert began.wait(20.0)
    worker.close()
    go_on.set()
    monkeypatch.setattr("app.workers.library._CLOSING_S", 20.0)
    worker.close()
    with Library.open(worker.root):
        pass


def test_a_library_that_stays_open_under_a_question_is_logged(
    worker: LibraryWorker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    began, go_on = threading.Event(), threading.Event()
    worker.read(lambda library: (began.set(), go_on.wait(20.0)), lambda _: None)
    assert began.wait(20.0)
    monkeypatch.setattr("app.workers.library._PATIENCE_S", 0.05)
    monkeypatch.setattr("app.workers.library._CLOSING_S", 0.5)
    worker.close()
    assert any("stays open" in record.message for record in caplog.records)
    go_on.set()
    worker.library.close()


def test_an_undo_says_what_is_as_it_was_and_a_redo_on_which(worker: LibraryWorker) -> None:
    undone: list[str] = []
    redone: list[tuple[str, ...]] = []
    worker.undone.connect(lambda words, ids: undone.append(words))
    worker.redone.connect(redone.append)
    wait_until(lambda: worker.library)
    episode = add(worker.library).id
    for change, word in (
        ({"success": True}, "verdict"),
        ({"notes": "slipped"}, "note"),
        ({"add_tags": ("a",)}, "tags"),
    ):
        worker.change(lambda library, change=change: library.episodes.label([episode], **change), (episode,))
        worker.undo()
        wait_until(lambda word=word: undone == [f"The episode has the {word} of before."])
        undone.clear()
    worker.redo(lambda _: None)
    wait_until(lambda: redone == [(episode,)])


def test_a_rate_that_cannot_be_known_leaves_no_row_behind(
    worker: LibraryWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Episodes, cameras: object) -> float:
        raise LibraryError("The catalogue cannot be read.")

    reasons: list[str] = []
    wait_until(lambda: worker.library)
    monkeypatch.setattr(Episodes, "bytes_per_second", fail)
    worker.begin(metadata(""), (), lambda *_: None, reasons.append)
    wait_until(lambda: reasons == ["The catalogue cannot be read."])
    assert worker.library.episodes.list().total == 0
