"""Commands and events between a parent and a child: JSON lines with a version. Never a rate, that is shared memory's.

Each kind of child declares its commands and events as tagged msgspec structures (``tag_field="type"``). A line that
is not understood is logged and skipped, never fatal: the other side may be newer.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

_LOG = logging.getLogger(__name__)
VERSION = 1


def encode_line(message: msgspec.Struct) -> bytes:
    """One line: ``{"v": 1, "m": {...}}``."""
    return msgspec.json.encode({"v": VERSION, "m": message}) + b"\n"


class LineDecoder:
    """Decodes lines into one of the structures of a tagged union."""

    def __init__(self, union: Any) -> None:
        self._envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._message = msgspec.json.Decoder(union)

    def decode(self, line: bytes) -> Any | None:
        """The message, or None (logged) for a line that is not understood."""
        try:
            return self._message.decode(self._envelope.decode(line)["m"])
        except (msgspec.MsgspecError, KeyError) as error:
            _LOG.warning("skipped a line that is not understood (%s): %.200r", error, line)
            return None


def read_lines(fd: int) -> Iterator[bytes]:
    """Complete lines from a descriptor until its end."""
    pending = b""
    while chunk := os.read(fd, 1 << 16):
        pending += chunk
        *lines, pending = pending.split(b"\n")
        yield from (line for line in lines if line)


class Channel:
    """The child's end. Commands arrive in a queue; ``closed`` says that the parent is gone."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._write_lock = threading.Lock()
        self._commands: deque[Any] = deque()
        self._arrived = threading.Event()
        self.closed = threading.Event()

    def listen(self, union: Any) -> None:
        """Start reading commands of the tagged ``union`` in a thread."""
        threading.Thread(target=self._read, args=(LineDecoder(union),), name="channel", daemon=True).start()

    def _read(self, decoder: LineDecoder) -> None:
        for line in read_lines(self._read_fd):
            command = decoder.decode(line)
            if command is not None:
                self._commands.append(command)
                self._arrived.set()
        self.closed.set()
        self._arrived.set()

    def take(self) -> Any | None:
        """The oldest unread command, or None."""
        return self._commands.popleft() if self._commands else None

    def wait(self, timeout_s: float) -> Any | None:
        """The oldest unread command, waiting for one; None after the timeout or when the parent is gone."""
        if not self._commands:
            self._arrived.wait(timeout_s)
        self._arrived.clear()
        return self.take()

    def send(self, event: msgspec.Struct) -> None:
        """Send an event; silent when the parent is gone."""
        line = encode_line(event)
        with self._write_lock:
            try:
                while line:
                    line = line[os.write(self._write_fd, line) :]
            except OSError:
                self.closed.set()

    def close(self) -> None:
        os.close(self._write_fd)


EventHandler = Callable[[Any], None]
