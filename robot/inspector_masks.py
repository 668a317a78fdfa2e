"""Where objects are in a stored image, as training sees them; apart because it needs the simulator's meshes."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.correspondence.empty_workspace import EmptyWorkspace, newest_capture
from core.correspondence.masks import MaskConfig, object_mask
from core.correspondence.pairs import FrameLoader
from core.errors import InputError
from core.messages import CameraInfo, Frame
from robot.correspondence.shape import IiwaShape
from robot.inspector_messages import StoredFrame

_KEPT = 48
"""So many masks are kept; they are drawn again when one is asked for after that."""


class MaskMaker:
    """Masks of images whose camera stands where it stood in a capture of the empty workspace."""

    def __init__(self, loader: FrameLoader) -> None:
        self._loader = loader
        self._shape = IiwaShape()
        self._known: OrderedDict[tuple[StoredFrame, str], NDArray[np.bool_]] = OrderedDict()
        self._captures: dict[CameraInfo, tuple[frozenset[Path], EmptyWorkspace]] = {}

    def mask(self, shown: StoredFrame, frame: Frame, captures: Path) -> NDArray[np.bool_]:
        """``(H, W) bool`` at the image's size; InputError without depth or without a capture that fits."""
        if frame.depth is None:
            raise InputError("Where objects are is not known: this image has no depth.")
        capture = self._capture(captures, self._loader.reader(shown.path).cameras[shown.role])
        key = shown, capture.info.id
        if key not in self._known:
            self._known[key] = self._make(shown, frame, frame.depth, capture)
        self._known.move_to_end(key)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return self._known[key]

    def _make(
        self, shown: StoredFrame, frame: Frame, depth: NDArray[np.uint16], capture: EmptyWorkspace
    ) -> NDArray[np.bool_]:
        reader = self._loader.reader(shown.path)
        robot_W = self._shape.triangles(*reader.joints_at(frame.capture_ns))
        camera, empty = reader.cameras[shown.role], capture.depth[shown.role]
        return object_mask(depth, camera, frame.X_WC, empty, robot_W, MaskConfig())

    def _capture(self, captures: Path, camera: CameraInfo) -> EmptyWorkspace:
        """The newest one that fits; looked for again when there are others."""
        there = frozenset(captures.glob("*/*.json"))
        looked, found = self._captures.get(camera, (None, None))
        if found is None or looked != there:
            found = newest_capture(captures, [camera])
            if found is None:
                raise InputError(
                    f"Where objects are is not known: no capture of the empty workspace fits the {camera.role} camera. "
                    "Capture one on Teleoperate with Ctrl+Shift+E."
                )
            self._captures[camera] = there, found
        return found
