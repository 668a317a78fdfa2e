"""Joint speed and acceleration limits on what is sent to an arm whose own driver has none."""

from __future__ import annotations

import numpy as np

from robot.devices import Joints


class RateLimit:
    """Passes on what keeps the limits, one control period at a time, and follows what does not as fast as they allow.

    ``speed: (7,)`` rad/s, ``acceleration`` rad/s^2.
    """

    def __init__(self, speed: Joints, acceleration: float, period_s: float) -> None:
        self._speed, self._acceleration, self._period_s = speed, acceleration, period_s
        self.reset(np.zeros_like(speed))

    def reset(self, q: Joints) -> None:
        """Start at rest from ``q: (7,)``."""
        self._sent = self._wanted = np.array(q, dtype=np.float64)
        self._velocity = np.zeros_like(self._sent)

    def step(self, wanted: Joints) -> Joints:
        """What to send for ``wanted: (7,)``."""
        lag = self._wanted - self._sent
        catch_up = np.sign(lag) * np.minimum(self._braking_speed(np.abs(lag)), np.abs(lag) / self._period_s)
        target = (wanted - self._wanted) / self._period_s + catch_up
        change = self._acceleration * self._period_s
        velocity = self._velocity + np.clip(target - self._velocity, -change, change)
        self._velocity = np.clip(velocity, -self._speed, self._speed)
        self._wanted = np.array(wanted, dtype=np.float64)
        self._sent = self._sent + self._velocity * self._period_s
        return self._sent

    def _braking_speed(self, distance: Joints) -> Joints:
        """From which it comes to rest within ``distance``, in whole periods."""
        half = 0.5 * self._acceleration * self._period_s
        return np.asarray(np.sqrt(half * half + 2.0 * self._acceleration * distance) - half)
