"""Dense descriptors, 3-D: the expected pixel of each descriptor, lifted by the camera's depth (paper, section V-A).

Depth is missing on edges, behind them and on what shines. The depth at a point is the mean over its heat of the pixels
that have one; a nominal depth with next to no weight stands in where none has. So z is always finite, its gradient too,
and ``depth_missing`` tells how much of the heat lies where depth is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import InputError
from core.geometry import Array
from core.representations.modules.dense import DenseDescriptors
from core.representations.modules.expectation import expected
from core.representations.representation import Look, Setup, View

NOMINAL_M = 0.7
"""Depth where none is measured: about how far the table is from a camera of the default rig."""
_NOMINAL_WEIGHT = 1e-6


class DenseDescriptors3D(DenseDescriptors):
    def __init__(self, setup: Setup) -> None:
        super().__init__(setup, coordinates=3)
        camera = self.camera
        # centred coordinates to tangents: u = (x + 1) W / 2 - 0.5, tangent = (u - cx) / fx
        scale = torch.tensor([camera.width / (2.0 * camera.fx), camera.height / (2.0 * camera.fy)])
        middle = torch.tensor(
            [(camera.width / 2 - 0.5 - camera.cx) / camera.fx, (camera.height / 2 - 0.5 - camera.cy) / camera.fy]
        )
        self.register_buffer("_tangent_scale", scale, persistent=False)
        self.register_buffer("_tangent_middle", middle, persistent=False)

    _tangent_scale: Tensor
    _tangent_middle: Tensor

    def locate(self, heat: Tensor, looks: Mapping[str, Tensor]) -> Tensor:
        depth = looks["depth"].to(heat.dtype).unsqueeze(1)
        known = heat * (depth > 0)
        weight = known.sum((-2, -1)) + _NOMINAL_WEIGHT
        z = ((known * depth).sum((-2, -1)) + _NOMINAL_WEIGHT * NOMINAL_M) / weight
        tangents = expected(heat) * self._tangent_scale + self._tangent_middle
        return torch.cat([tangents * z.unsqueeze(-1), z.unsqueeze(-1)], dim=-1)

    def _deep(self, views: list[View]) -> Look:
        """Depth at the middles of the map's cells, ``(N, h, w)`` metres, 0 unknown."""
        config = self.network.config
        height, width = config.height // self.network.stride, config.width // self.network.stride
        return {"depth": np.stack([_cells(self._depth_m(view), width, height) for view in views])}

    def _depth_m(self, view: View) -> NDArray[np.float32]:
        if view.depth is None:
            raise InputError("dd-3d needs depth, and its camera gives none; choose dd-2d or another camera.")
        return view.depth.astype(np.float32) * np.float32(self.camera.depth_scale_m)

    def figures(self, looks: Mapping[str, Tensor]) -> dict[str, float]:
        """``depth_missing``: share of the points' heat that lies where depth is unknown."""
        if "missing" in looks:
            return {"depth_missing": float(looks["missing"].mean())}
        maps = looks["map"].float() if "map" in looks else self._describe(looks["rgb"])
        return {"depth_missing": float(self._missing(maps, looks).detach().mean())}

    def _missing(self, maps: Tensor, looks: Mapping[str, Tensor]) -> Tensor:
        return (self.heat(maps) * (looks["depth"] <= 0).unsqueeze(1)).sum((-2, -1))

    def _counted(self, maps: Tensor, looks: Mapping[str, Tensor]) -> Look:
        return {"missing": self._missing(maps, looks).cpu().numpy()}

    def marks(self, z: NDArray[np.float32]) -> Array:
        return z.reshape(-1, 3).astype(np.float64)


def _cells(depth_m: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Depth at the middle of each cell; where that is unknown, the nearest known one of the cell's own pixels."""
    rows = ((np.arange(height) + 0.5) * depth_m.shape[0] / height).astype(np.int64)
    columns = ((np.arange(width) + 0.5) * depth_m.shape[1] / width).astype(np.int64)
    found = depth_m[rows[:, None], columns]
    for dv, du in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        v = (rows + dv).clip(0, depth_m.shape[0] - 1)
        u = (columns + du).clip(0, depth_m.shape[1] - 1)
        found = np.where(found > 0, found, depth_m[v[:, None], u])
    return np.asarray(found, dtype=np.float32)
