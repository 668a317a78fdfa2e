"""Collect here next: the starts that the next demonstrations should have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.attempts.outcome import Outcome
from core.attempts.workspace import COORDINATES, WorkspaceMap, inside, limits_of, varying
from core.geometry import Array
from core.messages import Floats
from core.tasks import StartRange, TaskInfo

_CANDIDATES = 1024
_RING_M, _HEADING_M = 0.015, 0.06
_SCOTT_SIGMA = 12**-0.5
"""Standard deviation of what is spread evenly over a unit: kernels are as wide as Scott's rule has it for that."""


@dataclass(frozen=True, slots=True)
class WantedStarts:
    """From where the next demonstrations of a task should begin; ``at``: see ``collect_next``."""

    task: TaskInfo
    starts: StartRange
    at: Array


def collect_next(picture: WorkspaceMap, demonstrated: Array, count: int = 10) -> Array:
    """Starts ``(N, 3)`` within the task's range, the most wanted first: x, y (m), heading (degrees).

    Starts outside of the training's hull come first, then those with the highest relative risk: kernel density of
    failures over kernel density of demonstrations (Kelsall and Diggle, Bernoulli 1, 1995), one of each added so that
    it is known everywhere. ``demonstrated: (N, 3)`` has the starts of all demonstrations there are, also of those that
    the policy has not learned from. A chosen start counts as one for the next, so that they spread.
    """
    free = [COORDINATES.index(each) for each in varying(picture.starts)]
    low, high = np.array(limits_of(picture.starts)).T
    candidates = np.tile((low + high) / 2, (_CANDIDATES, 1))
    candidates[:, free] = low[free] + _evenly(len(free)) * (high - low)[free]

    def scaled(points: Array) -> Array:
        return np.asarray((points[:, free] - low[free]) / (high - low)[free])

    failed = np.array([each.start for each in picture.tried if each.outcome is Outcome.FAILURE]).reshape(-1, 3)
    width = _SCOTT_SIGMA * max(len(demonstrated), 1) ** (-1.0 / (len(free) + 4))
    at = scaled(candidates)
    failures = _kernels(at, scaled(failed), width)
    shown = _kernels(at, scaled(demonstrated), width)
    out = ~inside(picture.shown(candidates), picture.hull)
    chosen: list[int] = []
    for _ in range(min(count, len(candidates))):
        risk = (1.0 + failures) / (1.0 + shown)
        best = int(np.lexsort((risk, out))[-1])
        chosen.append(best)
        out[best] = False
        shown = shown + _kernels(at, at[best : best + 1], width)
    return candidates[chosen]


def marks(wanted: Array) -> tuple[tuple[Array, ...], ...]:
    """What to draw on the table for each start ``(N, 3)``: polylines ``(K, 3)`` in W (m), a ring and its heading."""
    angles = np.linspace(0.0, 2.0 * np.pi, 25)
    ring = np.stack([_RING_M * np.cos(angles), _RING_M * np.sin(angles), np.zeros(25)], axis=1)
    found = []
    for x, y, heading in wanted:
        ahead = np.array([np.cos(np.radians(heading)), np.sin(np.radians(heading)), 0.0])
        middle = np.array([x, y, 0.0])
        found.append((middle + ring, np.stack([middle + _RING_M * ahead, middle + _HEADING_M * ahead])))
    return tuple(found)


def struck_off(wanted: Array, start: Floats | None, starts: StartRange) -> Array:
    """What is still wanted after a demonstration from ``start``: all but the nearest, the first where nobody knows."""
    if not len(wanted):
        return wanted
    low, high = np.array(limits_of(starts)).T
    scale = np.where(high > low, high - low, 1.0)
    away = np.zeros(len(wanted)) if start is None else np.linalg.norm((wanted - np.array(start)) / scale, axis=1)
    return np.delete(wanted, int(np.argmin(away)), axis=0)


def _evenly(dimensions: int) -> Array:
    """Points ``(N, dimensions)`` spread over the unit cube, the same every time (Halton's sequence)."""
    from scipy.stats import qmc

    return np.asarray(qmc.Halton(dimensions, scramble=False).random(_CANDIDATES))


def _kernels(at: Array, points: Array, width: float) -> NDArray[np.float64]:
    """Sum of Gaussian kernels at points ``(N, D)``, each 1 at its middle: ``(N,)``."""
    squared = np.square(at[:, None] - points[None]).sum(axis=-1)
    return np.asarray(np.exp(-0.5 * squared / width**2).sum(axis=1))
