"""Expert episodes of a reach, with images and without, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.robot.correspondence.conftest import command


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with three reaches seen by both cameras, and a small descriptor model; do not change it."""
    library = tmp_path_factory.mktemp("seen")
    given = ("--task", "reach_tr", "--episodes", 3, "--cameras", "right,left", "--rate", 5, "--seed", 5)
    command("record", "--library", library, *given, "--workers", 2)
    size = ("--set", "network.width=160", "--set", "network.height=128", "--set", "network.descriptor_dim=4")
    small = (
        *size,
        "--set",
        "steps=2",
        "--set",
        "batch_pairs=1",
        "--set",
        "moments=2",
        "--set",
        "crop=64",
        "--minutes",
        0,
    )
    command("train", "correspondence", "--library", library, *small)
    return library
