"""Starting and supervising a child process, without Qt, so that commands use it too."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from core.errors import ProcessError
from core.processes.channel import LineDecoder, encode_line, read_lines

_LOG = logging.getLogger(__name__)
_SEND_TIMEOUT_S = 1.0
_ROOT = Path(__file__).resolve().parents[2]


class Child:
    """A running child. ``on_event`` and ``on_exit`` are called from a reader thread.

    ``on_exit(status, last_words)`` gets the exit status and the last lines the child wrote on standard error.
    """

    def __init__(
        self,
        module: str,
        events: Any,
        on_event: Callable[[Any], None],
        on_exit: Callable[[int, str], None] | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.module = module
        self._decoder = LineDecoder(events)
        self._on_event = on_event
        self._on_exit = on_exit
        self._last_words: deque[str] = deque(maxlen=30)
        self._lock = threading.Lock()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "core.processes.entry", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                cwd=_ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **(environment or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise ProcessError(f"The process {module} could not be started: {error}.") from error
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)
        self._errors = threading.Thread(target=self._read_errors, name=f"{module} errors", daemon=True)
        self._reader = threading.Thread(target=self._read_events, name=f"{module} events", daemon=True)
        self._errors.start()
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def send(self, command: msgspec.Struct) -> None:
        """Send a command, unbuffered; ProcessError when the child is gone or takes nothing for a second."""
        stdin = self._process.stdin
        line = encode_line(command)
        with self._lock:
            try:
                if stdin is None or stdin.closed:
                    raise BrokenPipeError("its channel is closed")
                while line:
                    _, writable, _ = select.select([], [stdin], [], _SEND_TIMEOUT_S)
                    if not writable:
                        raise ProcessError(f"The process {self.module} does not answer; restart it.")
                    line = line[os.write(stdin.fileno(), line) :]
            except OSError as error:
                raise ProcessError(f"The process {self.module} is not running ({error}); restart it.") from error

    def close(self, timeout_s: float = 5.0) -> int:
        """Close the child's channel, which asks it to finish; kill it after the timeout. Returns the exit status."""
        with self._lock, contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _LOG.error("%s did not finish within %.0f s and was killed", self.module, timeout_s)
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=1.0)
        return self._process.returncode

    def terminate(self) -> None:
        """Ask the child to cancel by SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def _read_events(self) -> None:
        assert self._process.stdout is not None  # created with a pipe above
        for line in read_lines(self._process.stdout.fileno()):
            event = self._decoder.decode(line)
            if event is not None:
                self._on_event(event)
        status = self._process.wait()
        self._errors.join(timeout=1.0)
        if self._on_exit is not None:
            self._on_exit(status, "\n".join(self._last_words))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None  # created with a pipe above
        for line in read_lines(self._process.stderr.fileno()):
            text = line.decode(errors="replace")
            self._last_words.append(text)
            _LOG.info("[%s] %s", self.module.rsplit(".", 1)[-1], text)
