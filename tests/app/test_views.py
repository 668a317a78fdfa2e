"""What a camera's view shows over its picture, and how it colours depth."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.theme import goal_colour
from app.views.depth import fits, fitting_range
from app.views.marks import CameraPainter
from core.geometry import SE3
from core.messages import CameraInfo

INFO = CameraInfo("right", 640, 480, 30.0, 600.0, 600.0, 320.0, 240.0)
DOWN = SE3.from_rotation_vector([np.pi, 0.0, 0.0])


def drawn(qt: QApplication, draw: object) -> np.ndarray:
    """Pixels ``(480, 640)`` that have the goal's colour after drawing from one metre above the table."""
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    above = SE3(DOWN.quat_wxyz, np.array([0.0, 0.0, 1.0]))
    draw(CameraPainter(painter, INFO, above, QPointF, 4))
    painter.end()
    pixels = np.frombuffer(image.constBits(), dtype=np.uint32).reshape(480, 640)
    return pixels == goal_colour().rgb()


def test_a_line_on_the_table_is_drawn_where_the_camera_sees_it(qt: QApplication) -> None:
    line = np.array([[-0.2, 0.1, 0.0], [0.2, 0.1, 0.0]])
    marked = drawn(qt, lambda marks: marks.line(line, goal_colour(), QColor("black")))
    rows, columns = np.nonzero(marked)
    assert set(rows) <= {179, 180, 181} and columns.min() <= 202 and columns.max() >= 438


def test_the_goal_shows_how_the_hand_is_turned(qt: QApplication) -> None:
    for yaw, wide in ((0.0, 0), (np.pi / 2, 1)):
        pose = SE3.from_rotation_vector([0.0, 0.0, yaw]) @ DOWN
        marked = drawn(qt, lambda marks, pose=pose: marks.hand(pose, goal_colour(), QColor("black")))
        spread = [np.ptp(axis) for axis in np.nonzero(marked)]
        assert spread[wide] > 35 > 3 * spread[1 - wide]


def test_nothing_is_drawn_of_what_is_behind_the_camera(qt: QApplication) -> None:
    behind = np.array([[0.0, 0.0, 0.5], [0.0, 0.0, 1.5]])
    assert not drawn(qt, lambda marks: marks.line(behind, goal_colour(), QColor("black"))).any()


def test_the_depth_range_follows_a_camera_that_comes_close() -> None:
    far = np.full((480, 640), 900, dtype=np.uint16)
    far[:, :320] = 600
    near = far // 3
    chosen = fitting_range(far, 0.001)
    assert chosen is not None and fits(far, 0.001, chosen) and not fits(near, 0.001, chosen)
    chosen = fitting_range(near, 0.001)
    assert chosen is not None and fits(near, 0.001, chosen)


def test_a_range_stays_while_nearly_nothing_can_be_seen() -> None:
    blind = np.zeros((480, 640), dtype=np.uint16)
    blind[:40] = 300
    assert fits(blind, 0.001, (0.6, 0.9))
