"""What a training takes from the library: the episodes of a data set as files with their trims."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.correspondence.config import EpisodeSpan
from core.errors import InputError
from core.library.datasets import Dataset
from core.messages import Source
from core.static_scenes import SCAN

if TYPE_CHECKING:
    from core.library.library import Library
    from core.library.rows import EpisodeRow


def spans(library: Library, dataset: Dataset) -> tuple[EpisodeSpan, ...]:
    """The episodes of a data set whose files are there, with their masks as corrected now. InputError when none is."""
    found = []
    for member in library.datasets.members(dataset.id):
        row = library.episodes.get(member.id)
        if Path(row.path).exists():
            found.append(_span(library, row, member.sha256, member.trim_start_s, member.trim_end_s))
    if not found:
        raise InputError(f"None of the episodes of '{dataset.name}' has a file any more; freeze another data set.")
    return tuple(found)


def all_spans(library: Library) -> tuple[EpisodeSpan, ...]:
    """Every intact episode as it is now, but attempts of policies. InputError when there is none."""
    rows = (library.episodes.get(episode) for episode in library.episodes.ids())
    intact = [
        row
        for row in rows
        if row.status in ("complete", "recovered") and row.demonstrator != Source.POLICY and Path(row.path).exists()
    ]
    if not intact:
        raise InputError("The library holds no finished episode; record some first.")
    return tuple(_span(library, row, row.sha256, row.trim_start_s, row.trim_end_s) for row in intact)


def _span(
    library: Library, row: EpisodeRow, sha256: str, trim_start_s: float | None, trim_end_s: float | None
) -> EpisodeSpan:
    return EpisodeSpan(
        row.id,
        row.path,
        sha256,
        trim_start_s or 0.0,
        trim_end_s,
        corrections=library.masks.of(row.id),
        scan=row.demonstrator == SCAN,
        corrected=row.demonstrator == Source.POLICY and library.attempts.get(row.id).interventions > 0,
    )
