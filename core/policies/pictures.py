"""Pictures of what a policy did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.episodes.reader import EpisodeReader
from core.policies.policy import Policy
from core.representations.representation import View

_WIDTH, _HEIGHT, _COLUMNS, _EDGE = 320, 240, 5, 4
_SUCCESS, _FAILURE, _POINT, _RIM = (60, 160, 80), (200, 60, 60), (0, 229, 255), (20, 20, 20)


def attempts_ended(path: Path, policy: Path, attempts: Sequence[tuple[Path, bool]]) -> None:
    """One image of the last frames of attempts (file, success) with the policy's points; green where it succeeded.

    Attempts that recorded nothing of the policy's camera are left out; nothing is written when none did.
    """
    seen = Policy.load(policy)
    tiles = [_tile(seen, file, success) for file, success in attempts]
    shown = [tile for tile in tiles if tile is not None]
    if not shown:
        return
    shown += [np.zeros_like(shown[0])] * (-len(shown) % _COLUMNS)
    rows = [np.hstack(shown[first : first + _COLUMNS]) for first in range(0, len(shown), _COLUMNS)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def _tile(policy: Policy, file: Path, success: bool) -> NDArray[np.uint8] | None:
    camera = policy.description.setup.camera
    with EpisodeReader(file) as reader:
        if camera is None or camera.role not in reader.cameras or not reader.frame_count(camera.role):
            return None
        last = reader.frame_count(camera.role) - 1
        rgb = reader.rgb(camera.role, last)
        depth = reader.depth(camera.role, last) if policy.info.depth else None
        view = View(reader.cameras[camera.role], reader.X_WC(camera.role, last), rgb, depth)
    picture = np.ascontiguousarray(rgb)
    for u, v in policy.marks(view):
        place = round(float(u)), round(float(v))
        cv2.circle(picture, place, 8, _RIM, -1, cv2.LINE_AA)
        cv2.circle(picture, place, 6, _POINT, -1, cv2.LINE_AA)
    small = cv2.resize(picture, (_WIDTH - 2 * _EDGE, _HEIGHT - 2 * _EDGE), interpolation=cv2.INTER_AREA)
    colour = _SUCCESS if success else _FAILURE
    framed = cv2.copyMakeBorder(small, _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(framed, dtype=np.uint8)
