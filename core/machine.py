"""What a figure was measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from core.clock import utc_iso


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


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def machine_words() -> str:
    """Processor and cores, for a table."""
    return f"{_processor()}, {os.cpu_count()} cores"
