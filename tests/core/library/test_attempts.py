"""An attempt is an episode: begun, judged, overruled, found and rebuilt as one, and learned from only when asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.attempts.outcome import Outcome
from core.episodes.recorder import Recorder
from core.errors import InputError
from core.library import EpisodeFilter, EpisodeRow, Library, new_id
from core.library.learning import all_spans
from core.library.preview import Wanted
from tests.core.episodes.making import feed, metadata
from tests.core.library.making import add

POLICY = "01JP0000000000000000000001"


def attempt(library: Library, success: bool | None, stop_reason: str | None = None, **changes: object) -> EpisodeRow:
    info = metadata(new_id(), demonstrator="policy", policy=POLICY, **changes)
    _, path = library.episodes.begin(info)
    recorder = Recorder(path, info, [], synchronous=True)
    feed(recorder, [], 2)
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
