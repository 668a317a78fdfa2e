"""Newest-value topics in shared memory: frames, state, setpoints, heartbeats.

One publisher or several, any number of readers, no queue: a reader always gets the newest value and can tell by its
sequence what it missed. A reader that comes late sees what is published next. Built on iceoryx2 with a root and a
prefix of its own for every session, because the default root is shared by all users of a machine. Publishers may be
killed at any moment without leaving readers stuck.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import iceoryx2
import msgspec
import numpy as np

from core.errors import ProcessError
from core.geometry import SE3
from core.messages import Frame

_SUBSCRIBERS = 16
_PUBLISHERS = 8
_BORROWED = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """Where one application run keeps its shared memory. Pass it to children with ``as_text``/``from_text``."""

    root: str
    prefix: str

    @staticmethod
    def create() -> Session:
        root = tempfile.mkdtemp(prefix=f"reticle-{os.getpid()}-")
        return Session(root, f"r{secrets.token_hex(4)}_")

    def as_text(self) -> str:
        return f"{self.root}|{self.prefix}"

    @staticmethod
    def from_text(text: str) -> Session:
        root, _, prefix = text.rpartition("|")
        return Session(root, prefix)

    def remove(self) -> None:
        """Delete the session's files, shared memory of killed processes included; call it last."""
        shutil.rmtree(self.root, ignore_errors=True)
        for leftover in Path("/dev/shm").glob(f"{self.prefix}*"):
            leftover.unlink(missing_ok=True)


class Bus:
    """One process's membership in a session; opens topics. Keep it as long as its topics are used."""

    def __init__(self, session: Session, name: str) -> None:
        iceoryx2.set_log_level(iceoryx2.LogLevel.Error)
        config = iceoryx2.config.default()
        config.global_cfg.root_path = iceoryx2.Path.new(session.root)
        config.global_cfg.prefix = iceoryx2.FileName.new(session.prefix)
        builder = iceoryx2.NodeBuilder.new().name(iceoryx2.NodeName.new(name))
        builder = builder.config(config).signal_handling_mode(iceoryx2.SignalHandlingMode.Disabled)
        try:
            self._node = builder.create(iceoryx2.ServiceType.Ipc)
        except iceoryx2.NodeCreationFailure as error:
            raise ProcessError(f"Shared memory in {session.root} cannot be used: {error!r}.") from error

    def _service(self, topic: str) -> Any:
        builder = self._node.service_builder(iceoryx2.ServiceName.new(topic))
        builder = builder.publish_subscribe(iceoryx2.Slice[ctypes.c_uint8])
        builder = builder.enable_safe_overflow(True).history_size(0).subscriber_max_buffer_size(1)
        builder = builder.subscriber_max_borrowed_samples(_BORROWED)
        builder = builder.max_publishers(_PUBLISHERS).max_subscribers(_SUBSCRIBERS).max_nodes(32)
        return builder.open_or_create()

    def publisher(self, topic: str, max_bytes: int) -> BytesPublisher:
        """A publisher of values of at most ``max_bytes``."""
        return BytesPublisher(self._service(topic), max_bytes)

    def subscriber(self, topic: str) -> BytesSubscriber:
        return BytesSubscriber(self._service(topic))

    def message_publisher(self, topic: str, max_bytes: int = 1 << 16) -> MessagePublisher:
        """A publisher of msgspec structures."""
        return MessagePublisher(self.publisher(topic, max_bytes))

    def message_subscriber(self, topic: str, kind: type[T]) -> MessageSubscriber[T]:
        """A reader of msgspec structures of type ``kind``."""
        return MessageSubscriber(self.subscriber(topic), kind)

    def frame_publisher(self, topic: str, width: int, height: int) -> FramePublisher:
        """A publisher of ``Frame`` values of at most that size."""
        return FramePublisher(self.publisher(topic, width * height * 5 + 4096))

    def frame_subscriber(self, topic: str) -> FrameSubscriber:
        return FrameSubscriber(self.subscriber(topic))


