"""How much later one device tells of a motion than another: cross-correlation of the same motion as both saw it.

Any lively, irregular motion of the arm will do. The arm's and the gripper's latencies are those of what they measure
against what they were sent. A camera's is that of its stamps against the arm's states: the faster a joint turns, the
faster the images change, each joint by a share of its own, which is fitted (multiple correlation).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS
from core.episodes.reader import EpisodeReader
from core.errors import InputError

_STEP_S = 0.0025
_LONGEST_S = 0.5
_SHIFTS = np.arange(-round(_LONGEST_S / _STEP_S), round(_LONGEST_S / _STEP_S) + 1)
_LEAST_CORRELATION = 0.5
_LEAST_EXPLAINED = 0.7
_LEAST_S = 3.0
_SMALL = (80, 60)
_STILL = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signal:
    """A motion as one device saw it: ``t_s: (T,)`` rising, ``values: (T, K)`` in any unit."""

    t_s: Floats
    values: Floats


@dataclass(frozen=True, slots=True)
class Latency:
    """By how much a device lags, and how alike the two signals are then: 1 is the same."""

    device: str
    latency_s: float
    correlation: float


def lag(device: str, first: Signal, later: Signal) -> Latency:
    """How much ``later`` lags ``first``, within half a second; InputError when they have no motion in common."""
    grid = np.arange(*_common(device, first, later), _STEP_S)
    a, b = _resampled(first, grid), _resampled(later, grid)
    return _best(device, [_likeness(a, b, int(shift)) for shift in _SHIFTS], _LEAST_CORRELATION)


def image_lag(device: str, joints: Signal, images: Signal) -> Latency:
    """How much ``images`` (see ``image_motion``) lag the joints' rates; InputError as for ``lag``."""
    start, end = _common(device, joints, images)
    inside = (images.t_s > start + _LONGEST_S) & (images.t_s < end - _LONGEST_S)
    t_s, change = images.t_s[inside], images.values[inside, 0]
    turning = Signal(joints.t_s, np.abs(joints.values))
    seen = [_explained(_resampled(turning, t_s - shift * _STEP_S), change) for shift in _SHIFTS]
    return _best(device, seen, _LEAST_EXPLAINED)


def _common(device: str, first: Signal, later: Signal) -> tuple[float, float]:
    """Start and end of what both saw."""
    start, end = max(first.t_s[0], later.t_s[0]), min(first.t_s[-1], later.t_s[-1])
    if end - start < _LEAST_S:
        raise InputError(f"The motion that {device} saw is too short; move the hand for ten seconds.")
    return float(start), float(end)


def _best(device: str, likeness: list[float], least: float) -> Latency:
    """The lag of the greatest likeness, between the steps by a parabola."""
    best = int(np.argmax(likeness))
    if likeness[best] < least or best in (0, len(_SHIFTS) - 1):
        raise InputError(
            f"What {device} saw does not follow the motion (correlation {likeness[best]:.2f}); move the hand fast and"
            " irregularly for ten seconds where the cameras see it, while nothing else moves."
        )
    before, peak, after = likeness[best - 1 : best + 2]
    vertex = 0.5 * (before - after) / min(before - 2.0 * peak + after, -_STILL)
    return Latency(device, float((_SHIFTS[best] + vertex) * _STEP_S), float(peak))


def _resampled(signal: Signal, grid: Floats) -> Floats:
    columns = [np.interp(grid, signal.t_s, column) for column in signal.values.T]
    return np.stack(columns, axis=1)


def _likeness(a: Floats, b: Floats, shift: int) -> float:
    """Pearson's correlation, over all columns, of ``a`` with ``b`` taken ``shift`` steps later."""
    n = len(a) - abs(shift)
    x, y = a[max(0, -shift) :][:n], b[max(0, shift) :][:n]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    size = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float((x * y).sum()) / size if size > _STILL else 0.0


def _explained(parts: Floats, whole: Floats) -> float:
    """The multiple correlation of ``whole: (T,)`` with the best sum of ``parts: (T, K)`` and a constant."""
    columns = np.column_stack([parts, np.ones(len(whole))])
    fitted, *_ = np.linalg.lstsq(columns, whole, rcond=None)
    rest, spread = whole - columns @ fitted, whole - whole.mean()
    return float(np.sqrt(max(0.0, 1.0 - (rest @ rest) / max(float(spread @ spread), _STILL))))


def rates(t_s: Floats, values: Floats) -> Signal:
    """How fast ``values: (T, K)`` change, at the middle of every step; steps of no time are left out."""
    dt = np.diff(t_s)
    kept = dt > 0.0
    middle = 0.5 * (t_s[1:] + t_s[:-1])
    return Signal(middle[kept], np.diff(values, axis=0)[kept] / dt[kept, None])


def image_motion(t_s: Floats, images: list[NDArray[np.uint8]]) -> Signal:
    """How fast ``images`` (``(H, W, 3) uint8`` each) change, at the middle between two: ``(T - 1, 1)``."""
    small = [_small(image) for image in images]
    change = [float(np.abs(b - a).mean()) for a, b in itertools.pairwise(small)]
    return Signal(0.5 * (t_s[1:] + t_s[:-1]), np.array(change)[:, None] / np.diff(t_s)[:, None])


def _small(image: NDArray[np.uint8]) -> Floats:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, _SMALL, interpolation=cv2.INTER_AREA), dtype=np.float64)


def measure(reader: EpisodeReader) -> list[Latency]:
    """The latency of every camera, of the arm, and of the gripper where it moved; InputError says what is amiss."""
    arrays = reader.arrays()
    start_ns = reader.start_ns
    t_s = (arrays["stamp_ns"] - start_ns) / NANOSECONDS
    joints = rates(t_s, arrays["q"])
    found = [lag("the arm", rates(t_s, arrays["sent_q"]), joints)]
    widths, sent = arrays["gripper_width_m"][:, None], arrays["sent_gripper_width_m"][:, None]
    if np.ptp(widths) > 0.01 and np.ptp(sent) > 0.01:
        found.append(lag("the gripper", rates(t_s, sent), rates(t_s, widths)))
    for role in reader.cameras:
        frames = range(reader.frame_count(role))
        stamps_s = (reader.stamps(role) - start_ns) / NANOSECONDS
        images = [reader.rgb(role, index) for index in frames]
        if len(images) > 1:
            found.append(image_lag(f"the {role} camera", joints, image_motion(stamps_s, images)))
    return found
