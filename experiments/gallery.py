"""An experiment whose findings are pictures of matches (paper, Figures 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.clock import utc_iso, utc_ns
from core.machine import machine_words
from core.platform import replace_file
from experiments.cells import Scale
from experiments.steps import Asked, Looked, Matched, Step
from experiments.store import Done
from experiments.tables import Table, write_table


@dataclass(frozen=True, slots=True)
class Hung:
    """One picture: its name, which names its file too, and what it shows."""

    name: str
    title: str
    step: Asked


@dataclass(frozen=True, slots=True)
class Gallery:
    """``told`` explains the pictures that a scale has."""

    title: str
    told: str
    pictures: Callable[[Scale], tuple[Hung, ...]]


class _Drawn(msgspec.Struct, frozen=True):
    """What is written beside a picture."""

    key: str
    machine: str
    finished: str
    matches: tuple[Matched, ...]


class GalleryResults:
    """A folder with the pictures, and a table of how far the matches are from the right pixels."""

    def __init__(self, root: Path, name: str, gallery: Gallery, scale: Scale) -> None:
        self.folder = root / f"{name}-{scale}"
        self._gallery, self._scale = gallery, scale
        self._command = f"main.py experiment {name} --scale {scale}"
        self._pictures = gallery.pictures(scale)
        self._errors: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Of all pictures."""
        return tuple(each.name for each in self._pictures)

    def missing(self, only: str) -> tuple[Step, ...]:
        """What is to be done for the pictures that are not there and whose names hold the words."""
        return tuple(each.step for each in self._pictures if only in each.name and self._drawn(each) is None)

    def add(self, step: Step, came: Done | str) -> tuple[str, ...]:
        """Note what came of a step, or why nothing did; what is to be said of it."""
        asked = [each for each in self._pictures if each.step == step]
        for each in asked:
            if isinstance(came, str):
                self._errors[each.name] = came
            else:
                self._hang(each, msgspec.convert(came.result, Looked))
        self.write()
        return tuple(f"{each.name}: {came if isinstance(came, str) else 'drawn'}" for each in asked)

    def write(self) -> Table:
        """Write the page as it stands now."""
        lines = tuple(line for each in self._pictures for line in self._lines(each))
        table = Table(self._gallery.title, self._scale, self._command, lines)
        blocks = [f"# {table.title}", table.made, self._gallery.told, *map(self._block, self._pictures)]
        write_table(self.folder, table, "\n\n".join(blocks) + "\n", {})
        return table

    def _hang(self, each: Hung, looked: Looked) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_file(self.folder / f"{each.name}.jpg", Path(looked.picture).read_bytes())
        drawn = _Drawn(each.step.key, machine_words(), utc_iso(utc_ns())[:10], looked.matches)
        replace_file(self.folder / f"{each.name}.json", msgspec.json.format(msgspec.json.encode(drawn)) + b"\n")

    def _drawn(self, each: Hung) -> _Drawn | None:
        try:
            drawn = msgspec.json.decode((self.folder / f"{each.name}.json").read_bytes(), type=_Drawn)
        except (OSError, msgspec.MsgspecError):
            return None
        return drawn if drawn.key == each.step.key else None

    def _lines(self, each: Hung) -> Iterator[dict[str, Any]]:
        drawn = self._drawn(each)
        if drawn is None:
            if each.name in self._errors:
                yield {"row": each.name, "column": "", "error": self._errors[each.name]}
            return
        known = {"machine": drawn.machine, "finished": drawn.finished, "error": ""}
        for found in drawn.matches:
            yield {"row": each.name, "column": found.look, **msgspec.structs.asdict(found), **known}

    def _block(self, each: Hung) -> str:
        drawn = self._drawn(each)
        if drawn is None:
            return f"## {each.title}\n\n{self._errors.get(each.name, 'Not yet drawn.')}"
        far = [
            f"{found.point}, {found.look} {found.apart_px:g} px"
            for found in drawn.matches
            if found.apart_px is not None
        ]
        told = f"\n\nFrom the right pixel: {'; '.join(far)}." if far else ""
        return f"## {each.title}\n\n![{each.title}]({each.name}.jpg){told}\n\n{drawn.machine}, {drawn.finished}"
