"""The page of an experiment, in Markdown."""

from __future__ import annotations

from experiments.experiment import Findings
from experiments.found import Found, shown

_DETAILS = (
    *("cell", "demonstrations", "steps", "seeds", "trials", "in view only", "script's rule", "script's, in view"),
    *("stopped", "machine", "date"),
)


def page(title: str, made: str, part: str, findings: Findings) -> str:
    """The title, what the experiment tells besides, a table beside the paper's figures, and every cell in detail."""
    rules = (
        "Success in percent [95 % Wilson interval] of all trials by the paper's rule, then the paper's figure in "
        "italics."
    )
    details = (
        "*In view*: trials in which the policy's camera saw the object whole throughout. *Script's rule*: that of the "
        "authors' script, at the end position / 1 cm + angle / 5 degrees at most 1.2, where it is known."
    )
    blocks = [f"# {title}", made, *([part.strip()] if part else []), rules, _table(findings), details]
    return "\n\n".join([*blocks, _details(findings)]) + "\n"


def _table(findings: Findings) -> str:
    rows = list(dict.fromkeys(found.cell.row for found in findings.values()))
    columns = list(dict.fromkeys(found.cell.column for found in findings.values()))
    cells = {(found.cell.row, found.cell.column): found for found in findings.values()}
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {row} | " + " | ".join(_shown(cells.get((row, column))) for column in columns) + " |" for row in rows]
    return "\n".join(lines)


def _shown(found: Found | None) -> str:
    if found is None:
        return ""
    return found.words if found.cell.paper is None else f"{found.words} *{found.cell.paper:g}*"


def _details(findings: Findings) -> str:
    lines = ["| " + " | ".join(_DETAILS) + " |", "|---" * len(_DETAILS) + "|"]
    lines += ["| " + " | ".join(_detail(found)) + " |" for found in findings.values()]
    return "\n".join(lines)


def _detail(found: Found) -> list[str]:
    line = found.figures()
    script = [shown(found.score(in_view=within, script=True)) if found.scripted else "" for within in (False, True)]
    counts = [str(line[name] or "") for name in ("demonstrations", "steps", "seeds", "trials")]
    told = line["error"] or line["stopped"]
    in_view = _counted(found)
    return [found.cell.name, *counts, in_view, *script, told, line["machine"], line["finished"]]


def _counted(found: Found) -> str:
    seen = found.score(in_view=True)
    return f"{shown(seen)} of {seen.trials}" if seen.trials else ""