class BytesPublisher:
    """Writes byte values; the buffers are copied once, into shared memory."""

    def __init__(self, service: Any, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._service = service
        self._publisher = service.publisher_builder().initial_max_slice_len(max_bytes).create()

    def publish(self, *parts: bytes | memoryview) -> None:
        """Publish the concatenation of ``parts``; ValueError when it is larger than announced."""
        size = sum(len(part) for part in parts)
        if size > self._max_bytes:
            raise ValueError(f"a value of {size} bytes does not fit a topic of {self._max_bytes} bytes")
        sample = self._publisher.loan_slice_uninit(size)
        view = memoryview((ctypes.c_uint8 * size).from_address(sample.payload_ptr)).cast("B")
        offset = 0
        for part in parts:
            view[offset : offset + len(part)] = part
            offset += len(part)
        sample.assume_init().send()


class BytesSubscriber:
    """Reads the newest byte value."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._subscriber = service.subscriber_builder().buffer_size(1).create()

    @contextmanager
    def borrow(self) -> Iterator[memoryview | None]:
        """The newest unread value without a copy, valid inside the block only; None when there is nothing new."""
        sample = self._subscriber.receive()
        while sample is not None:
            newer = self._subscriber.receive()
            if newer is None:
                break
            sample.delete()
            sample = newer
        if sample is None:
            yield None
            return
        try:
            yield sample.payload().as_memory_view().cast("B")
        finally:
            sample.delete()

    def take(self) -> bytes | None:
        """A copy of the newest unread value, or None."""
        with self.borrow() as view:
            return None if view is None else bytes(view)


class MessagePublisher:
    """Publishes msgspec structures as MessagePack."""

    def __init__(self, publisher: BytesPublisher) -> None:
        self._publisher = publisher
        self._encoder = msgspec.msgpack.Encoder()

    def publish(self, message: msgspec.Struct) -> None:
        self._publisher.publish(self._encoder.encode(message))


class MessageSubscriber(Generic[T]):
    """Reads the newest msgspec structure."""

    def __init__(self, subscriber: BytesSubscriber, kind: type[T]) -> None:
        self._subscriber = subscriber
        self._decoder = msgspec.msgpack.Decoder(kind)

    def take(self) -> T | None:
        """The newest unread message, or None."""
        data = self._subscriber.take()
        return None if data is None else self._decoder.decode(data)


class _FrameHeader(msgspec.Struct, array_like=True):
    role: str
    sequence: int
    capture_ns: int
    receive_ns: int
    width: int
    height: int
    has_depth: bool
    X_WC: tuple[float, ...]


_LENGTH = 4


class FramePublisher:
    """Publishes frames: a small header, the colour bytes, the depth bytes."""

    def __init__(self, publisher: BytesPublisher) -> None:
        self._publisher = publisher
        self._encoder = msgspec.msgpack.Encoder()

    def publish(self, frame: Frame) -> None:
        height, width = frame.rgb.shape[:2]
        header = self._encoder.encode(
            _FrameHeader(
                frame.role,
                frame.sequence,
                frame.capture_ns,
                frame.receive_ns,
                width,
                height,
                frame.depth is not None,
                frame.X_WC.as_tuple(),
            )
        )
        parts: list[bytes | memoryview] = [
            len(header).to_bytes(_LENGTH, "little"),
            header,
            np.ascontiguousarray(frame.rgb).data.cast("B"),
        ]
        if frame.depth is not None:
            parts.append(np.ascontiguousarray(frame.depth).data.cast("B"))
        self._publisher.publish(*parts)


class FrameSubscriber:
    """Reads the newest frame, copied once out of shared memory."""

    def __init__(self, subscriber: BytesSubscriber) -> None:
        self._subscriber = subscriber
        self._decoder = msgspec.msgpack.Decoder(_FrameHeader)

    def take(self) -> Frame | None:
        """The newest unread frame, or None."""
        data = self._subscriber.take()
        if data is None:
            return None
        header_bytes = int.from_bytes(data[:_LENGTH], "little")
        header = self._decoder.decode(data[_LENGTH : _LENGTH + header_bytes])
        start = _LENGTH + header_bytes
        pixels = header.width * header.height
        rgb = np.frombuffer(data, np.uint8, pixels * 3, start).reshape(header.height, header.width, 3)
        depth = None
        if header.has_depth:
            depth = np.frombuffer(data[start + pixels * 3 :], np.uint16, pixels).reshape(header.height, header.width)
        return Frame(
            header.role,
            header.sequence,
            header.capture_ns,
            header.receive_ns,
            rgb,
            depth,
            SE3.from_array(header.X_WC),
        )
