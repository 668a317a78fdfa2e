from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library of one test's own."""
    with Library.open(tmp_path / "library", busy_timeout_ms=100) as opened:
        yield opened
