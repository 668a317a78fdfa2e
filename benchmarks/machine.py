"""Where figures are written, with the machine that they were measured on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.machine import machine

RESULTS = Path(__file__).parent / "results"


def write(name: str, figures: dict[str, Any], *packages: str) -> Path:
    """Print figures and write them to ``results/<name>.json`` with the machine; returns the path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = json.dumps({"machine": machine(*packages), **figures}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    return path
