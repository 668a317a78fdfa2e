"""Table II: noise or none on the observed hand, 30 and 200 demonstrations of Reach T + R.

By the recipe that measures best, and by the paper's schedule with the setpoint a second ahead and no dropout, where the
contrast that the paper reports appears (docs/decisions/0033).
"""

from __future__ import annotations

import msgspec

from core.policies.config import NO_NOISE, Network, preset
from experiments.cells import Cell, Scale, shown, trials
from experiments.experiment import Experiment

_METHODS = {"gt-2d": "GT-2D", "dd-2d": "DD-2D"}
_PAPER = {
    ("GT-2D", 30): (5.6, 73.3),
    ("DD-2D", 30): (1.1, 73.3),
    ("GT-2D", 200): (5.6, 95.6),
    ("DD-2D", 200): (3.4, 97.8),
}
_NOISES = ("no noise", "with noise")
_RECIPES = {"default": "", "paper": ", paper's schedule"}


def _cells(scale: Scale) -> tuple[Cell, ...]:
    found = []
    for episodes in (30, 200):
        demonstrations = shown("reach_tr", episodes, scale)
        for representation, method in _METHODS.items():
            for recipe, suffix in _RECIPES.items():
                for place, noise in enumerate(_NOISES):
                    changes = _changes(recipe) | ({} if place else {"noise": NO_NOISE})
                    tried = trials(demonstrations, representation, scale, recipe=recipe, changes=changes)
                    paper = _PAPER[method, episodes][place]
                    found.append(Cell(noise + suffix, f"{method}, {episodes} demonstrations", tried, paper))
    return tuple(found)


def _changes(recipe: str) -> dict[str, object]:
    if recipe != "paper":
        return {}
    network = msgspec.structs.replace(preset(recipe, Network.MLP).network, dropout=0.0)
    return {"network": network, "look_ahead_s": 1.0}


TABLE2 = Experiment(
    "Table II: noise on the observed hand, and how many demonstrations",
    _cells,
    tuple(
        (
            f"{_NOISES[1]}{suffix}, {method}, {episodes} demonstrations",
            f"{_NOISES[0]}{suffix}, {method}, {episodes} demonstrations",
        )
        for suffix in _RECIPES.values()
        for method in _METHODS.values()
        for episodes in (30, 200)
    ),
)
