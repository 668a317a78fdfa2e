"""Where every message of a finished episode file stands: read from its indexes, then any message is one read away."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Footer, Metadata, MetadataIndex
from numpy.typing import NDArray

from core.episodes.header import HEADER, SUMMARY, EpisodeHeader, read_header, read_summary
from core.episodes.mcap_file import CHUNK_HEADER, MAGIC, MESSAGE_HEADER
from core.errors import EpisodeFileError
from core.messages import EpisodeSummary

RECORD_LIMIT = 64 * 1024 * 1024
SUMMARY_LIMIT = 1024 * 1024 * 1024
_FOOTER_BYTES = 9 + 20 + len(MAGIC)
_RECORD = struct.Struct("<BQ")
_INDEX_HEADER = struct.Struct("<BQHI")
_CHUNK_INDEX = struct.Struct("<QQQQI")
_LENGTH = struct.Struct("<Q")
_READERS: dict[int, Any] = {
    Opcode.CHANNEL: Channel.read,
    Opcode.METADATA_INDEX: MetadataIndex.read,
}

ROW = np.dtype(
    [("chunk", "i8"), ("offset", "i8"), ("length", "i8"), ("sequence", "i8"), ("log_ns", "i8"), ("publish_ns", "i8")]
)
"""One message: which chunk, where its bytes begin in the file and how many, and its header."""


@dataclass(frozen=True, slots=True)
class Index:
    """What the summary section and the metadata of a file say.

    ``chunks: (C, 3)``: of each chunk the offset, the length, and the length of the message indexes behind it.
    """

    header: EpisodeHeader
    summary: EpisodeSummary | None
    topics: dict[int, str]
    chunks: NDArray[np.int64]


def damaged(path: Path, what: str) -> EpisodeFileError:
    return EpisodeFileError(
        f"{path.name} is damaged: {what}; 'episodes recover' saves what is intact, the other episodes are not affected."
    )


def read_exactly(descriptor: int, length: int, offset: int, path: Path, limit: int = RECORD_LIMIT) -> bytes:
    """``length`` bytes at ``offset``, or EpisodeFileError."""
    if length > limit:
        raise damaged(path, f"it declares {length} bytes in one piece, the most is {limit}")
    data = os.pread(descriptor, length, offset) if length > 0 and offset >= 0 else b""
    if len(data) != length:
        raise damaged(path, f"{length} bytes were expected at position {offset} and {len(data)} are there")
    return data


def read_index(descriptor: int, path: Path) -> Index:
    """Read and check the summary section, the header and the summary."""
    size = os.fstat(descriptor).st_size
    if size < len(MAGIC) + _FOOTER_BYTES or os.pread(descriptor, len(MAGIC), 0) != MAGIC:
        raise EpisodeFileError(f"{path.name} is not an episode file: it does not begin as MCAP does.")
    channels: list[Channel] = []
    chunks: list[tuple[int, int, int]] = []
    metadata: list[MetadataIndex] = []
    try:
        for record in _summary_records(_summary_section(descriptor, size, path), path):
            if isinstance(record, Channel):
                channels.append(record)
            elif isinstance(record, tuple):
                chunks.append(record)
            elif isinstance(record, MetadataIndex):
                metadata.append(record)
        header, summary = _read_metadata(descriptor, metadata, path)
        places = np.array(chunks, np.int64).reshape(-1, 3)
    except (McapError, struct.error, UnicodeDecodeError, OverflowError) as error:
        raise damaged(path, f"its summary cannot be read ({error})") from None
    if (places <= 0).any() or (places[:, 0] >= size).any() or (places[:, 1:] > RECORD_LIMIT).any():
        raise damaged(path, "its chunk index is not one of ours")
    return Index(
        header,
        summary,
        {channel.id: channel.topic for channel in channels},
        places,
    )


def _summary_section(descriptor: int, size: int, path: Path) -> bytes:
    tail = os.pread(descriptor, _FOOTER_BYTES, size - _FOOTER_BYTES)
    opcode, length = _RECORD.unpack_from(tail)
    if tail[-len(MAGIC) :] != MAGIC or opcode != Opcode.FOOTER or length != 20:
        raise damaged(path, "it has no end, so it was cut off or never finished")
    footer = Footer.read(ReadDataStream(BytesIO(tail[9:])))
    length = size - _FOOTER_BYTES - footer.summary_start
    data = read_exactly(descriptor, length, footer.summary_start, path, SUMMARY_LIMIT)
    if zlib.crc32(tail[: 9 + 16], zlib.crc32(data)) != footer.summary_crc:
        raise damaged(path, "the check sum of its summary is wrong")
    return data


def _summary_records(data: bytes, path: Path) -> list[Any]:
    found, position = [], 0
    while position + _RECORD.size <= len(data):
        opcode, length = _RECORD.unpack_from(data, position)
        position += _RECORD.size
        if length > len(data) - position:
            raise damaged(path, "its summary declares more than it holds")
        if opcode == Opcode.CHUNK_INDEX:
            found.append(_chunk_place(data, position))
        elif opcode in _READERS:
            found.append(_READERS[opcode](ReadDataStream(BytesIO(data[position : position + length]))))
        position += length
    return found


def _chunk_place(data: bytes, position: int) -> tuple[int, int, int]:
    """Of a chunk index record: where the chunk begins, its length, and the length of the message indexes behind it."""
    _, _, offset, length, offsets = _CHUNK_INDEX.unpack_from(data, position)
    (index_length,) = _LENGTH.unpack_from(data, position + _CHUNK_INDEX.size + offsets)
    return offset, length, index_length


def _read_metadata(
    descriptor: int, indexes: list[MetadataIndex], path: Path
) -> tuple[EpisodeHeader, EpisodeSummary | None]:
    header: EpisodeHeader | None = None
    summary: EpisodeSummary | None = None
    for index in indexes:
        if index.name not in (HEADER, SUMMARY):
            continue
        data = read_exactly(descriptor, index.length, index.offset, path)
        values = read_metadata_record(data[_RECORD.size :])
        if index.name == HEADER:
            header = header or read_header(values)
        else:
            summary = read_summary(values)
    if header is None:
        raise damaged(path, "the record that says what it is cannot be read")
    return header, summary


def read_metadata_record(data: bytes) -> dict[str, str]:
    """The pairs of a metadata record; empty when it cannot be read."""
    try:
        return dict(Metadata.read(ReadDataStream(BytesIO(data))).metadata)
    except (McapError, struct.error, UnicodeDecodeError, MemoryError):
        return {}


def read_chunk(descriptor: int, offset: int, length: int, path: Path) -> bytes:
    """The messages of a chunk, its CRC checked; EpisodeFileError when it is damaged."""
    data = read_exactly(descriptor, length, offset, path)
    payload = chunk_payload(data)
    if payload is None:
        raise damaged(path, f"the check sum of the chunk at position {offset} is wrong")
    return payload


def chunk_payload(data: bytes) -> bytes | None:
    """The messages in the bytes of a whole chunk record, or None when its header or CRC is wrong."""
    if len(data) < CHUNK_HEADER.size:
        return None
    opcode, length, _, _, size, crc, compression, stored = CHUNK_HEADER.unpack_from(data)
    if opcode != Opcode.CHUNK or length != len(data) - 9 or compression or size != stored:
        return None
    payload = data[CHUNK_HEADER.size :]
    return payload if len(payload) == size and zlib.crc32(payload) == crc else None


def messages_in(payload: bytes) -> list[tuple[int, int, int, int, int, int]]:
    """Of each message in a chunk: channel, sequence, log time, publish time, where its data begin, and their length."""
    found, position = [], 0
    while position + MESSAGE_HEADER.size <= len(payload):
        opcode, length, channel, sequence, log_ns, publish_ns = MESSAGE_HEADER.unpack_from(payload, position)
        end = position + 9 + length
        if end > len(payload):
            break
        if opcode == Opcode.MESSAGE:
            start = position + MESSAGE_HEADER.size
            found.append((channel, sequence, log_ns, publish_ns, start, end - start))
        position = end
    return found


def build_table(descriptor: int, index: Index, path: Path) -> dict[str, NDArray[Any]]:
    """A row (``ROW``) for every message, by topic, in file order. Reads indexes and headers, not images."""
    rows: dict[int, list[tuple[int, ...]]] = {number: [] for number in index.topics}
    for position, (offset, chunk_length, index_length) in enumerate(index.chunks.tolist()):
        start = offset + CHUNK_HEADER.size
        for number, within in _message_offsets(descriptor, offset + chunk_length, index_length, path):
            header = read_exactly(descriptor, MESSAGE_HEADER.size, start + within, path)
            opcode, length, channel, sequence, log_ns, publish_ns = MESSAGE_HEADER.unpack(header)
            if opcode != Opcode.MESSAGE or channel != number or length > chunk_length:
                raise damaged(path, f"the message at position {start + within} is not the one its index names")
            row = (position, start + within + MESSAGE_HEADER.size, length - 22, sequence, log_ns, publish_ns)
            rows.setdefault(number, []).append(row)
    try:
        return {index.topics[number]: np.array(rows[number], dtype=ROW) for number in index.topics}
    except OverflowError:
        raise damaged(path, "it holds a time that is no time") from None


def _message_offsets(descriptor: int, start: int, length: int, path: Path) -> list[tuple[int, int]]:
    """Channel and offset within the chunk of every message, from the message indexes behind it."""
    data = read_exactly(descriptor, length, start, path)
    found: list[tuple[int, int]] = []
    position = 0
    while position + _INDEX_HEADER.size <= len(data):
        opcode, _, number, length = _INDEX_HEADER.unpack_from(data, position)
        position += _INDEX_HEADER.size
        if opcode != Opcode.MESSAGE_INDEX or length % 16 or position + length > len(data):
            raise damaged(path, f"the message index at position {start} cannot be read")
        offsets = struct.unpack_from(f"<{length // 8}Q", data, position)[1::2]
        found += [(number, offset) for offset in offsets]
        position += length
    return found
