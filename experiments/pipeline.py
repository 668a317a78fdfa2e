"""Carries out a graph of steps: what is ready is handed to workers, what is done is kept, what fails is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from core.clock import NANOSECONDS, monotonic_ns
from core.errors import ReticleError
from experiments.engine import Engine
from experiments.kinds import Doing, begun
from experiments.steps import Step, in_order
from experiments.store import Store
from robot.rig import RigConfig

_PATIENCE_S = 1.0
"""How long a wait lasts before a Ctrl-C is looked for."""


class Pipeline:
    """One run over a store. ``say`` gets a sentence about every step."""

    def __init__(self, store: Store, engine: Engine, rig: RigConfig, say: Callable[[str], None]) -> None:
        self._store, self._engine, self._rig, self._say = store, engine, rig, say
        self._under_way: dict[str, tuple[Step, Doing, int]] = {}
        self._handles: dict[Any, str] = {}
        self.failed: dict[str, str] = {}
        """Why, by key; what needs a failed step fails with it."""

    def run(self, wanted: tuple[Step, ...]) -> Iterator[Step]:
        """Do all that these need; yields every wanted step once it is done or known to fail."""
        waiting = in_order(wanted)
        asked = {step.key for step in wanted}
        try:
            while waiting or self._under_way:
                waiting, settled = self._hand_out(waiting)
                settled += self._collect()
                yield from (step for step in settled if step.key in asked)
        finally:
            for _, doing, _ in self._under_way.values():
                doing.drop()

    def _hand_out(self, waiting: list[Step]) -> tuple[list[Step], list[Step]]:
        """Begin what is ready; what still waits, and what is settled already."""
        later: list[Step] = []
        settled: list[Step] = []
        for step in waiting:
            lost = [needed for needed in step.needs if needed.key in self.failed]
            if self._store.done(step) is not None:
                settled.append(step)
            elif lost:
                self.failed[step.key] = self.failed[lost[0].key]
                settled.append(step)
            elif all(self._store.done(needed) is not None for needed in step.needs):
                settled += self._begin(step)
            else:
                later.append(step)
        return later, settled

    def _begin(self, step: Step) -> list[Step]:
        self._say(f"Begins: {step.words}")
        began_ns = monotonic_ns()
        try:
            doing = begun(step, self._store, self._rig)
        except ReticleError as error:
            self._fail(step, str(error))
            return [step]
        self._under_way[step.key] = (step, doing, began_ns)
        for work, given in doing.pieces:
            self._handles[self._engine.submit(work, *given)] = step.key
        return [] if doing.pieces else self._end(step.key)

    def _collect(self) -> list[Step]:
        """Take what workers finished; the steps that this settles."""
        if not self._handles:
            return []
        settled: list[Step] = []
        for handle in self._engine.wait(list(self._handles), _PATIENCE_S):
            key = self._handles.pop(handle)
            if key not in self._under_way:
                continue
            step, doing, _ = self._under_way[key]
            try:
                doing.take(self._engine.result(handle))
            except ReticleError as error:
                doing.drop()
                del self._under_way[key]
                self._fail(step, str(error))
                settled.append(step)
                continue
            if key not in self._handles.values():
                settled += self._end(key)
        return settled

    def _end(self, key: str) -> list[Step]:
        step, doing, began_ns = self._under_way.pop(key)
        done = self._store.keep(step, doing.end(), (monotonic_ns() - began_ns) / NANOSECONDS)
        self._say(f"Done in {done.wall_s:.0f} s: {step.words}")
        return [step]

    def _fail(self, step: Step, reason: str) -> None:
        self.failed[step.key] = reason
        self._say(f"Failed: {step.words}: {reason}")
