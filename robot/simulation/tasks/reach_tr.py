"""Reach, translation and rotation: the box is moved and turned, the hand follows both (paper, section V-A)."""

from __future__ import annotations

from core.tasks import TaskInfo
from robot.simulation.objects.sugar_box import SUGAR_BOX
from robot.simulation.reach import STARTS_TR, ReachTask

INFO = TaskInfo(
    name="reach_tr",
    title="Reach T + R",
    prompt="Bring the hand to the goal, turned like it.",
    time_limit_s=15.0,
    hold_s=1.0,
    disturbed_until="never: nothing pushes the box",
    judged="on every tick: the end effector within 1.2 cm and 2 degrees of its pose in the box's frame",
    stops="when that has held for one second, or after 15 s",
    camera="right",
    objects=(SUGAR_BOX.name,),
    starts=STARTS_TR,
)


def build() -> ReachTask:
    """The task with its scene, judge and expert."""
    return ReachTask(INFO, (SUGAR_BOX,), rotation=True)
