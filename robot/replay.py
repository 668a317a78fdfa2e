"""Replays a recorded episode's setpoints through the same control loop and safety as a hand on the mouse.

The first pose is approached in a straight line at half the speed limit; from there the setpoints follow their own
stamps. Nothing is replayed faster than the limits allow: the governor lags instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.clock import NANOSECONDS, Clock
from core.errors import InputError
from core.geometry import SE3
from core.messages import Setpoint, Source

SETTLE_S = 0.5
STUCK_S = 2.0
ARRIVAL_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Poses and gripper widths over time: ``times_s: (N,)``, ``X_WE: (N, 7)``, ``gripper_width_m: (N,)``."""

    times_s: NDArray[np.float64]
    X_WE: NDArray[np.float64]
    gripper_width_m: NDArray[np.float64]

    @staticmethod
    def recorded(arrays: Mapping[str, NDArray[Any]], rate_hz: float = 50.0) -> Trajectory:
        """What an episode sent to the arm (``EpisodeReader.arrays``), thinned to ``rate_hz``; InputError when empty."""
        valid = np.flatnonzero(np.isfinite(arrays["sent_X_WE"]).all(axis=1))
        if len(valid) < 2:
            raise InputError("This episode holds no setpoints to replay; choose another one.")
        times_s = (arrays["stamp_ns"][valid] - arrays["stamp_ns"][valid[0]]) / NANOSECONDS
        last = int(times_s[-1] * rate_hz)
        indices = np.append(np.searchsorted(times_s, np.arange(last + 1) / rate_hz), len(valid) - 1)
        chosen = valid[np.unique(indices.clip(max=len(valid) - 1))]
        times_s = (arrays["stamp_ns"][chosen] - arrays["stamp_ns"][chosen[0]]) / NANOSECONDS
        return Trajectory(times_s, arrays["sent_X_WE"][chosen], arrays["sent_gripper_width_m"][chosen])

    @staticmethod
    def straight(start: SE3, end: SE3, gripper_width_m: float, speed_m_s: float, speed_rad_s: float) -> Trajectory:
        """A straight line with slerp at constant speed."""
        distance, angle = start.distance(end)
        duration_s = max(distance / speed_m_s, angle / speed_rad_s, 0.01)
        times_s = np.linspace(0.0, duration_s, max(2, int(duration_s * 50)))
        poses = [start.interpolate(end, time_s / duration_s).as_array() for time_s in times_s]
        return Trajectory(times_s, np.asarray(poses), np.full(len(times_s), gripper_width_m))

    def after(self, other: Trajectory) -> Trajectory:
        """``other`` first, a moment to settle, then this one."""
        times_s = np.concatenate([other.times_s, other.times_s[-1] + SETTLE_S + self.times_s - self.times_s[0]])
        return Trajectory(
            times_s,
            np.concatenate([other.X_WE, self.X_WE]),
            np.concatenate([other.gripper_width_m, self.gripper_width_m]),
        )

    def sample(self, time_s: float) -> tuple[SE3, float]:
        """The pose and width at a time, interpolated, clamped at both ends."""
        index = int(np.clip(np.searchsorted(self.times_s, time_s), 1, len(self.times_s) - 1))
        start_s, end_s = self.times_s[index - 1], self.times_s[index]
        fraction = float(np.clip((time_s - start_s) / max(end_s - start_s, 1e-9), 0.0, 1.0))
        pose = SE3.from_array(self.X_WE[index - 1]).interpolate(SE3.from_array(self.X_WE[index]), fraction)
        width = (1.0 - fraction) * self.gripper_width_m[index - 1] + fraction * self.gripper_width_m[index]
        return pose, float(width)


class MeasuredArm(Protocol):
    """What the control loop knows of where the arm really is."""

    @property
    def standstill(self) -> bool: ...
    def stands_at(self, X_WE: SE3) -> bool: ...


class TrajectorySource:
    """A setpoint source that plays a trajectory on a clock and then holds its last pose.

    It is ``finished`` once the arm stands there (``arrived``); or when, after the trajectory's end, it has stood
    elsewhere for ``STUCK_S`` or not come to rest within ``ARRIVAL_LIMIT_S``.
    """

    def __init__(
        self,
        trajectory: Trajectory,
        clock: Clock,
        source: Source,
        lease: int,
        arm: MeasuredArm,
        speed: float = 1.0,
    ) -> None:
        self._trajectory, self._clock = trajectory, clock
        self._source, self._lease, self._speed = source, lease, speed
        self._arm = arm
        self._start_ns = clock.now_ns()
        self._moved_s = 0.0
        self._duration_s = float(trajectory.times_s[-1]) / speed
        self._sequence = 0
        self.goal = SE3.from_array(trajectory.X_WE[-1])

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began to play."""
        return (self._clock.now_ns() - self._start_ns) / NANOSECONDS

    @property
    def arrived(self) -> bool:
        return self.elapsed_s >= self._duration_s and self._arm.stands_at(self.goal)

    @property
    def finished(self) -> bool:
        late_s = self.elapsed_s - self._duration_s
        return self.arrived or min(late_s, self.elapsed_s - self._moved_s) > STUCK_S or late_s > ARRIVAL_LIMIT_S

    def take(self) -> Setpoint:
        """The setpoint of now, stamped with the time it is for; to be asked for on every tick."""
        now_ns = self._clock.now_ns()
        elapsed_s = (now_ns - self._start_ns) / NANOSECONDS
        if not self._arm.standstill:
            self._moved_s = elapsed_s
        pose, width = self._trajectory.sample(elapsed_s * self._speed)
        self._sequence += 1
        return Setpoint(self._source, self._lease, self._sequence, now_ns, 0, pose.as_tuple(), width)
