"""The library's threads: nothing is closed under a question, and nobody waits for what never opens."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from conftest import wait_until
from PySide6.QtWidgets import QApplication

from app.workers.library import LibraryWorker
from core.library import Library

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
