"""The simulated tasks, one file each."""

from core.registry import Registry
from core.tasks import TaskInfo

TASKS = Registry("robot.simulation.tasks", "task")


def task_infos() -> dict[str, TaskInfo]:
    """What a person needs to know of every task, by name."""
    return {name: entry.info for name, entry in TASKS.entries().items() if entry.info is not None}
