"""Frames without pictures, for what only looks at their stamps."""

import numpy as np

from core.geometry import SE3
from core.messages import CameraInfo, Frame

INFO = CameraInfo("right", 4, 4, 30.0, 1.0, 1.0, 0.0, 0.0)
RGB = np.zeros((4, 4, 3), np.uint8)


def frame(sequence: int, capture_ns: int) -> Frame:
    return Frame("right", sequence, capture_ns, capture_ns, RGB, None, SE3.identity())
