"""Table I: nine representations on four simulated tasks."""

from __future__ import annotations

from core.policies.config import Network
from experiments.cells import Cell, Scale, shown, trials
from experiments.experiment import Experiment
from experiments.steps import Trials

METHODS = {
    "gt-3d": "Ground truth 3-D points",
    "gt-2d": "Ground truth 2-D coordinates",
    "ae": "Autoencoder, frozen",
    "ae-mask": "Autoencoder with mask, frozen",
    "ae-e2e": "Autoencoder, then end-to-end",
    "e2e": "End-to-end",
    "e2e-34": "End-to-end, 34-layer ResNet",
    "dd-2d": "Dense descriptors, 2-D",
    "dd-3d": "Dense descriptors, 3-D (RGBD)",
}
_TASKS = {
    "reach_t": ("Reach T", 200, "default", Network.MLP),
    "reach_tr": ("Reach T+R", 200, "default", Network.MLP),
    "push_box": ("Push box", 50, "default", Network.LSTM),
    "push_plate": ("Push plate", 100, "contact", Network.MLP),
}
TITLES = {task: title for task, (title, *_) in _TASKS.items()}
_PAPER = {
    "gt-3d": (100.0, 100.0, 100.0, 90.5),
    "gt-2d": (94.1, 95.6, 100.0, 92.0),
    "ae": (8.1, 61.1, 31.0, 53.0),
    "ae-mask": (16.3, 10.0, 73.0, 67.0),
    "ae-e2e": (40.7, 38.9, None, 16.0),
    "e2e": (43.0, 32.2, 100.0, 5.5),
    "e2e-34": (None, 3.3, None, None),
    "dd-2d": (94.1, 97.8, 100.0, 87.0),
    "dd-3d": (100.0, 100.0, None, 98.0),
}


def tried(method: str, task: str, scale: Scale, visuals: tuple[str, ...] = ()) -> tuple[Trials, ...]:
    """The trials of a method at a task as Table I has them, under visual variations besides."""
    _, episodes, recipe, network = _TASKS[task]
    demonstrations = shown(task, episodes, scale)
    return trials(demonstrations, method, scale, recipe=recipe, network=network, visuals=visuals)


def _cells(scale: Scale) -> tuple[Cell, ...]:
    return tuple(
        Cell(row, title, tried(method, task, scale), _PAPER[method][column])
        for column, (task, title) in enumerate(TITLES.items())
        for method, row in METHODS.items()
        if method != "e2e-34" or task == "reach_tr"
    )


TABLE1 = Experiment("Table I: success by representation and task", _cells)
