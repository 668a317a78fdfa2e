"""A table as files: JSON, CSV and a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.platform import replace_file


class Compared(msgspec.Struct, frozen=True):
    """McNemar's exact test of two cells that were tried on the same starts."""

    first: str
    second: str
    first_alone: int
    second_alone: int
    p: float


class Table(msgspec.Struct, frozen=True):
    """All that is known of an experiment at one scale. ``cells``: flat lines with at least ``row``, ``column`` and
    ``error``, why nothing is known."""

    title: str
    scale: str
    command: str
    cells: tuple[dict[str, Any], ...]
    compared: tuple[Compared, ...] = ()

    @property
    def made(self) -> str:
        """How, in words."""
        return f"Scale {self.scale}; `{self.command}`."


def write_table(folder: Path, table: Table, page: str, files: Mapping[str, bytes]) -> None:
    """``table.json``, ``table.csv`` and the page ``table.md``, with the files that it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        **files,
        "table.json": msgspec.json.format(msgspec.json.encode(table)) + b"\n",
        "table.csv": _csv(table).encode(),
        "table.md": page.encode(),
    }
    for name, content in written.items():
        replace_file(folder / name, content)


def _csv(table: Table) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(name for line in table.cells for name in line))
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(table.cells)
    return text.getvalue()
