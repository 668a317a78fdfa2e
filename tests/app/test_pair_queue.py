"""The queue of pairs between a real library and an inspector that answers when the test says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import wait_until

from app.pages.correspondence.queue import PairQueue
from app.pages.correspondence.scenes import Scenes
from app.workers.inspector import InspectorWorker
from app.workers.library import LibraryWorker
from core.errors import InputError
from core.library.mask_corrections import CorrectedFrame
from core.processes.shared_memory import Session
from robot.inspector_messages import PairCompared
from robot.inspector_scenes import SceneMaker
from tests.robot.correspondence.small import add_episode, small_library

MODEL = "model"


@pytest.fixture(scope="module")
def library(qt: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryWorker]:
    root = small_library(tmp_path_factory.mktemp("queue") / "library")
    for shift in range(3):
        add_episode(root, shift)
    worker = LibraryWorker(root)
    worker.start()
    yield worker
    worker.close()


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    made = Session.create()
    yield made
    made.remove()


class Bench:
    """A queue that is on, the hand's marks, and what the queue says."""

    def __init__(self, library: LibraryWorker, session: Session) -> None:
        self.inspector = InspectorWorker(session)
        self.scenes = Scenes(library, 0)
        self.marked = False
        self.queue = PairQueue(library, self.inspector, self.scenes, lambda: self.marked)
        self.words = ""
        self.queue.changed.connect(lambda words: setattr(self, "words", words))
        self.queue.use(True, MODEL)

    def drawn(self) -> None:
        wait_until(lambda: "Looking" not in self.words)

    def answer(self, *, all_but: int = 0, trouble: str = "", sure: bool = True) -> None:
        """Confidences fall, so that the pair answered last is the least sure."""
        for number, pair in enumerate(self.queue._left[: len(self.queue._left) - all_but]):
            self.inspector.compared.emit(PairCompared(MODEL, pair, 1.0 / (number + 1) if sure else None, trouble))


@pytest.fixture
def bench(library: LibraryWorker, session: Session) -> Bench:
    made = Bench(library, session)
    made.drawn()
    return made


def test_what_is_waited_for_comes_when_all_are_compared(bench: Bench) -> None:
    bench.queue.next()
    last = bench.queue._left[-1]
    bench.answer(all_but=1)
    assert bench.scenes.panels == () and bench.words.endswith("the least sure comes when all are")
    bench.answer()
    assert bench.scenes.panels == bench.queue._current and "1 of " in bench.words
    assert last in (bench.queue._current, *bench.queue.waiting)


def test_nothing_comes_under_a_hand_that_marks(bench: Bench) -> None:
    bench.queue.next()
    bench.marked = True
    bench.answer()
    assert bench.scenes.panels == () and bench.words.endswith("pairs wait, the least sure first")


def test_leaving_ends_the_waiting(bench: Bench) -> None:
    bench.queue.next()
    bench.queue.use(False, MODEL)
    bench.queue.use(True, MODEL)
    bench.answer()
    assert bench.scenes.panels == ()


def test_so_far_is_said_while_pairs_are_left(bench: Bench) -> None:
    bench.answer(all_but=1, trouble="No capture.")
    bench.queue.next()
    assert bench.scenes.panels and "compared so far" in bench.words
    assert bench.words.endswith("over the whole image. No capture.")


def test_what_keeps_pairs_from_being_compared_is_said(bench: Bench) -> None:
    bench.answer(sure=False)
    assert bench.words == "No two images show an object that could be labelled"
    bench.queue.next()
    bench.queue._past.clear()
    bench.drawn()
    bench.answer(sure=False, trouble="The model cannot be used.")
    assert bench.words == "The model cannot be used."


def test_a_pair_at_which_the_inspector_ends_is_not_compared_again(bench: Bench) -> None:
    pairs = tuple(bench.queue._left)
    bench.inspector._arrived.emit(0, PairCompared(MODEL, pairs[0], 0.5))
    bench.inspector._ended.emit(0, -9, "killed")
    assert tuple(bench.queue._left) == pairs[2:] and bench.queue.waiting == (pairs[0],)
    asked = bench.inspector._comparison
    assert asked is not None and asked.pairs == pairs[2:]


def test_pairs_that_cannot_be_drawn_are_told_and_asked_for_again(
    library: LibraryWorker, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InputError("The catalogue is damaged.")

    with monkeypatch.context() as patch:
        patch.setattr(SceneMaker, "pairs", refuse)
        bench = Bench(library, session)
        bench.drawn()
    assert bench.words == "The catalogue is damaged."
    bench.queue.next()
    bench.drawn()
    assert bench.words.startswith("0 of ")


@pytest.mark.parametrize(("role", "frame"), [("right", 900), ("ceiling", 0)])
def test_an_image_that_was_corrected_and_is_gone_is_one_sentence(
    bench: Bench, library: LibraryWorker, role: str, frame: int
) -> None:
    bench.scenes.first()
    wait_until(lambda: bench.scenes.panels)
    before, said = bench.scenes.panels, []
    library.troubled.connect(said.append)
    bench.scenes.choose_image(CorrectedFrame(before[0].episode, role, frame))
    wait_until(lambda: said)
    assert said == [f"The episode has no frame {frame} of a {role} camera any more; choose another image."]
    assert bench.scenes.panels == before
    library.troubled.disconnect(said.append)
