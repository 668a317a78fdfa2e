"""The MCAP container, written so that a kill or a full disk at any moment leaves everything before it readable.

The records are those of the ``mcap`` package; the order of writing is ours. Schemas and channels stand before the
first chunk, every chunk goes out in one system call and is never touched again, and the summary is gathered while
writing, so that finishing takes no time. The hash of the whole file is computed on the way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import zlib
from collections.abc import Sequence

from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    McapRecord,
    Metadata,
    MetadataIndex,
    Schema,
    Statistics,
    SummaryOffset,
)

from core.episodes.topics import SCHEMAS, ChannelInfo, schema_descriptor

MAGIC = b"\x89MCAP0\r\n"
MESSAGE_HEADER = struct.Struct("<BQHIQQ")
"""Operation code, length, channel, sequence, log time, publish time: what stands before the bytes of a message."""
CHUNK_HEADER = struct.Struct("<BQQQQIIQ")
"""Operation code, length, first and last log time, size, CRC, length of the compression's name (0), size again."""
CHUNK_OVERHEAD = CHUNK_HEADER.size - 9
_INDEX_HEADER = struct.Struct("<BQHI")
_INDEX_ENTRY = struct.Struct("<QQ")


class Chunk:
    """Messages that go to the disk together."""

    __slots__ = ("_crc", "entries", "first_ns", "last_ns", "parts", "size")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.entries: dict[int, list[tuple[int, int]]] = {}
        self.first_ns = 0
        self.last_ns = 0
        self._crc: int | None = None

    def add(self, channel: int, sequence: int, log_ns: int, publish_ns: int, data: bytes) -> None:
        header = MESSAGE_HEADER.pack(Opcode.MESSAGE, len(data) + 22, channel, sequence & 0xFFFFFFFF, log_ns, publish_ns)
        self.entries.setdefault(channel, []).append((log_ns, self.size))
        self.first_ns = log_ns if self.size == 0 else min(self.first_ns, log_ns)
        self.last_ns = max(self.last_ns, log_ns)
        self.parts += (header, data)
        self.size += len(header) + len(data)

    def seal(self) -> int:
        """The CRC of all messages; computed once, so that another thread than the writer's may do it."""
        if self._crc is None:
            self._crc = 0
            for part in self.parts:
                self._crc = zlib.crc32(part, self._crc)
        return self._crc


