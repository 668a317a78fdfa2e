"""What every representation states: what it looks at, what of that is kept, and how z comes of it.

Looking is done once for every image and is never trained (``look``); the rest is a torch module, trained or not, from a
batch of looks to z. The same two act at work, so that training and deployment cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.correspondence.config import NetworkConfig
from core.geometry import SE3, Array
from core.messages import CameraInfo
from core.policies.config import AutoencoderConfig, Mode

if TYPE_CHECKING:
    from torch import Tensor

Look = dict[str, NDArray[Any]]
"""What is kept of images, arrays ``(N, ...)`` by name."""


@dataclass(frozen=True, slots=True)
class RepresentationInfo:
    """How a representation registers. ``order`` is its row in Table I.

    ``camera``: it sees through one; ``images``, ``depth``: what it needs of it. ``object_state``: it is told the poses
    of objects, which only a simulator knows. ``descriptors``: it starts from a descriptor model. ``modes``: the ways to
    optimise it, first the default; empty where there is one way. ``end_to_end``: its encoder is trained with the
    policy.
    """

    name: str
    title: str
    order: int
    explanation: str
    camera: bool = True
    images: bool = True
    depth: bool = False
    object_state: bool = False
    descriptors: bool = False
    modes: tuple[Mode, ...] = ()
    end_to_end: bool = False

    def learns_to_see(self, mode: Mode) -> bool:
        """Whether images go through what is trained, at every step."""
        return self.end_to_end or (mode in self.modes and mode in (Mode.DENSE, Mode.PRETRAINED))


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a representation is built from; stands in the policy's folder, so that it can be built again.

    ``camera``: the one it sees, None where it sees none. ``object_points``: named points ``p_OP`` (m) of the task's
    objects, for those that are told. ``descriptor_network`` is that of the model it starts from, and
    ``descriptor_model`` and ``descriptor_sha256`` say which; ``temperature``, ``window_cells``: as configured.
    """

    name: str
    mode: Mode = Mode.FIXED
    points: int = 16
    camera: CameraInfo | None = None
    object_points: dict[str, tuple[tuple[float, float, float], ...]] = {}
    descriptor_network: NetworkConfig | None = None
    descriptor_model: str = ""
    descriptor_sha256: str = ""
    temperature: float = 0.07
    window_cells: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a policy is shown at one moment: its camera, ``rgb: (H, W, 3) uint8``, ``depth: (H, W) uint16`` in the
    camera's units; None where that was not asked for. ``X_WO``: poses of objects, for those only that are told."""

    camera: CameraInfo | None = None
    X_WC: SE3 | None = None
    rgb: NDArray[np.uint8] | None = None
    depth: NDArray[np.uint16] | None = None
    X_WO: Mapping[str, SE3] | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a representation may start its weights from, once, before a training.

    ``descriptor_model``: folder of the model; ``descriptors: (P, D)`` of the set. ``stage`` tells how far the start is
    and raises when the training is asked to end. ``cache_dir``: where published weights are kept; None uses none.
    """

    stage: Callable[[str, int, int], None]
    seed: int = 0
    cache_dir: Path | None = None
    descriptor_model: Path | None = None
    descriptors: NDArray[np.float32] | None = None
    autoencoder: AutoencoderConfig | None = None
    images: Callable[[tuple[int, int], bool], Sequence[TrainingImages]] | None = None
    """``images((width, height), masked)``: of every episode, its images at that size."""


@dataclass(frozen=True, slots=True)
class TrainingImages:
    """Images of one episode in order: ``rgb: (T, H, W, 3) uint8``, ``mask: (T, H, W) bool`` of objects, or None."""

    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None = None


class Representation(Protocol):
    """A method of Table I, ready to look. A ``torch.nn.Module``; ``dim`` is the length of z.

    ``key``: changes whenever ``look`` would give something else (model, size); part of the cache's key.
    """

    dim: int
    key: str

    def begin(self, beginning: Beginning) -> None:
        """Take the weights to start from, training what has to be trained before. InputError says what is missing."""

    def look(self, views: list[View]) -> Look:
        """What is kept of some images, arrays ``(N, ...)`` by name, the same names and shapes always."""

    def __call__(self, looks: Mapping[str, Tensor]) -> Tensor:
        """``z: (N, dim)`` float of a batch of looks."""

    def figures(self, looks: Mapping[str, Tensor]) -> dict[str, float]:
        """What there is to measure of a batch of looks, by name; for most nothing."""

    def spreads(self, looks: Mapping[str, Tensor]) -> Array:
        """How uncertain each mark of one look is, pixels of the camera ``(P,)``; ``(0,)`` where that is not known."""

    def marks(self, z: NDArray[np.float32]) -> Array:
        """Where z lies: pixels ``(P, 2)`` of the camera, or points ``(P, 3)`` in C; ``(0, 2)`` for nowhere."""
