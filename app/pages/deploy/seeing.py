"""Where a policy sees its points, made ready to be drawn over the views."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from app.views.marks import Seen
from core.messages import Frame
from robot.policies.runner_messages import PolicyInsight


def seen_by(insight: PolicyInsight, frames: Mapping[str, Frame]) -> Seen | None:
    """Where its points are drawn; None when it says nowhere, or no image of its camera has come."""
    marks = np.array(insight.marks).reshape(-1, insight.dimensions)
    if not len(marks):
        return None
    if insight.dimensions == 2:
        spreads = np.array(insight.spreads_px) if insight.spreads_px else np.zeros(len(marks))
        return Seen(insight.camera, marks, spreads)
    frame = frames.get(insight.camera)
    return None if frame is None else Seen(insight.camera, np.zeros((0, 2)), np.zeros(0), frame.X_WC @ marks)
