"""Labels are rows that share an identifier; they come back as pairs for the evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands.record import record
from core.errors import InputError
from core.library import Library
from core.library.annotations import LabelMark


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    root = tmp_path_factory.mktemp("annotations") / "library"
    record(task="reach_t", episodes=2, cameras="right", rate=2.0, library=root, quiet=True)
    with Library.open(root) as opened:
        yield opened


def mark(library: Library, episode: int, u: float, frame: int = 0) -> LabelMark:
    return LabelMark(library.episodes.ids()[episode], "right", frame, u, 2 * u)


def test_labels_are_stored_listed_paired_exported_and_removed(library: Library, tmp_path: Path) -> None:
    first = library.annotations.add("corner", (mark(library, 0, 10.5), mark(library, 1, 20.0)))
    second = library.annotations.add(
        "edge", (mark(library, 0, 30.0), mark(library, 1, 40.0), mark(library, 1, 50.0, 1))
    )
    assert library.annotations.labels() == (second, first)
    pairs = library.annotations.pairs()
    assert sorted(len(pair.uv_source) for pair in pairs) == [1, 1, 2]
    both = next(pair for pair in pairs if len(pair.uv_source) == 2)
    assert both.uv_source[:, 0].tolist() == [30.0, 10.5] and both.uv_target[:, 0, 0].tolist() == [40.0, 20.0]
    assert not both.same_scene and Path(both.source.path).exists()
    assert library.annotations.export(tmp_path / "labels.json") == 2
    assert [label["name"] for label in json.loads((tmp_path / "labels.json").read_text())["labels"]] == [
        "edge",
        "corner",
    ]
    library.annotations.remove(second.id)
    assert library.annotations.labels() == (first,)
    library.annotations.remove(first.id)
    with pytest.raises(InputError, match="no label to export"):
        library.annotations.export(tmp_path / "none.json")


def test_unfinished_labels_are_refused_and_leave_nothing(library: Library) -> None:
    with pytest.raises(InputError, match="two images at least"):
        library.annotations.add("one", (mark(library, 0, 1.0),))
    with pytest.raises(InputError, match="one mark in an image"):
        library.annotations.add("twice", (mark(library, 0, 1.0), mark(library, 0, 2.0)))
    with pytest.raises(InputError, match="no episode"):
        library.annotations.add("gone", (mark(library, 0, 1.0), LabelMark("none", "right", 0, 1.0, 1.0)))
    assert library.annotations.labels() == ()
