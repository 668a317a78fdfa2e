"""Reach, translation only: the box is moved about, the hand keeps its rotation (paper, section V-A)."""

from __future__ import annotations

from core.tasks import TaskInfo
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.reach import STARTS_T, ReachTask

INFO = TaskInfo(
    name="reach_t",
    title="Reach T",
    prompt="Bring the hand to the goal, without turning it.",
    time_limit_s=15.0,
    hold_s=1.0,
    disturbed_until="never: nothing pushes the box",
    judged="on every tick: the end effector within 1.2 cm of its place in the box's frame",
    stops="when that has held for one second, or after 15 s",
    camera="right",
    objects=(SUGAR_BOX.name,),
    starts=STARTS_T,
)


def build() -> ReachTask:
    """The task with its scene, judge and expert."""
    return ReachTask(INFO, (SUGAR_BOX,), rotation=False)
