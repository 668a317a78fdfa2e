"""Tables and arrays of episodes, kept in the library's cache. Anything here may be deleted at any time."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1
MOST_BYTES = 2 * 1024**3
_CHECK_EVERY = 50
_KEY = "__file__"
_stored = itertools.count()


def load(cache_dir: Path | None, path: Path, kind: str) -> dict[str, NDArray[Any]] | None:
    """What was stored for this very file; None when there is nothing, or the file has changed since."""
    if cache_dir is None:
        return None
    name = _name(cache_dir, path, kind)
    try:
        with np.load(name, allow_pickle=False) as stored:
            found = {key: stored[key] for key in stored.files}
        os.utime(name)
        return found if np.array_equal(found.pop(_KEY), _key(path)) else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def store(cache_dir: Path | None, path: Path, kind: str, arrays: dict[str, NDArray[Any]]) -> None:
    """Keep arrays for a file. A full or read-only disk is no error: the next reader builds them again."""
    if cache_dir is None:
        return
    target = _name(cache_dir, path, kind)
    partial = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.suppress(OSError):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with partial.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays, **{_KEY: _key(path)})
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        if next(_stored) % _CHECK_EVERY == 0:
            trim_folder(target.parent, MOST_BYTES)


def trim_folder(folder: Path, most_bytes: int) -> None:
    """Remove the files of a cache folder that were used longest ago until it is within its bound."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        files = sorted(
            ((entry.stat().st_mtime_ns, entry.stat().st_size, entry.path) for entry in entries), reverse=True
        )
        kept = 0
        for _, size, path in files:
            kept += size
            if kept > most_bytes:
                Path(path).unlink(missing_ok=True)


def _name(cache_dir: Path, path: Path, kind: str) -> Path:
    return cache_dir / "tables" / f"{path.stem}.{kind}.npz"


def _key(path: Path) -> NDArray[np.int64]:
    status = path.stat()
    return np.array([VERSION, status.st_size, status.st_mtime_ns], dtype=np.int64)
