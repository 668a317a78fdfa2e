"""What any rig needs to know of a task: its name, its prompt, its time limit and its labels."""

from __future__ import annotations

import msgspec

USUAL_CAMERA = "right"
"""Role of the camera that sees a task well, unless it says another one."""


class StartRange(msgspec.Struct, frozen=True):
    """Where the object of a task begins: x and y (m) and heading (rad), each from one end to the other.

    Equal ends: it does not vary, or says nothing, as the heading of a plate.
    """

    object: str
    x_m: tuple[float, float]
    y_m: tuple[float, float]
    yaw_rad: tuple[float, float]


class TaskInfo(msgspec.Struct, frozen=True):
    """A task as a person sees it. Simulation adds scene, resets, expert and judge in robot/simulation/tasks.

    ``time_limit_s`` is when an attempt ends, ``hold_s`` for how long success must hold, ``disturbed_until`` and
    ``judged`` say in words until where disturbances act and when success is judged. ``goal_lines_W``: polylines in the
    world frame (m) that show a person where things should go. ``starts``: where its object begins, if it has one.
    """

    name: str
    title: str
    prompt: str
    time_limit_s: float
    hold_s: float
    disturbed_until: str
    judged: str
    stops: str
    camera: str = USUAL_CAMERA
    objects: tuple[str, ...] = ()
    goal_lines_W: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    starts: StartRange | None = None
