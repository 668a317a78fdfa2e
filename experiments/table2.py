"""Table II: noise or none on the observed hand, 30 and 200 demonstrations of Reach T + R.

By the recipe that measures best, and by the paper's schedule with the setpoint a second ahead and no dropout, where the
contrast that the paper reports appears (docs/decisions/0033).
"""

from __future__ import annotations

from itertools import product

import msgspec

from core.policies.config import NO_NOISE, Network, preset
from experiments.cells import Cell, Scale, shown, trials
from experiments.experiment import Experiment
from experiments.steps import Trials

METHODS = {"gt-2d": "GT-2D", "dd-2d": "DD-2D"}
EPISODES = (30, 200)
_PAPER = {
    ("gt-2d", 30): (5.6, 73.3),
    ("dd-2d", 30): (1.1, 73.3),
    ("gt-2d", 200): (5.6, 95.6),
    ("dd-2d", 200): (3.4, 97.8),
}
_NOISES = ("no noise", "with noise")
RECIPES = {"default": "", "paper": ", paper's schedule"}


def tried(method: str, episodes: int, recipe: str, noise: bool, scale: Scale) -> tuple[Trials, ...]:
    """The trials of a method after so many demonstrations."""
    changes = _changes(recipe) | ({} if noise else {"noise": NO_NOISE})
    return trials(shown("reach_tr", episodes, scale), method, scale, recipe=recipe, changes=changes)


def _changes(recipe: str) -> dict[str, object]:
    if recipe != "paper":
        return {}
    network = msgspec.structs.replace(preset(recipe, Network.MLP).network, dropout=0.0)
    return {"network": network, "look_ahead_s": 1.0}


def _cells(scale: Scale) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            _NOISES[noise] + suffix,
            f"{title}, {episodes} demonstrations",
            tried(method, episodes, recipe, noise, scale),
            _PAPER[method, episodes][noise],
        )
        for episodes in EPISODES
        for method, title in METHODS.items()
        for recipe, suffix in RECIPES.items()
        for noise in (False, True)
    )


TABLE2 = Experiment(
    "Table II: noise on the observed hand, and how many demonstrations",
    _cells,
    tuple(
        (
            f"{_NOISES[True]}{suffix}, {method}, {episodes} demonstrations",
            f"{_NOISES[False]}{suffix}, {method}, {episodes} demonstrations",
        )
        for suffix, method, episodes in product(RECIPES.values(), METHODS.values(), EPISODES)
    ),
)
