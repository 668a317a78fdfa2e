"""Finds what is intact in an episode file, finished or not, past any damage.

Only records that prove themselves are believed: chunks by their CRC, our metadata by theirs, message indexes by their
shape. After anything else the search goes on at the next place that looks like a chunk and has the right CRC.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mcap.opcode import Opcode

from core.episodes.header import HEADER, SUMMARY, EpisodeHeader, read_header, read_summary
from core.episodes.mcap_file import CHUNK_HEADER, CHUNK_OVERHEAD, MAGIC
from core.episodes.table import RECORD_LIMIT, chunk_payload, read_metadata_record
from core.messages import EpisodeSummary

_RECORD = struct.Struct("<BQ")
_WINDOW = 1 << 20
_LIKE_A_CHUNK = re.compile(rb"\x06.{3}[\x00-\x04]\x00{4}.{20}\x00{4}.{4}\x00{4}.{4}\x00{4}", re.DOTALL)
_LIKE_OUR_METADATA = re.compile(rb"\x0c.{4}\x00{4}\x0f\x00{3}reticle\.(?:episode|summary)", re.DOTALL)
_LARGEST_DECLARATION = 1 << 20


@dataclass(frozen=True, slots=True)
class IntactChunk:
    """The messages of a chunk whose CRC is right, and where it stands."""

    offset: int
    payload: bytes


@dataclass(slots=True)
class Findings:
    """What a scan found besides chunks. ``damage``: stretches (begin, end) in which nothing could be believed."""

    header: EpisodeHeader | None = None
    summary: EpisodeSummary | None = None
    damage: list[tuple[int, int]] = field(default_factory=list)


class FileScan:
    """One pass over a file. Iterate over the intact chunks; then ``findings`` is complete."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self.findings = Findings()

    def __iter__(self) -> Iterator[IntactChunk]:
        position = len(MAGIC) if self._read(0, len(MAGIC)) == MAGIC else 0
        while position < self._size:
            chunk, end = self._believe(position)
            if chunk is not None:
                yield chunk
            if end is None:
                end = self._next_believable(position + 1)
                self._note_damage(position, end)
            position = end

    def _believe(self, position: int) -> tuple[IntactChunk | None, int | None]:
        """The chunk at a position, if there is one, and the end of the record; (None, None) when it is not intact."""
        head = self._read(position, _RECORD.size)
        if len(head) < _RECORD.size:
            return None, None
        opcode, length = _RECORD.unpack(head)
        end = position + _RECORD.size + length
        if length > RECORD_LIMIT or end > self._size:
            return None, None
        if opcode == Opcode.CHUNK:
            payload = chunk_payload(self._read(position, _RECORD.size + length))
            return (None, None) if payload is None else (IntactChunk(position, payload), end)
        if length <= _LARGEST_DECLARATION and self._is_intact(opcode, self._read(position + _RECORD.size, length)):
            return None, end
        return None, None

    def _is_intact(self, opcode: int, data: bytes) -> bool:
        if opcode == Opcode.METADATA:
            return self._note_metadata(data)
        if opcode == Opcode.MESSAGE_INDEX:
            return len(data) >= 6 and struct.unpack_from("<I", data, 2)[0] == len(data) - 6
        return opcode in (Opcode.HEADER, Opcode.SCHEMA, Opcode.CHANNEL) and len(data) > 8

    def _note_metadata(self, data: bytes) -> bool:
        if len(data) < 4:
            return False
        name = data[4 : 4 + struct.unpack_from("<I", data)[0]]
        values = read_metadata_record(data)
        if name == HEADER.encode():
            header = read_header(values)
            self.findings.header = self.findings.header or header
            return header is not None
        if name == SUMMARY.encode():
            self.findings.summary = read_summary(values)
            return self.findings.summary is not None
        return bool(values)

    def _next_believable(self, position: int) -> int:
        """Where the next intact chunk or metadata of ours begins, or the end of the file."""
        while position < self._size:
            window = self._read(position, _WINDOW + CHUNK_HEADER.size)
            found = self._search(window, position)
            if found is not None:
                return found
            position += _WINDOW
        return self._size

    def _search(self, window: bytes, begin: int) -> int | None:
        candidates = []
        for pattern in (_LIKE_A_CHUNK, _LIKE_OUR_METADATA):
            at = 0
            while (match := pattern.search(window, at)) is not None:
                if self._is_candidate(window, match.start(), begin):
                    candidates.append(begin + match.start())
                    break
                at = match.start() + 1
        return min(candidates, default=None)

    def _is_candidate(self, window: bytes, at: int, begin: int) -> bool:
        if window[at] == Opcode.CHUNK:
            _, length, _, _, size, _, _, stored = CHUNK_HEADER.unpack_from(window, at)
            if size != stored or length != size + CHUNK_OVERHEAD:
                return False
        return self._believe(begin + at)[1] is not None

    def _note_damage(self, begin: int, end: int) -> None:
        """The summary section is no damage: it is built anew. It begins with the end of the data."""
        if end == self._size and self._read(begin, 13)[:9] == _RECORD.pack(Opcode.DATA_END, 4):
            return
        self.findings.damage.append((begin, end))

    def _read(self, offset: int, length: int) -> bytes:
        """What is there; a block that the disk cannot read counts as zeros."""
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError:
            return bytes(max(0, min(length, self._size - offset)))


def read_description(path: Path) -> EpisodeHeader | None:
    """What a file says of itself at its first place that is intact; None when no place is."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return find_description(descriptor)
    finally:
        os.close(descriptor)


def find_description(descriptor: int) -> EpisodeHeader | None:
    """The same of an open file."""
    scan = FileScan(descriptor)
    for _ in scan:
        if scan.findings.header is not None:
            break
    return scan.findings.header


def scan_file(path: Path) -> tuple[int, Findings]:
    """The number of intact chunks, and the findings."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        scan = FileScan(descriptor)
        return sum(1 for _ in scan), scan.findings
    finally:
        os.close(descriptor)
