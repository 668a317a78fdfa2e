"""The metadata records of an episode file, each with its own CRC because MCAP gives them none."""

from __future__ import annotations

import zlib
from pathlib import Path

import msgspec

from core.errors import EpisodeFileError
from core.messages import CameraInfo, EpisodeMetadata, EpisodeSummary

HEADER = "reticle.episode"
SUMMARY = "reticle.summary"
FINISHED_SUFFIX = ".mcap"
UNFINISHED_SUFFIX = ".mcap.part"


class EpisodeHeader(msgspec.Struct, frozen=True):
    """What an episode file says of itself before its first message.

    A message's log time is ``metadata.created_utc_ns`` plus what has passed on the session's clock since ``start_ns``.
    """

    metadata: EpisodeMetadata
    cameras: tuple[CameraInfo, ...]
    start_ns: int

    def log_ns(self, stamp_ns: int) -> int:
        """UTC of a stamp of the session's clock, ns; never before the epoch."""
        return max(0, self.metadata.created_utc_ns + stamp_ns - self.start_ns)

    def stamp_ns(self, log_ns: int) -> int:
        """The session's clock at a log time."""
        return log_ns - self.metadata.created_utc_ns + self.start_ns

    def camera(self, role: str) -> CameraInfo:
        for camera in self.cameras:
            if camera.role == role:
                return camera
        roles = ", ".join(camera.role for camera in self.cameras) or "none"
        raise EpisodeFileError(f"Episode {self.metadata.id} has no camera '{role}'; it has: {roles}.")


def protected(value: msgspec.Struct) -> dict[str, str]:
    """The key-value pairs of a metadata record that holds ``value``."""
    text = msgspec.json.encode(value)
    return {"json": text.decode(), "crc32": f"{zlib.crc32(text):08x}"}


def _text(values: dict[str, str]) -> bytes | None:
    text = values.get("json", "").encode()
    return text if f"{zlib.crc32(text):08x}" == values.get("crc32") else None


def read_header(values: dict[str, str]) -> EpisodeHeader | None:
    """The header in a metadata record, or None when it is damaged."""
    text = _text(values)
    try:
        return None if text is None else msgspec.json.decode(text, type=EpisodeHeader)
    except msgspec.MsgspecError:
        return None


def read_summary(values: dict[str, str]) -> EpisodeSummary | None:
    """The summary in a metadata record, or None when it is damaged. Its path, size and hash are those of no file."""
    text = _text(values)
    try:
        return None if text is None else msgspec.json.decode(text, type=EpisodeSummary)
    except msgspec.MsgspecError:
        return None


def unfinished(path: Path) -> Path:
    """Where the episode that will become ``path`` is written until it is finished."""
    return path.with_name(path.name.removesuffix(FINISHED_SUFFIX) + UNFINISHED_SUFFIX)
