"""What only a simulator knows, out of an episode file. Privileged.

Only ground-truth representations, evaluation, the judge of success and the maps of the workspace may import this; a
contract test fails any other that does.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.episodes import convert, reticle_pb2
from core.episodes.arrays import messages
from core.episodes.table import build_table, read_index
from core.episodes.topics import TRUTH
from core.errors import EpisodeFileError
from core.messages import Truth


def truth_from(data: bytes) -> Truth:
    """A truth message from its bytes."""
    message = convert.parse(reticle_pb2.Truth(), data)
    return Truth(message.stamp_ns, {each.name: tuple(each.X_WO) for each in message.objects})


def read_truth(path: Path) -> dict[str, NDArray[np.float64]]:
    """Object poses of a simulated episode: ``{name: (T, 7)}`` quaternion wxyz, position m; and ``stamp_ns: (T,)``.

    EpisodeFileError when the episode is not simulated or has none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise EpisodeFileError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        index = read_index(descriptor, path)
        table = build_table(descriptor, index, path)
        found = [truth_from(data) for _, data in messages(descriptor, index, table[TRUTH], path)]
    finally:
        os.close(descriptor)
    if not found:
        raise EpisodeFileError(f"{path.name} holds no ground truth; only simulated episodes do.")
    names = sorted(set.intersection(*(set(truth.X_WO) for truth in found)))
    poses = {name: np.array([truth.X_WO[name] for truth in found], dtype=np.float64) for name in names}
    return {"stamp_ns": np.array([truth.stamp_ns for truth in found], dtype=np.int64), **poses}
