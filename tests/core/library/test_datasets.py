"""A frozen data set stays what it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.errors import InputError
from core.library import EpisodeFilter, Library
from tests.core.library.making import add, write


def test_later_edits_do_not_change_a_frozen_data_set(library: Library) -> None:
    first = add(library, frames=20, success=True)
    add(library, success=False)
    library.episodes.trim(first.id, 0.1, 0.5)
    dataset = library.datasets.freeze("good ones", EpisodeFilter(success=True))
    assert (dataset.name, dataset.episodes) == ("good ones", 1)
    members = library.datasets.members("good ones")
    library.episodes.trim(first.id, None, None)
    library.episodes.label([first.id], success=False)
    library.episodes.trash([first.id])
    assert library.datasets.members(dataset.id[:20]) == members
    assert [(each.id, each.sha256, each.trim_start_s, each.trim_end_s) for each in members] == [
        (first.id, first.sha256, 0.1, 0.5)
    ]
    assert library.datasets.list() == (dataset,)


def test_the_hash_tells_data_sets_apart(library: Library) -> None:
    row = add(library, frames=20)
    same = {library.datasets.freeze(name, EpisodeFilter()).sha256 for name in ("a", "b")}
    assert len(same) == 1
    library.episodes.trim(row.id, 0.1, None)
    assert library.datasets.freeze("c", EpisodeFilter()).sha256 not in same


def test_unfinished_trashed_and_damaged_episodes_stay_out(library: Library) -> None:
    kept = add(library)
    write(library)
    library.episodes.trash([add(library).id])
    broken = add(library)
    with Path(broken.path).open("r+b") as file:
        file.seek(2000)
        file.write(b"damage")
    library.verify()
    library.datasets.freeze("all", EpisodeFilter())
    assert [member.id for member in library.datasets.members("all")] == [kept.id]


def test_names_are_unique_and_needed(library: Library) -> None:
    add(library)
    library.datasets.freeze("one", EpisodeFilter())
    with pytest.raises(InputError, match="There is a data set 'one' already"):
        library.datasets.freeze(" one ", EpisodeFilter())
    with pytest.raises(InputError, match="needs a name"):
        library.datasets.freeze(" ", EpisodeFilter())
    with pytest.raises(InputError, match="nothing to freeze"):
        library.datasets.freeze("two", EpisodeFilter(task="absent"))
    with pytest.raises(InputError, match="There is no one data set 'three'; there are: one"):
        library.datasets.members("three")


def test_the_catalogue_itself_refuses_changes(library: Library) -> None:
    add(library)
    library.datasets.freeze("one", EpisodeFilter())
    with sqlite3.connect(library.root / "catalog.sqlite") as connection:
        for table, column in (("datasets", "name"), ("dataset_episodes", "sha256")):
            with pytest.raises(sqlite3.IntegrityError, match="frozen"):
                connection.execute(f"UPDATE {table} SET {column} = 'other'")
    connection.close()
