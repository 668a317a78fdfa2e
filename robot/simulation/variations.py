"""Visual variations of a scene: light, background, clutter, occlusion. (grows below)"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.geometry import SE3

VISUALS = ("light", "background", "clutter", "occlusion")
Override = tuple[str, int, NDArray[Any]]


def parse(names: Iterable[str]) -> frozenset[str]:
    """The chosen variations; InputError lists the valid ones."""
    chosen = frozenset(names)
    unknown = chosen - set(VISUALS)
    if unknown:
        raise InputError(f"There is no visual variation '{min(unknown)}'; choose from: {', '.join(VISUALS)}.")
    return chosen


def add_variations(spec: mujoco.MjSpec, visuals: frozenset[str]) -> None:
    """Add what the chosen variations need."""


def draw(
    model: mujoco.MjModel, visuals: frozenset[str], rng: np.random.Generator
) -> tuple[tuple[Override, ...], dict[int, SE3]]:
    """Draw an episode's looks: fields of the model to overwrite, and where mocap bodies stand."""
    return (), {}
