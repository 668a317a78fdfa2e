"""Ground truth as z: named points of the task's objects, in W or projected into the camera."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import InputError
from core.geometry import SE3, Array
from core.representations.modules.expectation import centred, pixels
from core.representations.object_state import points_W
from core.representations.representation import Beginning, Look, Setup, View


class GroundTruthPoints(nn.Module):
    """``z: (N, 3 P)``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self._setup = setup
        self.dim = 3 * sum(map(len, setup.object_points.values()))
        self.key = f"{setup.name} {setup.object_points}"

    def begin(self, beginning: Beginning) -> None:
        """There is nothing to begin with."""

    def look(self, views: list[View]) -> Look:
        return {"points": np.array([points_W(self._setup, view).ravel() for view in views], dtype=np.float32)}

    def forward(self, looks: Mapping[str, Tensor]) -> Tensor:
        return looks["points"]

    def figures(self, looks: Mapping[str, Tensor]) -> dict[str, float]:
        return {}

    def spreads(self, looks: Mapping[str, Tensor]) -> Array:
        return np.zeros(0)

    def marks(self, z: NDArray[np.float32]) -> Array:
        camera = self._setup.camera
        if camera is None or camera.X_WC is None:
            return np.zeros((0, 2))
        return SE3.from_array(camera.X_WC).inverse() @ z.reshape(-1, 3).astype(np.float64)


class GroundTruthPixels(nn.Module):
    """``z: (N, 2 P)``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        if setup.camera is None:
            raise InputError(f"{setup.name} needs a calibrated camera; record episodes with one.")
        self._setup, self._camera = setup, setup.camera
        self.dim = 2 * sum(map(len, setup.object_points.values()))
        self.key = f"{setup.name} {setup.object_points} {setup.camera.pinhole}"

    def begin(self, beginning: Beginning) -> None:
        """There is nothing to begin with."""

    def look(self, views: list[View]) -> Look:
        return {"pixels": np.array([self._seen(view).ravel() for view in views], dtype=np.float32)}

    def _seen(self, view: View) -> Array:
        if view.X_WC is None:
            raise InputError(f"{self._setup.name} needs a camera, and this episode has none; record episodes with one.")
        uv, _ = self._camera.pinhole.project(view.X_WC.inverse() @ points_W(self._setup, view))
        return centred(uv, self._camera.width, self._camera.height)

    def forward(self, looks: Mapping[str, Tensor]) -> Tensor:
        return looks["pixels"]

    def figures(self, looks: Mapping[str, Tensor]) -> dict[str, float]:
        return {}

    def spreads(self, looks: Mapping[str, Tensor]) -> Array:
        return np.zeros(0)

    def marks(self, z: NDArray[np.float32]) -> Array:
        return pixels(z.reshape(-1, 2), self._camera.width, self._camera.height)
