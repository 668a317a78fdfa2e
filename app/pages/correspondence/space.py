"""The match in space: the clouds of the source and the chosen target, drawn by the 3-D view's process."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from app.views.scene3d import Scene3DView
from app.workers.pair_feed import PairFeed
from app.workers.view3d import View3DWorker
from core.errors import ProcessError
from core.messages import Floats
from robot.inspector_messages import PanelImage
from robot.inspector_truth import point_at, same_moment
from robot.station_messages import INSPECTOR

_APART_W = (-0.56, 0.70, 0.0)
"""The cloud of another moment stands behind, seen from home, so that one table does not hide the other."""
_HOME_W, _HOME_DISTANCE_M = (0.58, 0.0, 0.0), 1.5
_DRAWING = "Drawing the points"
Pixel = NDArray[np.float64]


class Space(QObject):
    """Says what the view shows and paints what comes back; ``scene`` is the widget."""

    def __init__(self, view3d: View3DWorker, feed: PairFeed) -> None:
        super().__init__()
        self.on = False
        self._drawable, self._painted = True, False
        self.scene = Scene3DView(INSPECTOR, _HOME_W, _HOME_DISTANCE_M)
        self.scene.hide()
        self._view3d, self._feed = view3d, feed
        self.scene.viewChanged.connect(lambda view: self._view3d.look(view) if self.on else None)
        view3d.readied.connect(lambda _: feed.repeat())
        view3d.failed.connect(self._failed)

    def use(self, on: bool) -> None:
        """Show it or rest."""
        self.on = on
        if on:
            self.scene.show_message(self._trouble() or _DRAWING)
            self._view3d.look(self.scene.view())

    def _failed(self, reason: str) -> None:
        self._painted = False
        self.scene.show_message(reason)

    def _trouble(self) -> str:
        return "" if self._view3d.running else self._view3d.unavailable or "The 3-D view begins with the rig"

    def show(self, source: PanelImage | None, target: PanelImage | None, uv: Pixel | None, match: Pixel | None) -> None:
        """These images, the pixel of the source and its match in the target, as far as they are there."""
        if not self.on or source is None or target is None:
            return
        self._drawable = source.frame.depth is not None and target.frame.depth is not None
        if not self._drawable:
            self.scene.show_message("Without depth an image has no points in space; choose another.")
            self.scene.show_note("")
            return
        together = same_moment(source, target)
        points = [point_W(image, pixel) for image, pixel in ((source, uv), (target, match))]
        self.scene.show_note(_apart_words(points[0], points[1], together), "axes")
        try:
            new = self._feed.show(source, target, (0.0, 0.0, 0.0) if together else _APART_W, points[0], points[1])
        except ProcessError as error:
            self.scene.show_message(str(error))
            return
        if self.scene.message:
            self.scene.show_message(self._trouble() or (_DRAWING if new or not self._painted else ""))

    def tick(self) -> None:
        """Paint what was drawn, while it can be of the images that are shown."""
        if self.on and self._drawable:
            picture = self._view3d.take()
            if picture is not None:
                self._painted = True
                self.scene.show_picture(picture)


def point_W(image: PanelImage, uv: Pixel | None) -> Floats:
    """The point of a pixel in W, metres; empty when there is none or depth does not tell."""
    p_CP = None if uv is None else point_at(image, uv)
    return () if p_CP is None else tuple(float(value) for value in image.frame.X_WC @ p_CP)


def _apart_words(point: Floats, match: Floats, together: bool) -> str:
    """Within one moment the point and its match should be one; between moments the object may have moved."""
    if not point or not match:
        return ""
    apart_mm = 1000.0 * float(np.linalg.norm(np.subtract(point, match)))
    return f"{apart_mm:.0f} mm apart" if together else f"moved {apart_mm:.0f} mm"
