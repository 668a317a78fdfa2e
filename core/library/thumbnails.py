"""Small pictures of episodes, made when first asked for and kept in the cache up to a bound."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from core.episodes.cache import trim_folder
from core.episodes.reader import EpisodeReader
from core.errors import EpisodeFileError
from core.library.rows import EpisodeRow

log = logging.getLogger(__name__)

WIDTH = 160
QUALITY = 85
MOST_BYTES = 256 * 1024 * 1024
_CHECK_EVERY = 200
MOMENTS = {"first": 0.0, "middle": 0.5}
"""Which frame: as a fraction of the episode."""


class Thumbnails:
    """The thumbnails of one library, ``cache/thumbnails/<id>-<moment>.jpg``. May be used from several threads."""

    def __init__(self, cache: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = cache / "thumbnails"
        self._most_bytes = most_bytes
        self._made = 0

    def get(self, episode: EpisodeRow, moment: str = "first") -> bytes | None:
        """A JPEG 160 pixels wide; None when the episode has no image that can be read, or not yet."""
        if episode.status == "recording":
            return None
        path = self._folder / f"{episode.id}-{moment}.jpg"
        try:
            return path.read_bytes()
        except OSError:
            pass
        try:
            image = _picture(episode, MOMENTS[moment])
        except EpisodeFileError as error:
            log.warning("No thumbnail: %s", error)
            return None
        if image is None:
            return None
        data = bytes(simplejpeg.encode_jpeg(image, quality=QUALITY, colorspace="RGB"))
        self._keep(path, data)
        return data

    def forget(self, episode_id: str) -> None:
        """Remove an episode's thumbnails."""
        for moment in MOMENTS:
            (self._folder / f"{episode_id}-{moment}.jpg").unlink(missing_ok=True)

    def _keep(self, path: Path, data: bytes) -> None:
        """A full or read-only disk is no error: the picture is made again next time."""
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(path)
        self._made += 1
        if self._made % _CHECK_EVERY == 1:
            trim_folder(self._folder, self._most_bytes)


def _picture(episode: EpisodeRow, fraction: float) -> NDArray[np.uint8] | None:
    """A frame of the first camera, small."""
    with EpisodeReader(Path(episode.path)) as reader:
        for role in reader.cameras:
            count = reader.frame_count(role)
            if count:
                rgb = reader.rgb(role, int(fraction * (count - 1)))
                height = max(1, round(rgb.shape[0] * WIDTH / rgb.shape[1]))
                return np.asarray(cv2.resize(rgb, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
    return None
