"""Two recorded episodes of the box, with both fixed cameras, made once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def command(*arguments: object) -> Any:
    """Run a command and return its JSON object."""
    words = [sys.executable, str(ROOT / "main.py"), *map(str, arguments), "--json", "--quiet"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with two episodes of pushing the box; do not change it."""
    library = tmp_path_factory.mktemp("recorded")
    given = ("--task", "push_box", "--episodes", 2, "--cameras", "right,left", "--rate", 2, "--seed", 5)
    command("record", "--library", library, *given)
    return library
