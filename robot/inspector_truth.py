"""Where a point of the source truly lies in a target, when the cameras and their depth can tell (paper, IV-D)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.correspondence.heatmap import lifted
from robot.inspector_messages import LiveFrame, PanelImage, StoredFrame

_MARGIN_M = 0.012
_SAME_MOMENT_NS = 20_000_000
_SAME_MOMENT_LIVE_NS = 45_000_000
Pixel = NDArray[np.float64]


def same_moment(source: PanelImage, target: PanelImage) -> bool:
    """Whether both images show the scene at one moment."""
    apart_ns = abs(source.frame.capture_ns - target.frame.capture_ns)
    if isinstance(source.shown, StoredFrame) and isinstance(target.shown, StoredFrame):
        return source.shown.episode == target.shown.episode and apart_ns <= _SAME_MOMENT_NS
    both_live = isinstance(source.shown, LiveFrame) and isinstance(target.shown, LiveFrame)
    return both_live and apart_ns <= _SAME_MOMENT_LIVE_NS


def true_pixel(source: PanelImage, target: PanelImage, uv: Pixel) -> Pixel | None:
    """The target's pixel u, v of what the source shows at ``uv``; None when it is hidden, outside or unknown."""
    if not same_moment(source, target):
        return None
    if source.shown.role == target.shown.role:
        return uv
    p_CP = point_at(source, uv)
    if p_CP is None:
        return None
    found, z = target.camera.project(target.frame.X_WC.inverse() @ (source.frame.X_WC @ p_CP))
    if z <= 0 or not (0 <= found[0] <= target.camera.width - 1 and 0 <= found[1] <= target.camera.height - 1):
        return None
    measured = point_at(target, found)
    return found if measured is not None and abs(float(measured[2]) - float(z)) < _MARGIN_M else None


def point_at(image: PanelImage, uv: Pixel) -> Pixel | None:
    """The point ``(3,)`` in C at a pixel; None where depth does not tell."""
    depth = image.frame.depth
    return None if depth is None else lifted(uv, depth, image.camera, image.depth_scale_m)


def error_m(target: PanelImage, match: Pixel, truth: Pixel) -> float | None:
    """Metres between the 3-D points of the match and of the truth in a target; None where depth does not tell."""
    found, true = point_at(target, match), point_at(target, truth)
    return None if found is None or true is None else float(np.linalg.norm(found - true))
