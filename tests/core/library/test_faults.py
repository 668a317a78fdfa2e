"""A disk that refuses to take more, by the kernel's own word: nothing is lost and it is said in one sentence."""

from __future__ import annotations

import multiprocessing
import resource
from pathlib import Path

from core.episodes.recorder import Recorder
from core.library import Library
from core.messages import Integrity
from tests.core.episodes.making import camera, frame, metadata, step

LIMIT_BYTES = 600_000
EPISODE = "01HNOROOMFORMORETHANTHIS00"


def record_up_to_the_limit(root: Path, notes: Path) -> None:
    """No file of this process may grow over the limit: writes beyond it fail as on a full disk."""
    info = metadata(EPISODE)
    with Library.open(root) as library:
        _, path = library.episodes.begin(info, [camera()])
        resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))
        recorder = Recorder(path, info, [camera()], synchronous=True)
        index = 0
        while recorder.step(step(index)) and recorder.frame(frame(camera(), index)):
            index += 1
        summary = recorder.finish()
        library.episodes.complete(summary)
        error = recorder.counters().error or ""
        notes.write_text(f"{index}\n{summary.integrity}\n{error}")


def test_a_file_that_cannot_grow_keeps_what_it_has(tmp_path: Path) -> None:
    root, notes = tmp_path / "library", tmp_path / "notes"
    child = multiprocessing.get_context("forkserver").Process(target=record_up_to_the_limit, args=(root, notes))
    child.start()
    child.join(120)
    assert child.exitcode == 0
    handed, integrity, error = notes.read_text().split("\n")
    assert integrity in (Integrity.CUT, Integrity.UNFINISHED)
    assert "all before it was kept" in error
    with Library.open(root) as library:
        row = library.episodes.get(EPISODE)
        assert row.status in ("complete", "recovered")
        assert row.frames >= int(handed) - 2
        assert library.verify().damaged == []
