"""What a camera's view shows over its picture, and how it colours depth."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.theme import goal_colour
from app.views.depth import fits, fitting_range
from app.views.marks import CameraPainter
from app.views.rgbd import Kind, RgbdView
from core.geometry import SE3
from core.messages import CameraInfo, Frame

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


def with_and_without_marks(kind: Kind, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels ``(height, width, 4)`` of a view, without and with lines all over its picture and beyond."""
    depth = np.tile(np.linspace(500, 1500, 640).astype(np.uint16), (480, 1))
    above = SE3(DOWN.quat_wxyz, np.array([0.0, 0.0, 1.0]))
    view = RgbdView(INFO, kind)
    view.resize(width, height)
    view.show_frame(Frame("right", 1, 0, 0, np.zeros((480, 640, 3), np.uint8), depth, above))

    def pixels() -> np.ndarray:
        image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        return np.array(image.constBits(), dtype=np.uint8).reshape(height, width, 4)

    bare = pixels()
    view.show_goal(None, tuple(np.array([[-2.0, y, 0.0], [2.0, y, 0.0]]) for y in np.linspace(-0.5, 0.5, 300)))
    return bare, pixels()


@pytest.mark.usefixtures("qt")
@pytest.mark.parametrize("kind", Kind)
def test_marks_stay_inside_the_picture(kind: Kind) -> None:
    bare, marked = with_and_without_marks(kind, 800, 300)
    changed = np.nonzero((bare != marked).any(axis=(0, 2)))[0]
    assert changed.size > 300
    assert changed.min() >= 199 and changed.max() <= 600, "the picture is between columns 200 and 600"


@pytest.mark.usefixtures("qt")
def test_marks_leave_the_depth_range_to_be_read() -> None:
    bare, marked = with_and_without_marks(Kind.DEPTH, 640, 480)
    same = (bare == marked).all(axis=2)
    assert same[440:, 440:].sum() > 50, "the bar"
    assert not same[200:300, 200:400].any()


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
