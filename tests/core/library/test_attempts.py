"""An attempt is an episode: begun, judged, overruled, found and rebuilt as one, and learned from only when asked."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.attempts.outcome import Outcome
from core.episodes.reader import EpisodeReader
from core.episodes.recorder import Recorder
from core.errors import InputError
from core.geometry import SE3
from core.library import EpisodeFilter, EpisodeRow, Library, new_id
from core.library.learning import all_spans, spans
from core.library.preview import Wanted
from core.library.query import Corrections
from core.messages import Disturbance, Source
from core.policies.demonstrations import hands, parts
from tests.core.episodes.making import feed, metadata, step
from tests.core.library.making import add

POLICY = "01JP0000000000000000000001"


TICKS = 20


def attempt(
    library: Library,
    success: bool | None,
    stop_reason: str | None = None,
    drivers: tuple[Source, ...] = (),
    **changes: object,
) -> EpisodeRow:
    """A short attempt; with ``drivers``, each drives for some ticks."""
    info = metadata(new_id(), demonstrator="policy", policy=POLICY, **changes)
    _, path = library.episodes.begin(info)
    recorder = Recorder(path, info, [], synchronous=True)
    feed(recorder, [], 0 if drivers else 2)
    for tick in range(TICKS * len(drivers)):
        made = step(tick)
        assert made.wanted is not None
        wanted = msgspec.structs.replace(made.wanted, source=drivers[tick // TICKS])
        recorder.step(msgspec.structs.replace(made, wanted=wanted))
    return library.episodes.complete(recorder.finish(success, stop_reason, judged=success))


def test_a_verdict_is_overruled_and_both_are_kept_and_undone(library: Library) -> None:
    row = attempt(library, False, seed=7)
    (found,) = library.attempts.list()
    assert (found.id, found.policy, found.task, found.trial) == (row.id, POLICY, "push_box", 7)
    assert (found.outcome, found.judged) == (Outcome.FAILURE, False)
    library.episodes.label([row.id], success=True)
    found = library.attempts.get(row.id)
    assert (found.outcome, found.judged) == (Outcome.SUCCESS, False)
    library.episodes.undo()
    assert library.attempts.get(row.id).outcome is Outcome.FAILURE
    with pytest.raises(InputError, match="is no attempt of a policy"):
        library.attempts.get(add(library).id)


def test_who_disturbed_an_attempt_is_said_later_and_undone(library: Library) -> None:
    row = attempt(library, True)
    library.episodes.label([row.id], disturbance=Disturbance.MANUAL)
    assert library.attempts.get(row.id).disturbance is Disturbance.MANUAL and library.episodes.get(row.id).disturbed
    library.episodes.undo()
    assert library.attempts.get(row.id).disturbance is Disturbance.NONE
    assert not library.episodes.get(row.id).disturbed
    library.episodes.redo()
    assert library.attempts.get(row.id).disturbance is Disturbance.MANUAL
    with pytest.raises(InputError, match="Only of an attempt"):
        library.episodes.label([add(library).id], disturbance=Disturbance.MANUAL)


def test_attempts_in_which_a_hand_took_over_are_learned_from_where_it_drove(library: Library) -> None:
    shown = add(library, success=True)
    attempt(library, True)
    taken = attempt(library, True, drivers=(Source.POLICY, Source.HAND, Source.POLICY))
    frozen = {kind: library.datasets.freeze(str(kind), EpisodeFilter(corrections=kind)) for kind in Corrections}
    by_kind = {kind: {each.id: each for each in spans(library, dataset)} for kind, dataset in frozen.items()}
    assert set(by_kind[Corrections.ONLY]) == {taken.id}
    assert set(by_kind[Corrections.TOO]) == {shown.id, taken.id}
    assert [each.corrected for each in by_kind[Corrections.TOO].values()] == [False, True]
    assert library.episodes.list(EpisodeFilter(corrections=Corrections.ONLY)).total == 1
    span = by_kind[Corrections.ONLY][taken.id]
    with EpisodeReader(Path(span.path)) as reader:
        stamps = reader.arrays()["stamp_ns"]
        (part,) = parts(reader, span, stamps)
        whole = parts(reader, by_kind[Corrections.TOO][shown.id], stamps)
        _, sent = hands(reader, stamps[part], 1.0, int(stamps[part][-1]))
        last = SE3.from_array(reader.arrays()["sent_X_WE"][part.stop - 1])
    assert (part.start, part.stop) == (TICKS, 2 * TICKS) and whole == [slice(0, len(stamps))]
    np.testing.assert_allclose(sent.poses()[-1], last.as_array(), atol=1e-9)


def test_attempts_are_tallied_without_those_that_say_nothing(library: Library) -> None:
    for success in (True, True, False):
        attempt(library, success)
    attempt(library, None, "operator")
    attempt(library, True, task="push_plate")
    thrown = attempt(library, True)
    library.episodes.trash([thrown.id])
    box, plate = library.attempts.tally()
    assert (box.task, box.attempts, box.score.successes, box.score.trials) == ("push_box", 4, 2, 3)
    assert (plate.task, plate.attempts, plate.score.rate) == ("push_plate", 1, 1.0)
    assert len(library.attempts.list(EpisodeFilter(task="push_box"))) == 4
    assert library.attempts.list(EpisodeFilter(policy="another")) == ()


def test_a_lost_catalogue_knows_the_attempts_again_from_their_files(library: Library) -> None:
    attempt(library, True)
    before = library.attempts.list()
    root = library.root
    library.close()
    for path in root.glob("catalog.sqlite*"):
        path.unlink()
    with Library.open(root) as opened:
        assert opened.attempts.list() == before


def test_nothing_is_learned_from_attempts_unless_they_are_asked_for(library: Library) -> None:
    shown = add(library, success=True)
    tried = attempt(library, True)
    everything = library.datasets.freeze("everything", EpisodeFilter())
    assert [member.id for member in library.datasets.members(everything.id)] == [shown.id]
    assert [Path(span.path).stem for span in all_spans(library)] == [shown.id]
    found = library.datasets.preview(EpisodeFilter(), Wanted())
    assert found.kept == (shown.id,)
    assert [(each.reason, each.episodes) for each in found.left_out] == [("of a policy's attempts", (tried.id,))]
    for wanted in (EpisodeFilter(demonstrator="policy"), EpisodeFilter(policy=POLICY)):
        assert library.datasets.preview(wanted, Wanted()).kept == (tried.id,)
    chosen = library.datasets.freeze("chosen", EpisodeFilter(policy=POLICY))
    assert library.datasets.preview(chosen.name, Wanted()).kept == (tried.id,)
    assert [row.id for row in library.episodes.list(EpisodeFilter(demonstrations=True)).rows] == [shown.id]


def test_a_policy_with_attempts_stays_and_an_attempt_is_not_removed_for_good(library: Library) -> None:
    row = attempt(library, True)
    library.episodes.trash([row.id])
    with pytest.raises(InputError, match="part of an attempt"):
        library.episodes.purge([row.id])
