"""The whole loop without a screen, on very little: demonstrations, descriptors, a policy, attempts, a score."""

from pathlib import Path

import cv2
import msgspec
import pytest

import commands.demo
from commands.common import run_app
from core.library import Library
from core.library.query import EpisodeFilter
from main import app


def demonstrated(library: Path, capfdbinary: pytest.CaptureFixture[bytes], *more: str) -> dict[str, object]:
    given = ("--library", str(library), "--episodes", "3", "--trials", "1", "--minutes", "0.1", "--seed", "5")
    assert run_app(app, ("demo", *given, "--json", "--quiet", *more)) == 0
    found: dict[str, object] = msgspec.json.decode(capfdbinary.readouterr().out)
    return found


def test_the_loop_is_gone_through_once_and_carried_on(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands.demo, "_STEPS", 60)
    first = demonstrated(tmp_path, capfdbinary)
    assert [stage["name"] for stage in first["stages"]] == ["demonstrations", "descriptors", "policy", "attempts"]  # type: ignore[attr-defined]
    assert (first["trials"], first["library"]) == (1, str(tmp_path))
    assert 0.0 <= float(str(first["pck10"])) <= 1.0
    with Library.open(tmp_path, writable=False) as library:
        assert library.datasets.get("demo").episodes == 3
        assert {row.kind for row in library.models.list()} == {"descriptor", "policy"}
        assert [row.trial for row in library.attempts.list()] == [1_000_005]
    assert cv2.imread(str(tmp_path / "demo" / "attempts.jpg")).shape == (240, 1600, 3)

    again = demonstrated(tmp_path, capfdbinary)
    assert (again["successes"], again["pck10"]) == (first["successes"], first["pck10"])
    with Library.open(tmp_path, writable=False) as library:
        assert library.episodes.list(EpisodeFilter()).total == 4
        assert len(library.runs.list()) == 2
