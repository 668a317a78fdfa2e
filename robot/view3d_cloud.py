"""Depth frames as coloured points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.messages import CameraInfo, Frame


class CloudMaker:
    """Turns depth frames of one camera into coloured points, thinned by a fixed stride."""

    def __init__(self, info: CameraInfo, max_points: int) -> None:
        self._info = info
        self._stride = max(1, int(np.ceil(np.sqrt(info.width * info.height / max_points))))
        v, u = np.mgrid[0 : info.height : self._stride, 0 : info.width : self._stride]
        uv = np.stack([u, v], axis=-1).reshape(-1, 2)
        self._rays = info.pinhole.unproject(uv, np.ones(len(uv))).astype(np.float32)

    def points(self, frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Points ``(N, 3)`` in W (m) and colours ``(N, 3)`` in [0, 1] of the valid pixels."""
        if frame.depth is None:
            return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)
        depth = frame.depth[:: self._stride, :: self._stride].ravel()
        valid = (depth > 0) & (depth * self._info.depth_scale_m < 2.5)
        points_C = self._rays[valid] * (depth[valid, None] * np.float32(self._info.depth_scale_m))
        R, p = frame.X_WC.R.astype(np.float32), frame.X_WC.p.astype(np.float32)
        colors = frame.rgb[:: self._stride, :: self._stride].reshape(-1, 3)[valid].astype(np.float32) / 255.0
        return points_C @ R.T + p, colors
