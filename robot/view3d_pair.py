"""The inspector's two images in space: both clouds, the point and its match, and the line between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.messages import CameraInfo, Floats, Frame
from core.processes.shared_memory import Bus
from robot.station_messages import INSPECTOR, frame_topic
from robot.view3d_cloud import CloudMaker
from robot.view3d_messages import PAIR_ROLES, VIEW3D_PAIR_TOPIC, ShownPair

if TYPE_CHECKING:
    from robot.view3d_canvas import ViewCanvas

MAX_POINTS = 35_000
_MARGIN_M = 0.05
Points = NDArray[np.float32]


class PairScene:
    """Newest pair and frames, kept until the view shows them; only what lies in the workspace is drawn."""

    def __init__(self, bus: Bus, workspace_min_W: Floats, workspace_max_W: Floats) -> None:
        self._pairs = bus.message_subscriber(VIEW3D_PAIR_TOPIC, ShownPair)
        self._subscribers = {role: bus.frame_subscriber(frame_topic(role, INSPECTOR)) for role in PAIR_ROLES}
        self._low = np.asarray(workspace_min_W, np.float32) - _MARGIN_M
        self._high = np.asarray(workspace_max_W, np.float32) + _MARGIN_M
        self._frames: dict[str, Frame] = {}
        self._makers: dict[CameraInfo, CloudMaker] = {}
        self._clouds: dict[str, tuple[int, Points, Points]] = {}
        self._pair: ShownPair | None = None
        self._drawn: ShownPair | None = None

    def poll(self) -> None:
        """Take what is new."""
        for role, subscriber in self._subscribers.items():
            self._frames[role] = subscriber.take() or self._frames.get(role)  # type: ignore[assignment]
        self._pair = self._pairs.take() or self._pair

    def forget_canvas(self) -> None:
        """Something else was drawn meanwhile."""
        self._drawn = None

    def show(self, canvas: ViewCanvas) -> bool:
        """Bring the canvas up to date once the frames of the newest pair are there; whether that changed anything."""
        pair = self._pair
        if pair is None or pair == self._drawn or not self._complete(pair):
            return False
        before, self._drawn = self._drawn, pair
        if before is None or (pair.frames, pair.apart_W) != (before.frames, before.apart_W):
            self._show_clouds(pair, canvas)
        self._show_points(pair, canvas)
        return True

    def _complete(self, pair: ShownPair) -> bool:
        frames = [self._frames[role] for role in PAIR_ROLES]
        return all(frame is not None and frame.sequence == n for frame, n in zip(frames, pair.frames, strict=True))

    def _show_clouds(self, pair: ShownPair, canvas: ViewCanvas) -> None:
        parts = []
        for role, camera, shift in zip(PAIR_ROLES, pair.cameras, _shifts(pair), strict=True):
            points_W, colours = self._cloud(role, camera)
            parts.append((points_W + shift, colours))
        canvas.set_cloud(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _cloud(self, role: str, camera: CameraInfo) -> tuple[Points, Points]:
        frame = self._frames[role]
        known = self._clouds.get(role)
        if known is None or known[0] != frame.sequence:
            if camera not in self._makers:
                self._makers[camera] = CloudMaker(camera, MAX_POINTS)
            points_W, colours = self._makers[camera].points(frame)
            inside = ((points_W > self._low) & (points_W < self._high)).all(axis=1)
            known = (frame.sequence, points_W[inside], colours[inside])
            self._clouds[role] = known
        return known[1], known[2]

    @staticmethod
    def _show_points(pair: ShownPair, canvas: ViewCanvas) -> None:
        shifted = [
            np.asarray(point, np.float32) + shift if point else None
            for point, shift in zip((pair.point_W, pair.match_W), _shifts(pair), strict=True)
        ]
        canvas.set_match(shifted[0], shifted[1])


def _shifts(pair: ShownPair) -> tuple[Points, Points]:
    """Source and target move away from the middle, so that the view's home stays."""
    half = 0.5 * np.asarray(pair.apart_W, np.float32)
    return -half, half
