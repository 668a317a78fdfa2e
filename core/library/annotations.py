"""Labels: the same point marked by hand in several images, kept as annotations of their episodes.

Each image of a label is a row of its own; the rows share the label's identifier. They feed the evaluation of
descriptors across scenes (PAPER.md, section 7).
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import msgspec
import numpy as np

from core.clock import utc_ns
from core.correspondence.pairs import FrameRef, PointPair
from core.errors import InputError
from core.library.catalogue import Catalogue
from core.library.episodes import new_id
from core.library.rows import finished_path


class LabelMark(msgspec.Struct, frozen=True):
    """Where the point is in one image, pixels u, v."""

    episode: str
    role: str
    frame: int
    u: float
    v: float


class Label(msgspec.Struct, frozen=True):
    """One point in two images or more."""

    id: str
    name: str
    created_utc_ns: int
    marks: tuple[LabelMark, ...]


class _Content(msgspec.Struct, frozen=True):
    label: str
    name: str
    u: float
    v: float


class Annotations:
    """The labels of one library."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue

    def add(self, name: str, marks: tuple[LabelMark, ...]) -> Label:
        """Store a label; InputError unless it has at least two images, each once, of known episodes."""
        images = {(mark.episode, mark.role, mark.frame) for mark in marks}
        if len(marks) < 2:
            raise InputError("A label needs the point in two images at least; mark it in a target too.")
        if len(images) < len(marks):
            raise InputError("A label has one mark in an image; two of these marks are in the same one.")
        label = Label(new_id(), name, utc_ns(), marks)
        with self._catalogue.writing() as connection:
            for mark in marks:
                content = msgspec.json.encode(_Content(label.id, name, mark.u, mark.v)).decode()
                found = connection.execute("SELECT number FROM episodes WHERE id = ?", (mark.episode,)).fetchone()
                if found is None:
                    raise InputError(f"There is no episode {mark.episode} any more; label other images.")
                connection.execute(
                    "INSERT INTO annotations (id, episode, camera, frame, kind, content, created_utc_ns) "
                    "VALUES (?, ?, ?, ?, 'points', ?, ?)",
                    (new_id(), found[0], mark.role, mark.frame, content, label.created_utc_ns),
                )
        return label

    def remove(self, label: str) -> None:
        """Take a label back."""
        with self._catalogue.writing() as connection:
            connection.execute(
                "DELETE FROM annotations WHERE kind = 'points' AND json_extract(content, '$.label') = ?", (label,)
            )

    def labels(self) -> tuple[Label, ...]:
        """All labels, the newest first."""
        query = (
            "SELECT episodes.id, camera, frame, content, annotations.created_utc_ns FROM annotations "
            "JOIN episodes ON episodes.number = annotations.episode WHERE kind = 'points' ORDER BY annotations.id"
        )
        found: dict[str, Label] = {}
        with self._catalogue.reading() as connection:
            rows = connection.execute(query).fetchall()
        for episode, role, frame, text, created in rows:
            content = msgspec.json.decode(text, type=_Content)
            before = found.get(content.label)
            mark = LabelMark(episode, role, frame, content.u, content.v)
            marks = (*before.marks, mark) if before is not None else (mark,)
            found[content.label] = Label(content.label, content.name, created, marks)
        return tuple(sorted(found.values(), key=lambda label: label.id, reverse=True))

    def pairs(self) -> list[PointPair]:
        """Every two images of every label, those of the same two images together, for the evaluation."""
        points: dict[tuple[LabelMark, LabelMark], list[tuple[LabelMark, LabelMark]]] = {}
        for label in self.labels():
            for one, other in combinations(label.marks, 2):
                key = (msgspec.structs.replace(one, u=0, v=0), msgspec.structs.replace(other, u=0, v=0))
                points.setdefault(key, []).append((one, other))
        return [self._pair(marks) for marks in points.values()]

    def _pair(self, marks: list[tuple[LabelMark, LabelMark]]) -> PointPair:
        source, target = marks[0]
        return PointPair(
            self._ref(source),
            self._ref(target),
            np.array([(one.u, one.v) for one, _ in marks], dtype=np.float64),
            np.array([[(other.u, other.v)] for _, other in marks], dtype=np.float64),
            "labels",
            source.episode == target.episode,
        )

    def _ref(self, mark: LabelMark) -> FrameRef:
        return FrameRef(mark.episode, str(finished_path(self._root, mark.episode)), mark.role, mark.frame)

    def export(self, path: Path) -> int:
        """Write all labels to a JSON file; returns how many there are."""
        labels = self.labels()
        if not labels:
            raise InputError("There is no label to export yet; mark a point in two images and store it.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(msgspec.json.format(msgspec.json.encode({"schema_version": 1, "labels": labels})))
        except OSError as error:
            raise InputError(f"The labels cannot be written to {path} ({error.strerror}); free it.") from None
        return len(labels)
