"""What a figure was measured on, and where figures are written."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from core.clock import utc_iso

RESULTS = Path(__file__).parent / "results"


def machine(*packages: str) -> dict[str, Any]:
    """Processor, cores, memory, system, Python, date, and the versions of the packages that matter."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "date": utc_iso()[:10],
        "packages": {name: importlib.metadata.version(name) for name in packages},
    }


def write(name: str, figures: dict[str, Any], *packages: str) -> Path:
    """Print figures and write them to ``results/<name>.json`` with the machine; returns the path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = json.dumps({"machine": machine(*packages), **figures}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    print(text)
    return path


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
