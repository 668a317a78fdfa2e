"""The queue of trainings: one after the other, in an order that can be changed, none begun by an opened window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from conftest import wait_until
from PySide6.QtWidgets import QApplication

from app.workers import trainings
from app.workers.library import LibraryWorker
from app.workers.trainings import TrainingQueue
from core.errors import LibraryError
from core.library import Library
from core.library.runs import RunRow, Runs
from core.processes.jobs import Ask, write_specification
from robot.jobs import MODULES
from tests.app.counting_job import END, FULL


class Asked(msgspec.Struct):
    pass


class Window:
    """The queue on an open library, as the window has it."""

    def __init__(self, root: Path) -> None:
        self.library = LibraryWorker(root)
        self.queue = TrainingQueue(self.library)
        self.ended: list[tuple[str, str]] = []
        self.queue.ended.connect(lambda run, event: self.ended.append((run.name, event.status)))
        self.library.start()

    def add(self, name: str) -> None:
        self.queue.add(begin(name), lambda run: None, pytest.fail)

    def runs(self) -> dict[str, RunRow]:
        assert self.library.library is not None
        return {run.name: run for run in self.library.library.runs.list()}

    def close(self) -> None:
        self.queue.close()
        self.library.close()


def begin(name: str) -> Callable[[Library], RunRow]:
    def work(library: Library) -> RunRow:
        run = library.runs.begin("policy", None, {}, 0, name)
        write_specification(Path(run.path), Asked())
        return run

    return work


@pytest.fixture
def window(qt: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setitem(MODULES, "policy", "tests.app.counting_job")
    window = Window(tmp_path)
    yield window
    window.close()


def counted(window: Window, name: str) -> bool:
    """Whether that run is the running one and reports."""
    running, standing = window.queue.running, window.queue.standing
    return running is not None and running.name == name and standing is not None and standing.remaining_s is not None


def test_runs_begin_one_after_the_other_and_the_queue_can_be_changed(window: Window) -> None:
    for name in ("first", "second", "third", "fourth"):
        window.add(name)
    wait_until(lambda: window.queue.brief == "67 %, 9 s (+3)")
    assert {run.status for run in window.queue.waiting} == {"queued"} and counted(window, "first")
    assert window.runs()["first"].status == "running"
    fourth, second = window.runs()["fourth"], window.runs()["second"]
    window.queue.to_front(fourth.id)
    window.queue.ask(second.id, Ask.CANCEL)
    assert [run.name for run in window.queue.waiting] == ["fourth", "third"]
    (Path(window.runs()["first"].path) / END).touch()
    wait_until(lambda: counted(window, "fourth"))
    window.queue.ask(fourth.id, Ask.PAUSE)
    wait_until(lambda: counted(window, "third"))
    window.queue.ask(window.runs()["third"].id, Ask.CANCEL)
    wait_until(lambda: window.queue.running is None)
    assert window.ended == [("first", "done"), ("fourth", "paused"), ("third", "cancelled")]
    stands = {name: run.status for name, run in window.runs().items()}
    assert stands == {"first": "done", "second": "cancelled", "third": "cancelled", "fourth": "paused"}
    window.queue.resume(fourth.id, lambda run: None, pytest.fail)
    wait_until(lambda: counted(window, "fourth"))
    assert window.runs()["first"].metrics["steps"] == 3


def test_what_waited_when_the_window_closed_goes_on_in_its_order_when_a_person_says_so(window: Window) -> None:
    for name in ("first", "second", "third"):
        window.add(name)
    wait_until(lambda: counted(window, "first") and len(window.queue.waiting) == 2)
    window.queue.to_front(window.runs()["third"].id)
    window.close()
    again = Window(window.library.root)
    wait_until(lambda: again.queue.left)
    names = {run.id: name for name, run in again.runs().items()}
    assert {run.status for run in again.runs().values()} == {"paused"}
    assert [names[run] for run in again.queue.left] == ["first", "third", "second"]
    assert again.queue.running is None and again.queue.brief == ""
    again.queue.go_on(again.queue.left, pytest.fail)
    wait_until(lambda: counted(again, "first") and len(again.queue.waiting) == 2)
    assert again.queue.left == ()
    assert [run.name for run in again.queue.waiting] == ["third", "second"]
    again.close()


def test_what_was_left_is_offered_until_it_is_decided(window: Window) -> None:
    window.add("first")
    wait_until(lambda: counted(window, "first"))
    window.close()
    for _ in range(2):
        again = Window(window.library.root)
        wait_until(lambda again=again: again.queue.left)
        again.close()
    again = Window(window.library.root)
    wait_until(lambda: again.queue.left)
    again.queue.leave()
    again.close()
    with Library.open(window.library.root) as library:
        assert library.runs.queue() == () and library.runs.list()[0].status == "paused"


def test_a_full_disk_pauses_and_is_noted_when_there_is_room(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    window.add("first")
    wait_until(lambda: counted(window, "first"))
    update, refuse = Runs.update, True

    def full(self: Runs, *given: object) -> RunRow:
        if refuse:
            raise LibraryError("The disk is full.")
        return update(self, *given)

    monkeypatch.setattr(Runs, "update", full)
    monkeypatch.setattr(trainings, "free_bytes", lambda path: 0)
    monkeypatch.setattr(trainings, "_AGAIN_MS", 10)
    (Path(window.runs()["first"].path) / FULL).touch()
    wait_until(lambda: window.queue.standing is not None and window.queue.standing.words == "The disk is full.")
    assert window.queue.brief == "disk full" and window.runs()["first"].status == "running"
    refuse = False
    wait_until(lambda: window.queue.running is None)
    row = window.runs()["first"]
    assert row.status == "paused" and "is full; free some space, then resume it" in row.message
    (Path(row.path) / FULL).unlink()
    window.queue.resume(row.id, lambda run: None, pytest.fail)
    wait_until(lambda: counted(window, "first"))


def test_a_run_that_cannot_begin_is_refused_in_words(window: Window) -> None:
    said: list[str] = []
    window.queue.resume("NONE", lambda run: None, said.append)
    wait_until(lambda: said)
    assert said == ["There is no run 'NONE'; see 'runs list'."] and window.queue.running is None
