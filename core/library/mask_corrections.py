"""Masks corrected by hand, kept as annotations: one row for each corrected image. They go where their episode goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from core.clock import utc_ns
from core.correspondence.mask_correction import MaskCorrection
from core.errors import EpisodeFileError, InputError
from core.library.catalogue import Catalogue
from core.library.episodes import new_id


class CorrectedFrame(msgspec.Struct, frozen=True):
    """An image whose mask a hand corrected."""

    episode: str
    role: str
    frame: int


_ROWS = "FROM annotations JOIN episodes ON episodes.number = annotations.episode WHERE kind = 'mask'"
_ONE = "kind = 'mask' AND camera = ? AND frame = ? AND episode = (SELECT number FROM episodes WHERE id = ?)"


class MaskCorrections:
    """The corrected masks of one library."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def store(self, episode: str, correction: MaskCorrection) -> None:
        """Keep a correction in the place of an earlier one; InputError when the episode is not there."""
        content = msgspec.json.encode(correction).decode()
        with self._catalogue.writing() as connection:
            found = connection.execute("SELECT number FROM episodes WHERE id = ?", (episode,)).fetchone()
            if found is None:
                raise InputError(f"There is no episode {episode} any more; correct the mask of another image.")
            connection.execute(f"DELETE FROM annotations WHERE {_ONE}", (correction.role, correction.frame, episode))
            connection.execute(
                "INSERT INTO annotations (id, episode, camera, frame, kind, content, created_utc_ns) "
                "VALUES (?, ?, ?, ?, 'mask', ?, ?)",
                (new_id(), found[0], correction.role, correction.frame, content, utc_ns()),
            )

    def remove(self, image: CorrectedFrame) -> None:
        """The mask is as it was found again."""
        with self._catalogue.writing() as connection:
            connection.execute(f"DELETE FROM annotations WHERE {_ONE}", (image.role, image.frame, image.episode))

    def frames(self) -> tuple[CorrectedFrame, ...]:
        """Every corrected image, the newest correction first, without those in the trash."""
        query = f"SELECT episodes.id, camera, frame {_ROWS} AND status != 'trashed' ORDER BY annotations.id DESC"
        with self._catalogue.reading() as connection:
            return tuple(CorrectedFrame(*row) for row in connection.execute(query))

    def get(self, image: CorrectedFrame) -> MaskCorrection | None:
        """The correction of an image, if there is one; InputError when it is damaged."""
        found = self._read("AND camera = ? AND frame = ?", image.episode, (image.role, image.frame))
        return found[0] if found else None

    def of(self, episode: str) -> tuple[MaskCorrection, ...]:
        """All corrections of an episode, by camera and frame; InputError when one is damaged."""
        return self._read("", episode, ())

    def _read(self, more: str, episode: str, values: Sequence[Any]) -> tuple[MaskCorrection, ...]:
        query = f"SELECT camera, frame, content {_ROWS} AND episodes.id = ? {more} ORDER BY camera, frame"
        with self._catalogue.reading() as connection:
            rows = connection.execute(query, (episode, *values)).fetchall()
        return tuple(_checked(CorrectedFrame(episode, role, frame), text) for role, frame, text in rows)


def _checked(image: CorrectedFrame, content: str) -> MaskCorrection:
    try:
        found = msgspec.json.decode(content, type=MaskCorrection)
        found.decoded()
    except (msgspec.MsgspecError, EpisodeFileError):
        found = None
    if found is None or (found.role, found.frame) != (image.role, image.frame):
        raise InputError(
            f"The corrected mask of frame {image.frame} of the {image.role} camera in episode {image.episode} is "
            "damaged; take it back with 'As found' on the Correspondence page and correct that mask again."
        )
    return found
