"""One program at a time may change a library."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

import msgspec

from core.clock import utc_iso
from core.errors import LibraryError
from core.platform import process_name, try_lock

NAME = "library.lock"


class Holder(msgspec.Struct, frozen=True):
    """Who holds a library."""

    pid: int
    program: str
    since: str


class LibraryLock:
    """Held from construction until ``release`` or the end of the process, however it ends."""

    def __init__(self, root: Path) -> None:
        self._path = root / NAME
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LibraryError(
                f"The library in {root} cannot be written ({error.strerror}); make the folder and its files writable."
            ) from error
        if not try_lock(self._descriptor):
            os.close(self._descriptor)
            raise LibraryError(self._refusal(root))
        holder = Holder(os.getpid(), Path(sys.argv[0]).name or "python", utc_iso())
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, msgspec.json.encode(holder), 0)

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> LibraryLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _refusal(self, root: Path) -> str:
        try:
            holder = msgspec.json.decode(self._path.read_bytes(), type=Holder)
        except (OSError, msgspec.MsgspecError):
            who = "another program"
        else:
            who = f"{holder.program} (process {holder.pid}, {process_name(holder.pid) or 'unknown'})"
        return f"The library in {root} is being used by {who}; close it first or choose another library."
