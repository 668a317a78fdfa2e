"""A report page of an evaluation: one HTML file that needs nothing else, and a JSON file with all numbers."""

from __future__ import annotations

from html import escape
from pathlib import Path

import msgspec

from core.correspondence.evaluation import AUC_UP_TO, Report

_WIDTH, _HEIGHT, _MARGIN = 560, 300, 44
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } td, th { padding: .25rem .9rem .25rem 0; text-align: left; }
td { font-variant-numeric: tabular-nums; } svg text { font: 12px system-ui, sans-serif; fill: #555; }
"""


def write_report(folder: Path, title: str, report: Report) -> Path:
    """Write ``report.html`` and ``report.json`` into a folder; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    page = folder / "report.html"
    page.write_text(_page(title, report), encoding="utf-8")
    return page


def _page(title: str, report: Report) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in _figures(report))
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1><p>{report.points:,} points of {report.pairs:,} pairs of images, known by "
        f"{escape(report.origin)}. Pixels are those of a 640 by 480 image.</p><table>{rows}</table>"
        f"<h2>How far matches are from the truth</h2>{_curve(report)}</html>"
    )


def _figures(report: Report) -> list[tuple[str, str]]:
    found = [(f"Within {limit} px (PCK@{limit})", f"{100 * share:.1f} %") for limit, share in report.pck.items()]
    found.append(("Median error", f"{report.median_px:.1f} px"))
    found.append((f"Area under PCK up to {AUC_UP_TO} px", f"{report.auc:.3f}"))
    if report.median_3d_m is not None:
        found.append(("Median error in space", f"{1000 * report.median_3d_m:.1f} mm ({report.known_3d:,} points)"))
    found.append(("Pixels nearer than the true one", f"{100 * report.false_positive:.2f} %"))
    return found


def _curve(report: Report) -> str:
    """The share of points within 0 to 100 pixels, as an SVG."""
    right, bottom = _WIDTH - 12, _HEIGHT - _MARGIN

    def at(limit: float, share: float) -> tuple[float, float]:
        return _MARGIN + limit / AUC_UP_TO * (right - _MARGIN), bottom - share * (bottom - 12)

    points = " ".join("{:.1f},{:.1f}".format(*at(limit, share)) for limit, share in enumerate(report.cdf))
    lines = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        _, y = at(0, share)
        lines.append(f"<line x1='{_MARGIN}' x2='{right}' y1='{y:.1f}' y2='{y:.1f}' stroke='#ddd'/>")
        lines.append(f"<text x='{_MARGIN - 6}' y='{y + 4:.1f}' text-anchor='end'>{100 * share:.0f} %</text>")
    for limit in range(0, AUC_UP_TO + 1, 20):
        x, _ = at(limit, 0)
        lines.append(f"<text x='{x:.1f}' y='{bottom + 18}' text-anchor='middle'>{limit}</text>")
    lines.append(f"<text x='{(_MARGIN + right) / 2:.0f}' y='{_HEIGHT - 6}' text-anchor='middle'>error in pixels</text>")
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT}' role='img' aria-label='Cumulative distribution of match errors'>"
        f"{''.join(lines)}<polyline points='{points}' fill='none' stroke='#2563eb' stroke-width='2'/></svg>"
    )
