"""A virtual screen for a whole run, and a person at a window of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.person import Person, Screen


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture
def person(screen: Screen, tmp_path: Path) -> Iterator[Person]:
    person = Person(screen, tmp_path)
    yield person
    person.kill()
