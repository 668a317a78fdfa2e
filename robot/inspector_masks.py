"""Where objects are in a stored image, as training sees them; apart because it needs the simulator's meshes."""

from __future__ import annotations

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


class MaskMaker:
    """Masks of images whose camera stands where it stood in a capture of the empty workspace."""

    def __init__(self, loader: FrameLoader) -> None:
        self._loader = loader
        self._shape = IiwaShape()
        self._known: dict[StoredFrame, NDArray[np.bool_]] = {}
        self._captures: dict[tuple[str, CameraInfo], EmptyWorkspace] = {}

    def mask(self, shown: StoredFrame, frame: Frame, captures: Path) -> NDArray[np.bool_]:
        """``(H, W) bool`` at the image's size; InputError without depth or without a capture that fits."""
        if shown not in self._known:
            self._known[shown] = self._make(shown, frame, captures)
        return self._known[shown]

    def _make(self, shown: StoredFrame, frame: Frame, captures: Path) -> NDArray[np.bool_]:
        if frame.depth is None:
            raise InputError("Where objects are is not known: this image has no depth.")
        reader = self._loader.reader(shown.path)
        camera = reader.cameras[shown.role]
        capture = self._capture(captures, camera)
        robot_W = self._shape.triangles(*reader.joints_at(frame.capture_ns))
        return object_mask(frame.depth, camera, frame.X_WC, capture.depth[shown.role], robot_W, MaskConfig())

    def _capture(self, captures: Path, camera: CameraInfo) -> EmptyWorkspace:
        """The newest one that fits; one that is not there yet is looked for again."""
        key = (str(captures), camera)
        if key not in self._captures:
            found = newest_capture(captures, [camera])
            if found is None:
                raise InputError(
                    f"Where objects are is not known: no capture of the empty workspace fits the {camera.role} camera. "
                    "Capture one on Teleoperate with Ctrl+Shift+E."
                )
            self._captures[key] = found
        return self._captures[key]
