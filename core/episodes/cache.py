"""Tables and arrays of episodes, kept in the library's cache. Anything here may be deleted at any time."""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1
_KEY = "__file__"


def load(cache_dir: Path | None, path: Path, kind: str) -> dict[str, NDArray[Any]] | None:
    """What was stored for this very file; None when there is nothing, or the file has changed since."""
    if cache_dir is None:
        return None
    try:
        with np.load(_name(cache_dir, path, kind), allow_pickle=False) as stored:
            found = {key: stored[key] for key in stored.files}
            return found if np.array_equal(found.pop(_KEY), _key(path)) else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def store(cache_dir: Path | None, path: Path, kind: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Keep arrays for a file. A full or read-only disk is no error: the next reader builds them again."""
    if cache_dir is None:
        return
    target = _name(cache_dir, path, kind)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays, **{_KEY: _key(path)})
        partial.replace(target)
    partial.unlink(missing_ok=True)


def _name(cache_dir: Path, path: Path, kind: str) -> Path:
    return cache_dir / "tables" / f"{path.stem}.{kind}.npz"


def _key(path: Path) -> NDArray[np.int64]:
    status = path.stat()
    return np.array([VERSION, status.st_size, status.st_mtime_ns], dtype=np.int64)
