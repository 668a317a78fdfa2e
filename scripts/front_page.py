"""Puts the tables of docs/results on the front page: ``python -m scripts.front_page``.

Only what was measured stands there, with its date, machine and command; the paper's figures in italics.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
RESULTS, README = _ROOT / "docs" / "results", _ROOT / "README.md"
_SHOWN = ("table1", "table1-visuals", "table2", "figure4")
_BEGIN, _END = "<!-- measured: python -m scripts.front_page -->", "<!-- end of measured -->"


def main() -> None:
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")


def renewed(page: str) -> str:
    """The front page with the tables as the committed result files have them now."""
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    files = (path for name in _SHOWN for path in sorted(RESULTS.glob(f"{name}-*/table.json")))
    tables = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    told = "\n\n".join(_section(table) for table in tables if _measured(table))
    return f"{before}{_BEGIN}\n{told}\n{_END}{after}"


def _measured(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in table["cells"] if line.get("trials")]


def _section(table: dict[str, Any]) -> str:
    lines = _measured(table)
    rows, columns = (list(dict.fromkeys(line[name] for line in lines)) for name in ("row", "column"))
    cells = {(line["row"], line["column"]): _cell(line) for line in lines}
    parts = [f"**{table['title']}**", "", "| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    parts += [f"| {row} | " + " | ".join(cells.get((row, column), "") for column in columns) + " |" for row in rows]
    days = sorted({line["finished"] for line in lines})
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    machines = "; ".join(sorted({line["machine"] for line in lines}))
    return "\n".join([*parts, "", f"`{table['command']}`, {when}, {machines}."])


def _cell(line: dict[str, Any]) -> str:
    share = f"{line['percent']} [{line['low']:.0f}, {line['high']:.0f}] of {line['trials']}"
    return share if line["paper"] is None else f"{share} *{line['paper']:g}*"


if __name__ == "__main__":
    main()