class McapFile:
    """Appends records to an open file descriptor. Not thread-safe: one writer thread owns it."""

    def __init__(self, descriptor: int, library: str) -> None:
        self._descriptor = descriptor
        self._digest = hashlib.sha256()
        self._offset = 0
        self._channels: dict[int, ChannelInfo] = {}
        self._channel_metadata: dict[str, dict[str, str]] = {}
        self._chunk_indexes: list[bytes] = []
        self._metadata_index: list[MetadataIndex] = []
        self._counts: dict[int, int] = {}
        self._chunks = 0
        self._first_ns: int | None = None
        self._last_ns = 0
        self._append([MAGIC, _packed(Header(profile="", library=library))])

    @property
    def size(self) -> int:
        """Bytes that stand in the file."""
        return self._offset

    @property
    def sha256(self) -> str:
        """Hash of the bytes that stand in the file, in hexadecimal."""
        return self._digest.hexdigest()

    def add_channels(self, channels: Sequence[ChannelInfo], metadata: dict[str, dict[str, str]]) -> None:
        """Declare channels with the schemas they need. ``metadata``: key-value pairs by topic."""
        self._channels = {channel.number: channel for channel in channels}
        self._channel_metadata = metadata
        self._append([self._schemas(), self._channel_records()])

    def add_metadata(self, name: str, values: dict[str, str]) -> None:
        data = _packed(Metadata(name=name, metadata=values))
        index = MetadataIndex(offset=self._offset, length=len(data), name=name)
        self._append([data])
        self._metadata_index.append(index)

    def add_chunk(self, chunk: Chunk) -> None:
        """Write a chunk and its message indexes in one system call."""
        if not chunk.entries:
            return
        crc = chunk.seal()
        first_ns, last_ns, size = chunk.first_ns, chunk.last_ns, chunk.size
        header = CHUNK_HEADER.pack(Opcode.CHUNK, size + CHUNK_OVERHEAD, first_ns, last_ns, size, crc, 0, size)
        start = self._offset
        index_start = start + len(header) + size
        index_offsets, index_parts, index_length = {}, [], 0
        for number, entries in chunk.entries.items():
            index_offsets[number] = index_start + index_length
            index_parts.append(
                _INDEX_HEADER.pack(Opcode.MESSAGE_INDEX, 6 + 16 * len(entries), number, 16 * len(entries))
            )
            index_parts += [_INDEX_ENTRY.pack(*entry) for entry in entries]
            index_length += _INDEX_HEADER.size + 16 * len(entries)
        self._append([header, *chunk.parts, b"".join(index_parts)])
        self._count(chunk)
        index = ChunkIndex(
            chunk_length=len(header) + size,
            chunk_start_offset=start,
            compression="",
            compressed_size=size,
            message_end_time=last_ns,
            message_index_length=index_length,
            message_index_offsets=index_offsets,
            message_start_time=first_ns,
            uncompressed_size=size,
        )
        self._chunk_indexes.append(_packed(index))

    def finish(self) -> None:
        """Write the summary section and the footer; nothing may follow."""
        data_end = _packed(DataEnd(0))
        summary_start = self._offset + len(data_end)
        parts, offsets, position = [data_end], b"", summary_start
        for opcode, data in self._summary_groups():
            if data:
                offsets += _packed(SummaryOffset(group_opcode=opcode, group_start=position, group_length=len(data)))
                parts.append(data)
                position += len(data)
        parts.append(offsets)
        crc = 0
        for part in parts[1:]:
            crc = zlib.crc32(part, crc)
        crc = zlib.crc32(struct.pack("<BQQQ", Opcode.FOOTER, 20, summary_start, position), crc)
        footer = Footer(summary_start=summary_start, summary_offset_start=position, summary_crc=crc)
        self._append([*parts, _packed(footer), MAGIC])

    def _summary_groups(self) -> list[tuple[int, bytes]]:
        statistics = Statistics(
            attachment_count=0,
            channel_count=len(self._channels),
            channel_message_counts=dict(self._counts),
            chunk_count=self._chunks,
            message_count=sum(self._counts.values()),
            message_end_time=self._last_ns,
            message_start_time=self._first_ns or 0,
            metadata_count=len(self._metadata_index),
            schema_count=len(self._schema_numbers()),
        )
        return [
            (Opcode.SCHEMA, self._schemas()),
            (Opcode.CHANNEL, self._channel_records()),
            (Opcode.STATISTICS, _packed(statistics)),
            (Opcode.CHUNK_INDEX, b"".join(self._chunk_indexes)),
            (Opcode.METADATA_INDEX, _packed(*self._metadata_index)),
        ]

    def _schema_numbers(self) -> list[int]:
        return sorted({channel.schema for channel in self._channels.values()})

    def _schemas(self) -> bytes:
        return _packed(*(_schema(number) for number in self._schema_numbers()))

    def _channel_records(self) -> bytes:
        channels = self._channels.values()
        return _packed(*(_channel(channel, self._channel_metadata.get(channel.topic, {})) for channel in channels))

    def _count(self, chunk: Chunk) -> None:
        self._chunks += 1
        self._first_ns = chunk.first_ns if self._first_ns is None else min(self._first_ns, chunk.first_ns)
        self._last_ns = max(self._last_ns, chunk.last_ns)
        for number, entries in chunk.entries.items():
            self._counts[number] = self._counts.get(number, 0) + len(entries)

    def _append(self, parts: list[bytes]) -> None:
        """Write all or nothing: after an error the file ends where it ended before."""
        remaining: list[bytes | memoryview] = [part for part in parts if part]
        try:
            while remaining:
                written = os.writev(self._descriptor, remaining[:_MOST_PARTS])
                remaining = _after(remaining, written)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._offset)
                os.lseek(self._descriptor, self._offset, os.SEEK_SET)
            raise
        for part in parts:
            self._digest.update(part)
            self._offset += len(part)


_MOST_PARTS = 1000  # IOV_MAX is 1024 on Linux


def _after(parts: list[bytes | memoryview], written: int) -> list[bytes | memoryview]:
    """What is left of ``parts`` once ``written`` bytes of them are on the disk."""
    for position, part in enumerate(parts):
        if written < len(part):
            return [memoryview(part)[written:], *parts[position + 1 :]]
        written -= len(part)
    return []


def _packed(*records: McapRecord) -> bytes:
    """The records as they stand in a file."""
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]


def _schema(number: int) -> Schema:
    return Schema(
        id=number, data=schema_descriptor(number), encoding="protobuf", name=SCHEMAS[number].DESCRIPTOR.full_name
    )


def _channel(channel: ChannelInfo, metadata: dict[str, str]) -> Channel:
    return Channel(
        id=channel.number,
        topic=channel.topic,
        message_encoding="protobuf",
        metadata=metadata,
        schema_id=channel.schema,
    )
