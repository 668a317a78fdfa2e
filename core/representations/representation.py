"""What every representation states: what it looks at, what of that is kept, and how z comes of it.

Looking is done once for every image and is never trained (``look``); the rest is a torch module, trained or not, from a
batch of looks to z. The same two act at work, so that training and deployment cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.geometry import SE3, Array
from core.messages import CameraInfo
from core.policies.config import Mode

if TYPE_CHECKING:
    from torch import Tensor

Look = dict[str, NDArray[Any]]
"""What is kept of one image, arrays by name."""


@dataclass(frozen=True, slots=True)
class RepresentationInfo:
    """How a representation registers. ``order`` is its row in Table I.

    ``images``, ``depth``: what it needs of its camera. ``object_state``: it is told the poses of objects, which only a
    simulator knows. ``descriptors``: it starts from a descriptor model. ``modes``: the ways to optimise it, first the
    default; empty where there is one way.
    """

    name: str
    title: str
    order: int
    explanation: str
    images: bool = True
    depth: bool = False
    object_state: bool = False
    descriptors: bool = False
    modes: tuple[Mode, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a policy is shown at one moment. ``rgb: (H, W, 3) uint8``, ``depth: (H, W) uint16`` in the camera's units;
    None where it was not asked for. ``X_WO``: poses of objects, for those only that are told."""

    camera: CameraInfo
    X_WC: SE3
    rgb: NDArray[np.uint8] | None = None
    depth: NDArray[np.uint16] | None = None
    X_WO: Mapping[str, SE3] | None = None


class Representation(Protocol):
    """A method of Table I, ready to look. A ``torch.nn.Module``; ``dim`` is the length of z.

    ``key``: changes whenever ``look`` would give something else (model, size); part of the cache's key.
    """

    dim: int
    key: str

    def look(self, views: list[View]) -> Look:
        """What is kept of some images, arrays ``(N, ...)`` by name, the same names and shapes always."""

    def __call__(self, looks: Mapping[str, Tensor]) -> Tensor:
        """``z: (N, dim)`` float of a batch of looks."""

    def marks(self, z: NDArray[np.float32]) -> Array:
        """Where z lies in the image, pixels ``(P, 2)`` of the camera, or ``(P, 3)`` points in C; ``(0, 2)`` if nowhere."""
