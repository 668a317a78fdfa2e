"""Collect here next: the starts that the next demonstrations should have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.attempts.outcome import Outcome
from core.attempts.workspace import COORDINATES, WorkspaceMap, inside, limits_of, varying
from core.geometry import Array

_CANDIDATES = 1024
_SCOTT_SIGMA = 12**-0.5
"""Standard deviation of what is spread evenly over a unit: kernels are as wide as Scott's rule has it for that."""


def collect_next(picture: WorkspaceMap, count: int = 10) -> Array:
    """Starts ``(N, 3)`` within the task's range, the most wanted first: x, y (m), heading (degrees).

    Starts outside of the training's hull come first, then those with the highest relative risk: kernel density of
    failures over kernel density of demonstrations (Kelsall and Diggle, Bernoulli 1, 1995), one of each added so that
    it is known everywhere. A chosen start counts as a demonstration for the next, so that they spread.
    """
    free = [COORDINATES.index(each) for each in varying(picture.starts)]
    low, high = np.array(limits_of(picture.starts)).T
    candidates = np.tile((low + high) / 2, (_CANDIDATES, 1))
    candidates[:, free] = low[free] + _evenly(len(free)) * (high - low)[free]

    def scaled(points: Array) -> Array:
        return np.asarray((points[:, free] - low[free]) / (high - low)[free])

    failed = np.array([each.start for each in picture.tried if each.outcome is Outcome.FAILURE]).reshape(-1, 3)
    width = _SCOTT_SIGMA * max(len(picture.training), 1) ** (-1.0 / (len(free) + 4))
    at = scaled(candidates)
    failures = _kernels(at, scaled(failed), width)
    shown = _kernels(at, scaled(picture.training), width)
    out = ~inside(picture.shown(candidates), picture.hull)
    chosen: list[int] = []
    for _ in range(min(count, len(candidates))):
        risk = (1.0 + failures) / (1.0 + shown)
        best = int(np.lexsort((risk, out))[-1])
        chosen.append(best)
        out[best] = False
        shown = shown + _kernels(at, at[best : best + 1], width)
    return candidates[chosen]


def _evenly(dimensions: int) -> Array:
    """Points ``(N, dimensions)`` spread over the unit cube, the same every time (Halton's sequence)."""
    from scipy.stats import qmc

    return np.asarray(qmc.Halton(dimensions, scramble=False).random(_CANDIDATES))


def _kernels(at: Array, points: Array, width: float) -> NDArray[np.float64]:
    """Sum of Gaussian kernels at points ``(N, D)``, each 1 at its middle: ``(N,)``."""
    squared = np.square(at[:, None] - points[None]).sum(axis=-1)
    return np.asarray(np.exp(-0.5 * squared / width**2).sum(axis=1))
