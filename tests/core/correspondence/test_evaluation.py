"""The measures, on images whose very colours say where their pixels are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.correspondence.descriptors import DescriptorImage
from core.correspondence.evaluation import evaluate
from core.correspondence.pairs import FrameRef, LoadedFrame, PointPair
from core.correspondence.report import write_report
from core.geometry import SE3, PinholeCamera
from core.messages import Frame

WIDTH, HEIGHT = 160, 120
CAMERA = PinholeCamera(WIDTH, HEIGHT, 100.0, 100.0, 0.0, 0.0)
SOURCE, TARGET = FrameRef("a", "a", "right", 0), FrameRef("b", "b", "right", 0)


class Colours:
    """Colours are the descriptors."""

    def describe(self, rgb: NDArray[np.uint8]) -> DescriptorImage:
        return DescriptorImage.of(rgb[..., :2].astype(np.float32), rgb.shape[1], rgb.shape[0])


class Frames:
    """Images painted with their own coordinates, the target's shifted by so many pixels in u."""

    def __init__(self, shift: int, depth_m: float) -> None:
        self._shift, self._depth_m = shift, depth_m

    def load(self, ref: FrameRef) -> LoadedFrame:
        v, u = np.indices((HEIGHT, WIDTH))
        u = u + (self._shift if ref == TARGET else 0)
        rgb = np.stack([u, v, np.zeros_like(u)], axis=-1).astype(np.uint8)
        frame = Frame(ref.role, 0, 0, 0, rgb, None, SE3.identity())
        return LoadedFrame(frame, CAMERA, np.full((HEIGHT, WIDTH), self._depth_m, np.float32))


def pair(errors_px: list[float]) -> PointPair:
    """Points whose claimed place lies so many pixels right of where their colour is."""
    uv = np.array([[60.0 + 4 * k, 40.0] for k in range(len(errors_px))])
    claimed = uv + np.array([[error, 0.0] for error in errors_px])
    return PointPair(SOURCE, TARGET, uv, claimed[:, None], "labels", False)


def test_errors_are_counted_in_pixels_of_640_by_480() -> None:
    report = evaluate(Colours(), [pair([0.0, 1.0, 3.0, 10.0])], Frames(0, 2.0))
    assert report.pck == {"3": 0.25, "5": 0.5, "10": 0.5, "20": 0.75}  # 0, 4, 12 and 40 pixels
    assert report.median_px == 8.0
    assert report.cdf[0] == 0.25
    assert report.cdf[40] == 1.0
    assert report.auc == pytest.approx(np.mean(report.cdf[1:]))


def test_errors_in_space_follow_from_depth() -> None:
    report = evaluate(Colours(), [pair([0.0, 5.0, 5.0])], Frames(0, 2.0))
    assert report.known_3d == 3
    assert report.median_3d_m == pytest.approx(5.0 / 100.0 * 2.0)
    assert evaluate(Colours(), [pair([0.0])], Frames(0, 0.0)).median_3d_m is None


def test_any_of_several_right_places_is_right() -> None:
    uv = np.array([[60.0, 40.0]])
    places = np.array([[[10.0, 10.0], [60.0, 41.0], [np.nan, np.nan]]])
    report = evaluate(Colours(), [PointPair(SOURCE, TARGET, uv, places, "simulation", False)], Frames(0, 2.0))
    assert report.median_px == 4.0


def test_false_positives_are_the_pixels_nearer_than_the_truth() -> None:
    report = evaluate(Colours(), [pair([2.0])], Frames(0, 2.0))
    nearer = 9  # pixels closer than two colours away from (60, 40)
    assert report.false_positive == pytest.approx(nearer / (WIDTH * HEIGHT))


def test_a_report_page_stands_alone(tmp_path: Path) -> None:
    report = evaluate(Colours(), [pair([0.0, 1.0])], Frames(0, 2.0))
    page = write_report(tmp_path, "<model> & co", report).read_text()
    assert "&lt;model&gt; &amp; co" in page
    assert "http" not in page
    assert json.loads((tmp_path / "report.json").read_text())["pck"]["5"] == 1.0
