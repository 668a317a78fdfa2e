"""Settings: one bad key never voids the file, a bad file never stops the window."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.settings import Setting, Settings
from app.theme import Scheme

SIZE = Setting("size", int, 7)
NAMES = Setting("names", dict[str, tuple[str, ...]], {})
SCHEME = Setting("scheme", Scheme, Scheme.SYSTEM)


def test_values_come_back(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "deep" / "settings.json")
    settings.put(SIZE, 3)
    settings.put(NAMES, {"stop": ("Space",)})
    settings.put(SCHEME, Scheme.DARK)
    settings.save()
    again = Settings(tmp_path / "deep" / "settings.json")
    assert (again.get(SIZE), again.get(NAMES), again.get(SCHEME)) == (3, {"stop": ("Space",)}, Scheme.DARK)


def test_one_bad_key_leaves_the_others_alone_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(msgspec.json.encode({"version": 1, "values": {"size": "large", "scheme": "dark", "unknown": 1}}))
    settings = Settings(path)
    assert settings.get(SIZE) == 7 and settings.get(SCHEME) is Scheme.DARK
    assert len(settings.complaints) == 1 and "'size'" in settings.complaints[0]
    settings.put(SIZE, 9)
    settings.save()
    assert msgspec.json.decode(path.read_bytes())["values"]["unknown"] == 1, "what a newer version wrote is kept"


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"version": "x", "values": 3}'])
def test_a_bad_file_gives_defaults_and_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get(SIZE) == 7 and settings.complaints


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = Settings(tmp_path / "file" / "settings.json")
    settings.put(SIZE, 1)
    settings.save()
    assert "could not be saved" in settings.complaints[-1]
