"""A table of the paper: its cells, what each needs, and what the paper found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from core.correspondence.config import TrainingConfig
from core.correspondence.config import preset as descriptor_preset
from core.policies.config import Mode, Network, PolicyConfig, preset
from core.representations import REPRESENTATIONS
from experiments.steps import Demonstrations, Descriptors, Policy, Trials


class Scale(StrEnum):
    """How much is spent: a test of the machinery, hours on two cores, the paper's sizes on a GPU."""

    SMOKE = "smoke"
    LAPTOP = "laptop"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a scale means. ``steps`` of a policy that learns from what was looked at once, ``seeing_steps`` of one that
    learns to see, None: the preset's. ``share`` of the demonstrations, two at least; ``seeds`` repeats every cell."""

    descriptors: TrainingConfig
    rate_hz: float
    trials: int
    seeds: int
    share: float
    steps: int | None
    seeing_steps: int | None
    mode: Mode


_LAPTOP_DESCRIPTORS = msgspec.structs.replace(descriptor_preset("laptop"), minutes=0.0, steps=1500)
_SMOKE_DESCRIPTORS = msgspec.structs.replace(
    descriptor_preset("laptop"), minutes=0.0, steps=2, batch_pairs=1, moments=2, crop=96, weights="none"
)
SIZES = {
    Scale.SMOKE: Sizes(_SMOKE_DESCRIPTORS, 5.0, 2, 1, 0.015, 8, 2, Mode.FIXED),
    Scale.LAPTOP: Sizes(_LAPTOP_DESCRIPTORS, 10.0, 100, 1, 1.0, None, 1500, Mode.FIXED),
    Scale.PAPER: Sizes(descriptor_preset("paper"), 30.0, 100, 3, 1.0, None, None, Mode.SET),
}
CAMERAS = ("right", "left")


class Cell(msgspec.Struct, frozen=True):
    """One figure of a table: the share of trials that succeed, of one policy for each seed of the training.

    ``paper``: what the paper has there, percent.
    """

    row: str
    column: str
    trials: tuple[Trials, ...]
    paper: float | None = None

    @property
    def name(self) -> str:
        return f"{self.row}, {self.column}"


def shown(task: str, episodes: int, scale: Scale) -> Demonstrations:
    """Demonstrations of a task, seen by both fixed cameras."""
    sizes = SIZES[scale]
    return Demonstrations(task, max(2, round(sizes.share * episodes)), CAMERAS, sizes.rate_hz)


def trials(
    demonstrations: Demonstrations,
    representation: str,
    scale: Scale,
    *,
    recipe: str = "default",
    network: Network = Network.MLP,
    visuals: tuple[str, ...] = (),
    changes: Mapping[str, object] = {},
) -> tuple[Trials, ...]:
    """Trials of policies that learn from these demonstrations, by a preset and changes to it; one for each seed."""
    sizes, info = SIZES[scale], REPRESENTATIONS.get(representation).info
    mode = sizes.mode if info.descriptors else Mode.FIXED
    learns_to_see = info.learns_to_see(mode)
    config: PolicyConfig = preset(recipe, network, learns_to_see=learns_to_see)
    steps = sizes.seeing_steps if learns_to_see else sizes.steps
    given = {"representation": representation, "mode": mode, **changes}
    config = msgspec.structs.replace(config, **given | ({} if steps is None else {"steps": steps}))

    def learned(seed: int) -> Policy:
        seen = Descriptors(demonstrations, msgspec.structs.replace(sizes.descriptors, seed=seed))
        seeded = msgspec.structs.replace(config, seed=seed)
        return Policy(demonstrations, seeded, seen if info.descriptors else None)

    return tuple(Trials(learned(seed), sizes.trials, visuals) for seed in range(sizes.seeds))
