"""The simulated tasks, one file each."""

from core.registry import Registry

TASKS = Registry("robot.simulation.tasks", "task")
