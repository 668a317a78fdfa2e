"""What the job is told that looks at an episode with a policy's eyes, and what it leaves. Light to import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.geometry import Array

REVIEW_JOB = "robot.policies.review_job"
_FEWEST_KEPT = 200


class ReviewSpecification(msgspec.Struct, frozen=True):
    """Paths: the episode's file, the policy's folder, the library's cache, and the file to write."""

    episode: str
    policy: str
    cache: str
    result: str


@dataclass(frozen=True, slots=True)
class Review:
    """Where a policy sees its points in an episode of T images of the camera ``role``.

    ``stamps_ns: (T,)`` on the episode's clock. ``marks: (T, P, 2)`` pixels or ``(T, P, 3)`` metres in W, P 0 where it
    says nowhere; ``spreads_px: (T, P)``, 0 where that is not known.
    """

    role: str
    stamps_ns: NDArray[np.int64]
    marks: Array
    spreads_px: Array

    def save(self, path: Path) -> None:
        """Write the file as a whole."""
        partial = path.with_suffix(".part.npz")
        np.savez(
            partial, role=np.array(self.role), stamps_ns=self.stamps_ns, marks=self.marks, spreads_px=self.spreads_px
        )
        partial.rename(path)

    @staticmethod
    def load(path: Path) -> Review:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as file:
            return Review(str(file["role"]), file["stamps_ns"], file["marks"], file["spreads_px"])


def result_path(cache: Path, episode: str, policy: str) -> Path:
    """Where in a library's cache the review of an episode is kept, with the newest others."""
    folder = cache / "reviews"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    oldest_last = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in oldest_last[_FEWEST_KEPT:]:
        path.unlink(missing_ok=True)
    return folder / f"{episode} {policy}.npz"
