"""What trials came to: one small file for each policy, which every table and figure that asks for it is made of."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.clock import utc_iso, utc_ns
from core.machine import machine_words
from core.platform import replace_file
from experiments.steps import Trials, Tried
from experiments.store import Done


class Measured(msgspec.Struct, frozen=True):
    """``words``: what was tried; ``steps`` of its training; ``wall_s`` of all trials together."""

    words: str
    steps: int
    machine: str
    finished: str
    wall_s: float
    tried: Tried

    @property
    def successes(self) -> dict[int, bool]:
        """By seed."""
        return {trial.seed: bool(trial.success) for trial in self.tried.trials}


class Measurements:
    """A folder of such files, named by what was tried and its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, step: Trials) -> Measured | None:
        """None when it is not measured yet."""
        try:
            return msgspec.json.decode(self.path(step).read_bytes(), type=Measured)
        except (OSError, msgspec.MsgspecError):
            return None

    def keep(self, step: Trials, done: Done) -> None:
        """Write down what came of trials, with this machine and today's date."""
        measured = Measured(
            words=step.words,
            steps=step.policy.config.steps,
            machine=machine_words(),
            finished=utc_iso(utc_ns())[:10],
            wall_s=done.wall_s,
            tried=msgspec.convert(done.result, Tried),
        )
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_file(self.path(step), msgspec.json.encode(measured) + b"\n")

    def path(self, step: Trials) -> Path:
        policy = step.policy
        what = (policy.demonstrations.task, str(policy.demonstrations.episodes), policy.config.representation)
        return self._folder / f"{'-'.join((*what, policy.config.network.kind, step.key))}.json"
