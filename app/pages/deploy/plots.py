"""The last twenty seconds of what a policy sees and wants, and how long it takes."""

from __future__ import annotations

import numpy as np

from app.views.traces import LivePlots, PlotSpec
from core.clock import NANOSECONDS
from core.geometry import SE3
from core.messages import Step
from robot.policies.runner_messages import PolicyInsight

_NAMED = 8
"""With more values than this, a legend would be longer than its plot is wide."""
_COLOURS = 7
_HAND = PlotSpec("Action: hand to go, mm", ("x", "y", "z"), (False,) * 3, (0, 1, 2))
_GRIPPER = PlotSpec("Gripper, mm", ("width", ""), (False, True), (0, 0), (0.0, 115.0))
_LATENCY = PlotSpec("Latency, ms", ("in all", "acting"), (False, False), (0, 1))


class InsightPlots(LivePlots):
    """z, action and latency of a policy."""

    def __init__(self) -> None:
        self._values = 0
        super().__init__((_z_lines(0), _HAND, _GRIPPER, _LATENCY))

    def append(self, insight: PolicyInsight, step: Step | None) -> None:
        """``step``: the newest control step, from which the hand has to go where the policy wants it."""
        if len(insight.z) != self._values:
            self._values = len(insight.z)
            self.show_lines(0, _z_lines(self._values))
        to_go, width_m = np.full(3, np.nan), np.nan
        if step is not None:
            to_go = 1000.0 * (SE3.from_array(insight.X_WE).p - step.state.pose.p)
            width_m = step.state.gripper_width_m
        gripper = 1000.0 * np.array([width_m, insight.gripper_width_m])
        latency = np.array([insight.latency_ms, insight.acting_ms])
        self.add(insight.stamp_ns / NANOSECONDS, [np.array(insight.z), to_go, gripper, latency])


def _z_lines(values: int) -> PlotSpec:
    few = values <= _NAMED
    names = tuple(f"z{i + 1}" if few else "" for i in range(values))
    colours = tuple(i % _COLOURS for i in range(values))
    return PlotSpec("z" if few else f"z, {values} values", names, (False,) * values, colours)
