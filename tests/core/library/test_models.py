"""Models are renamed, trashed and restored with their folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.errors import InputError
from core.library import Library, new_id
from core.library.runs import last_status
from core.processes.jobs import JobStatus, write_status
from tests.core.episodes.making import metadata


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    folder = tmp_path / "models" / "M1"
    folder.mkdir(parents=True)
    described = {"name": "first", "kind": "descriptor", "created_utc_ns": 1, "network": {}, "sha256": "x", "extra": 3}
    (folder / "model.json").write_bytes(msgspec.json.encode(described))
    (folder / "sets").mkdir()
    with Library.open(tmp_path) as opened:
        yield opened


def test_a_new_name_stands_in_the_folder_too(library: Library) -> None:
    row = library.models.rename("M1", "  second ")
    assert (row.name, library.models.get("M1").name) == ("second", "second")
    described = msgspec.json.decode((Path(row.path) / "model.json").read_bytes())
    assert (described["name"], described["extra"]) == ("second", 3)
    with pytest.raises(InputError, match="needs a name"):
        library.models.rename("M1", " ")


def test_a_trashed_model_comes_back_with_all_that_lay_beside_it(library: Library) -> None:
    path = Path(library.models.get("M1").path)
    library.models.trash("M1")
    assert library.models.list() == () and not path.exists()
    assert library.models.adopt() == (), "the trash is not adopted"
    library.models.restore("M1")
    assert library.models.get("M1").name == "first" and (path / "sets").is_dir()
    for wrong in ("M1", "M2", "", "../../episodes"):
        with pytest.raises(InputError, match="No model in the trash"):
            library.models.restore(wrong)


def test_models_from_elsewhere_that_say_what_none_can_say_are_left_out(library: Library, tmp_path: Path) -> None:
    good = {"name": "far", "created_utc_ns": 1, "network": {}}
    for name, described in (
        ("lower", good),
        ("KIND", good | {"kind": "spell"}),
        ("LATE", good | {"created_utc_ns": 2**70}),
        ("FINE", good),
    ):
        (tmp_path / "models" / name).mkdir()
        (tmp_path / "models" / name / "model.json").write_bytes(json.dumps(described).encode())
    assert library.models.adopt() == ("FINE",)
    assert library.models.get("fin").name == "far"


def test_a_model_that_attempts_tell_of_stays(library: Library, tmp_path: Path) -> None:
    library.episodes.begin(metadata(new_id(), demonstrator="policy", policy="M1"))
    with pytest.raises(InputError, match="attempts that tell of it"):
        library.models.trash("M1")
    assert Path(library.models.get("M1").path).exists()


def test_a_run_without_its_process_is_paused_while_its_folder_says_what_to_do(tmp_path: Path) -> None:
    assert last_status(tmp_path).status == "failed", "nothing says what it was to do"
    (tmp_path / "specification.json").write_text("{}")
    write_status(tmp_path, JobStatus("running"))
    assert "begins anew" in last_status(tmp_path).message
    (tmp_path / "checkpoint.json").write_text("{}")
    assert last_status(tmp_path).message == "It was interrupted and can be resumed."
    write_status(tmp_path, JobStatus("done", "well"))
    assert last_status(tmp_path).message == "well"
